"""Records of a datalist as ``check`` judges them: each is usable or named with its reason."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from helpers.check_report import report
from helpers.synthetic_series import landmarks_lps, make_affine, make_series, pixels, write_series

from csfnet_bundle.commands import main
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.records import Datalist, FollowUpPair, Scan, save_datalist

Output = pytest.CaptureFixture[str]
POINT = Point(tuple(landmarks_lps(make_affine())[0].tolist()), Space.LPS)


def make_cohort(folder: Path, **change: Callable[[FollowUpPair], FollowUpPair] | object) -> Path:
    """A datalist of one DICOM pair; ``change`` replaces fields of its record."""
    write_series(folder / "t0", make_series())
    write_series(folder / "t1", make_series(seed="1", StudyDate="20000102"))
    fields: dict[str, object] = {
        "subject": "100012",
        "nodule": "1",
        "t0": Scan("t0", POINT, date="19990102"),
        "t1": Scan("t1", POINT, date="20000102"),
        "label": 0,
        "clinical": {"age": 61},
        **change,
    }
    save_datalist(Datalist(folder, {"training": (FollowUpPair(**fields),)}))  # type: ignore[arg-type]
    return folder


def test_a_good_datalist_can_be_used(tmp_path: Path, capsys: Output) -> None:
    make_cohort(tmp_path)
    status, document = report(tmp_path, capsys)
    assert (status, document["kind"]) == (0, "datalist")
    (record,) = document["records"]
    assert (record["name"], record["section"], record["usable"]) == ("100012/1", "training", True)
    assert [scan["date"] for scan in record["scans"].values()] == ["19990102", "20000102"]
    assert report(tmp_path / "datalist.json", capsys, "--pixels")[0] == 0
    assert main(["check", str(tmp_path)]) == 0
    assert "1 of 1 records can be used" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"t0": Scan("absent", POINT)}, "record", "does not exist"),
        ({"subject": "100013"}, "PAIR_MISMATCH", "100013"),
        ({"t0": Scan("t0", POINT, date="19990103")}, "PAIR_MISMATCH", "dated"),
        ({"t0": Scan("t1", POINT), "t1": Scan("t0", POINT)}, "PAIR_MISMATCH", "not before"),
        ({"t0": Scan("t1", POINT)}, "PAIR_MISMATCH", "same"),
        ({"t0": None}, "NO_PRIOR", "t0"),
        ({"t1": Scan("t1", Point((500, 0, 0), Space.LPS))}, "POINT_OUTSIDE", "t1"),
        ({"t1": Scan("t1", POINT, series_uid="1.2.3")}, "SERIES_NOT_FOUND", "1.2.3"),
        ({"clinical": {"age": "old"}}, "record", "old"),
    ],
    ids=lambda value: str(value)[:40] if not isinstance(value, dict) else "",
)
def test_a_bad_record_is_named(
    change: Mapping[str, object], code: str, words: str, tmp_path: Path, capsys: Output
) -> None:
    make_cohort(tmp_path, **change)
    status, document = report(tmp_path, capsys)
    assert status == 1
    assert document["refused"] == {code: 1}
    assert words in document["records"][0]["why"]
    assert main(["check", str(tmp_path)]) == 1
    assert code in capsys.readouterr().out or code == "record"


def test_a_one_scan_record_can_be_asked_for(tmp_path: Path, capsys: Output) -> None:
    make_cohort(tmp_path, t0=None)
    assert report(tmp_path, capsys, "--one_scan")[0] == 0


def test_a_gap_outside_the_roi_leaves_the_record_usable(tmp_path: Path, capsys: Output) -> None:
    make_cohort(tmp_path)
    affine = make_affine()
    long = make_series(affine, (44, 36, 40), seed="1", StudyDate="20000102", marks=landmarks_lps(affine))
    for file in (tmp_path / "t1").iterdir():
        file.unlink()
    write_series(tmp_path / "t1", [*long[:30], *long[32:]])
    assert report(tmp_path, capsys)[0] == 0
    assert report(tmp_path / "t1", capsys)[1]["refused"] == {"SLICE_GAP": 1}


def test_files_that_changed_since_the_last_check_are_read_again(tmp_path: Path, capsys: Output) -> None:
    """In one process, as a notebook does it."""
    make_cohort(tmp_path)
    assert report(tmp_path, capsys)[0] == 0
    for file in sorted((tmp_path / "t1").iterdir())[2:]:
        file.unlink()
    assert report(tmp_path, capsys)[1]["refused"] == {"TOO_FEW_SLICES": 1}


def test_pixels_of_a_datalist_are_read(tmp_path: Path, capsys: Output) -> None:
    make_cohort(tmp_path)
    grey = make_series(seed="1", StudyDate="20000102", intercept=0.0)
    for data in grey:
        data.PixelData = (pixels(data) // 4 + 300).tobytes()
    write_series(tmp_path / "t1", grey)
    assert report(tmp_path, capsys)[0] == 0
    assert report(tmp_path, capsys, "--pixels")[1]["refused"] == {"NOT_HU": 1}


def test_a_datalist_of_other_files_is_checked_too(small_cohort: Path, capsys: Output) -> None:
    status, document = report(small_cohort, capsys)
    assert status == 0
    assert len(document["records"]) == 34
    assert all(scan["spacing_mm"] == [1, 1, 1] for item in document["records"] for scan in item["scans"].values())


def test_a_datalist_that_is_none_is_told_in_json(tmp_path: Path, capsys: Output) -> None:
    (tmp_path / "datalist.json").write_text('{"training": [')
    status, document = report(tmp_path, capsys)
    assert status == 1
    assert "not JSON" in document["summary"][0]


def test_every_problem_of_a_datalist_is_told_at_once(tmp_path: Path, capsys: Output) -> None:
    make_cohort(tmp_path)
    file = tmp_path / "datalist.json"
    document = json.loads(file.read_text())
    (record,) = document["training"]
    document["training"] = [
        {**record, "label": 2},
        {**record, "nodule": "2", "t0": {**record["t0"], "date": "20010102"}},
        {**record, "nodule": "3"},
    ]
    document["test"] = [{**record, "nodule": "4"}]
    file.write_text(json.dumps(document))
    status, found = report(tmp_path, capsys)
    assert status == 1
    problems = [problem["why"] for problem in found["problems"]]
    assert all(words in problem for words, problem in zip(("label is 2", "earlier", "one list"), problems, strict=True))
    assert all(problem in "".join(found["summary"]) for problem in problems)
    assert "100012/1" in problems[0]
    assert "100012/2" in problems[1]


def test_pixels_tell_what_speaks_against_the_points_of_a_datalist(tmp_path: Path, capsys: Output) -> None:
    """t1's point lies in lung without a nodule; headers alone cannot tell."""
    from helpers.whole_chest import make_whole_chest, write_nifti

    nodule = (-62.0, 12.0, 25.0)
    chest = make_whole_chest(nodule=nodule)
    write_nifti(chest, tmp_path / "t0.nii")
    noisy = type(chest)(chest.array + np.random.default_rng(1).normal(0, 20, chest.array.shape), chest.affine)
    write_nifti(noisy, tmp_path / "t1.nii")
    pair = FollowUpPair(
        subject="P1",
        nodule="1",
        t0=Scan("t0.nii", Point(nodule, Space.LPS)),
        t1=Scan("t1.nii", Point((-62.0, 12.0, 47.0), Space.LPS)),
        interval_days=365,
    )
    save_datalist(Datalist(tmp_path, {"inference": (pair,)}))
    status, document = report(tmp_path, capsys, "--pixels")
    (record,) = document["records"]
    assert status == 0
    assert record["usable"]
    assert len(record["warnings"]) == 1
    assert record["warnings"][0].startswith("t1: CHECK THE POINT: nothing like a nodule")
    assert any("1 have findings that begin with CHECK" in line for line in document["summary"])
    assert report(tmp_path, capsys)[1]["records"][0]["warnings"] == []
