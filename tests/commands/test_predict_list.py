"""``predict-list`` on synthetic studies, with the smallest network."""

import csv
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.exports import DATES, OTHER, PATIENT, study_series, write_export, zip_folder
from helpers.tiny_checkpoint import opinion_checkpoint, save_tiny_checkpoint

from csfnet_bundle.commands import main
from csfnet_bundle.evaluation.decision import Decision
from csfnet_bundle.prediction import request
from csfnet_bundle.prediction.checkpoint import PAIR_CAVEAT, load_checkpoint
from csfnet_bundle.prediction.predictor import Predictor

HEADER = "export,patient,nodule,point1,point0,space,age\n"
ROUNDING = 1e-6
"""The band comes from batches of float32, the probability from one pair alone."""
POINT = '"-4,45,-140","-4,45,-140",LPS'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of two patients with two studies each, as folder and as .zip, and weights."""
    folder = tmp_path_factory.mktemp("list")
    series = [study_series(date, patient) for patient in (PATIENT, OTHER) for date in DATES]
    zip_folder(write_export(folder / "cd", *series), folder / "cd.zip")
    save_tiny_checkpoint(folder / "tiny.pt")
    return folder


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The nodules that were predicted, not taken from an earlier run."""
    names: list[str] = []
    predict = Predictor.predict

    def counted(self: Predictor, *arguments: Any, **options: Any) -> object:
        made = predict(self, *arguments, **options)
        names.append(made.pair.name)
        return made

    monkeypatch.setattr(Predictor, "predict", counted)
    return names


def _run(folder: Path, rows: list[str], out: Path, *more: str) -> int:
    (folder / "pairs.csv").write_text(HEADER + "\n".join(rows) + "\n")
    words = [f"--checkpoint={folder / 'tiny.pt'}", "--no_check", "--no_measure", *more]
    return main(["predict-list", str(folder / "pairs.csv"), "--out", str(out), *words])


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_rows_bad_rows_and_a_second_run(
    folder: Path, tmp_path: Path, computed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    rows = [
        f"cd,{PATIENT},1,{POINT},63",
        f"cd.zip,{OTHER},a,{POINT},",
        f"cd,{PATIENT},1,{POINT},200",  # no such age
        f'cd,{PATIENT},3,"900,0,0",,LPS,',  # out of the scan
        f"cd,,4,{POINT},",  # two patients
        f'cd,{PATIENT},1,"-4,45,-141","-4,45,-140",LPS,',  # the name of the first
    ]
    assert _run(folder, rows, out, "--timings") == 1
    told = capsys.readouterr()
    for words in (
        "left out: row 4: age = '200' is none of its values: a number of years",
        "left out: .*row 5",
        "POINT_OUTSIDE",
        "left out: row 6, .*cd: CT studies of 2 patients. Name one by --patient",
        "left out: row 7: nodule '1' of patient '100012' is that of row 2 too. Give each nodule",
    ):
        assert re.search(words, told.err), words
    assert "2 of 6 pairs predicted, 0 of them before" in told.out
    assert re.search(r"processor time, network +\d", told.out)
    done = _rows(out / "predictions.csv")
    assert [(row["row"], row["subject"], row["nodule"]) for row in done] == [("2", PATIENT, "1"), ("3", OTHER, "a")]
    first = done[0]
    low, probability, high = (
        float(first[name]) for name in ("probability_clicks_lowest", "probability", "probability_clicks_highest")
    )
    assert low - ROUNDING <= probability <= high + ROUNDING
    assert first["class"] == ("malignant" if probability >= float(first["threshold"]) else "benign")
    assert (first["t0_date"], first["t1_date"], first["interval_days"]) == (*DATES, "367.0")
    assert (first["t1_x_lps"], first["t0_point"]) == ("-4.0", "given")
    assert len(first["weights_sha256"]) == 64
    assert "Age: 63 years" in first["clinical"]
    failed = _rows(out / "failed.csv")
    assert [row["row"] for row in failed] == ["4", "5", "6", "7"]
    assert (failed[1]["code"], failed[1]["given_point1"]) == ("POINT_OUTSIDE", "900,0,0")
    assert failed[1]["place"] == f"pair {PATIENT}/3"
    index = (out / "index.html").read_text()
    for row in done:
        assert (out / row["page"]).is_file()
        assert f'href="{row["page"]}"' in index
    assert "row 4" in index
    record = (out / "cases" / f"{OTHER}_a" / "datalist.json").read_text()
    assert str(folder / "cd.zip") in record

    computed.clear()
    rows[2:] = [f"cd,{PATIENT},2,{POINT},64"]
    assert _run(folder, rows, out) == 0
    assert computed == [f"{PATIENT}/2"]
    assert not (out / "failed.csv").exists()
    assert "3 of 3 pairs predicted, 2 of them before" in capsys.readouterr().out
    assert _rows(out / "predictions.csv")[:2] == done
    page = (out / "cases" / f"{PATIENT}_all.html").read_text()
    assert f"2 nodules of patient {PATIENT}" in page
    assert all(f'<article id="nodule_{nodule}">' in page for nodule in (1, 2))
    assert f'href="cases/{PATIENT}_all.html"' in (out / "index.html").read_text()

    assert _run(folder, rows[:1], out) == 0  # one nodule of the patient is left: no page of all
    assert not list((out / "cases").glob("*.html"))


def test_what_changed_is_predicted_again(folder: Path, tmp_path: Path, computed: list[str]) -> None:
    out, rows = tmp_path / "out", [f"cd,{PATIENT},1,{POINT},63"]
    for change, expected in (
        (lambda: None, 1),
        (lambda: None, 0),
        (lambda: rows.__setitem__(0, f"cd,{PATIENT},1,{POINT},64"), 1),
        (lambda: _sharper(folder / "tiny.pt"), 1),
        (lambda: (out / "cases" / f"{PATIENT}_1" / "result.json").write_text("{"), 1),
        (lambda: (folder / "cd" / "note.txt").write_text("x"), 1),
    ):
        computed.clear()
        change()
        assert _run(folder, rows, out) == 0
        assert len(computed) == expected, change


def test_what_is_not_calibrated_says_so_in_table_and_index(folder: Path, tmp_path: Path) -> None:
    opinion_checkpoint().save(tmp_path / "opinion.pt")
    (tmp_path / "pairs.csv").write_text(HEADER + f"{folder / 'cd'},{PATIENT},1,{POINT},63\n")
    options = [f"--checkpoint={tmp_path / 'opinion.pt'}", "--no_check", "--no_measure"]
    assert main(["predict-list", str(tmp_path / "pairs.csv"), "--out", str(tmp_path / "out"), *options]) == 0
    assert _rows(tmp_path / "out" / "predictions.csv")[0]["caveat"] == PAIR_CAVEAT
    assert f"Rows with two scans: {PAIR_CAVEAT}" in (tmp_path / "out" / "index.html").read_text()


def test_interrupted_it_keeps_what_is_finished(
    folder: Path, tmp_path: Path, computed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    rows = [f"cd,{PATIENT},1,{POINT},63", f"cd.zip,{OTHER},1,{POINT},63"]
    predicted = request.predicted
    monkeypatch.setattr("csfnet_bundle.prediction.list_run.predicted", _interrupting(predicted))
    assert _run(folder, rows, out) == 130
    assert [row["row"] for row in _rows(out / "predictions.csv")] == ["2"]
    assert "1 rows are not predicted yet" in (out / "index.html").read_text()
    monkeypatch.setattr("csfnet_bundle.prediction.list_run.predicted", predicted)
    computed.clear()
    assert _run(folder, rows, out) == 0
    assert computed == [f"{OTHER}/1"]


def _sharper(path: Path) -> None:
    """Change the description of the weights alone."""
    checkpoint = load_checkpoint(path)
    replace(checkpoint, decision=Decision(temperature=0.5, threshold=0.4)).save(path)


def _interrupting(predicted: Any) -> Any:
    calls: list[object] = []

    def second_is_interrupted(*arguments: Any, **options: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return predicted(*arguments, **options)

    return second_is_interrupted


def test_a_folder_of_other_files_is_left_alone(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert _run(folder, [f"cd,{PATIENT},1,{POINT},"], tmp_path) == 1
    assert "holds other files" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
