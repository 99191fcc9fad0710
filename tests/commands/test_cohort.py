"""`python -m csfnet_bundle cohort`, as a user types it."""

import json
import logging
import shutil
import socket
import subprocess
import sys

import pytest
from distributed import LocalCluster
from helpers.nlst_files import NLSTX_HEADER, Archive, nlstx_row, series_uid, write_csv, write_series
from helpers.s3_server import serve

from csfnet_bundle.commands import main
from csfnet_bundle.records import load_datalist

PATIENTS = [f"{number}" for number in range(100001, 100007)]
SLICES = 16


@pytest.fixture
def s3():
    yield from serve()


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """A folder with images/, nlstx.csv and index.parquet of six patients."""
    folder = tmp_path_factory.mktemp("tables")
    archive, rows = Archive(folder), []
    for number, patient in enumerate(PATIENTS):
        for screen in (0, 1):
            uid = archive.add(patient, screen, instanceCount=SLICES)
            write_series(folder / "images" / patient / uid, patient, screen, slices=SLICES, bright=(40, 50, 8))
            rows.append(nlstx_row(patient, screen, malignant=number % 2 == 0, number=8))
    write_csv(folder / "nlstx.csv", NLSTX_HEADER, rows)
    archive.index  # noqa: B018 - writing it is what is wanted
    return folder


def arguments(tables, out, *more):
    return [
        *("cohort", "nlstx", "--table", str(tables / "nlstx.csv"), "--index", str(tables / "index.parquet")),
        *("--out", str(out), "--split", "0.4,0.3,0.3", "--folds", "2", *more),
    ]


def test_without_images_it_makes_the_plan_and_says_how_to_go_on(tables, tmp_path, capsys):
    assert main(arguments(tables, tmp_path)) == 0
    told = capsys.readouterr()
    assert "follow-up pairs (neighbouring screens)" in told.out
    assert "series    12 with 192 instances" in told.out
    assert "licence   CC BY 4.0 (12 series)" in told.out
    assert "--download" in told.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["flow.json", "report.html", "report.md", "series.csv"]


def test_with_images_it_makes_the_datalist(tables, tmp_path, capsys):
    assert main(arguments(tables, tmp_path, "--images", str(tables / "images"), "--seed", "3")) == 0
    assert "2 training, 2 validation, 2 test" in capsys.readouterr().err
    datalist = load_datalist(tmp_path)
    assert datalist.header["provenance"]["seed"] == 3
    assert len(datalist.header["folds"]) == 2


def test_rois_are_read_on_a_scheduler_s_two_workers(tables, tmp_path, capsys):
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, processes=False, silence_logs=logging.ERROR
    ) as cluster:
        more = ("--images", str(tables / "images"), "--cache_dir", str(tmp_path / "rois"))
        assert main(arguments(tables, tmp_path, *more, "--scheduler", cluster.scheduler_address)) == 0
    assert "6 of 6 pairs have their ROIs" in capsys.readouterr().err
    assert main(["check", str(tmp_path / "rois")]) == 0
    assert "6 pairs of 6 patients in 6 entries" in capsys.readouterr().out


def test_what_cannot_be_read_leaves_the_lists_counted(tables, tmp_path, capsys):
    """A slice in the middle of the ROI is gone from one series, and another patient's is complete but cut."""
    images = shutil.copytree(tables / "images", tmp_path / "images")
    series = images / PATIENTS[0] / series_uid(PATIENTS[0], 1)
    (series / "0010.dcm").write_bytes((series / "0010.dcm").read_bytes()[:-100])
    more = ("--images", str(images), "--cache_dir", str(tmp_path / "rois"))
    assert main(arguments(tables, tmp_path / "out", *more)) == 1
    assert "1 of 6 pairs cannot be read" in capsys.readouterr().err
    before = load_datalist(tmp_path / "out").sections
    assert main(arguments(tables, tmp_path / "out", *more, "--skip_refused")) == 0
    after = load_datalist(tmp_path / "out").sections
    gone = {pair.name for pairs in before.values() for pair in pairs} - {
        pair.name for pairs in after.values() for pair in pairs
    }
    assert {name.split("/")[0] for name in gone} == {PATIENTS[0]}
    for name, pairs in after.items():
        assert pairs == tuple(pair for pair in before[name] if pair.name not in gone)
    step, total = json.loads((tmp_path / "out" / "flow.json").read_text())[-2:]
    assert (step["count"], step["left_out"]) == (1, True)
    assert "UNREADABLE_SLICE" in step["what"]
    assert total["count"] == 5
    (series / "0007.dcm").unlink()
    assert main(arguments(tables, tmp_path / "out", *more)) == 1
    assert "15 files are in" in capsys.readouterr().err


def test_a_table_that_says_other_things_than_its_images(tables, tmp_path, capsys):
    header = ["subject", "nodule", "date", "path", "x", "y", "z", "space", "label"]
    rows = []
    for number, patient in enumerate(PATIENTS):
        for screen, date in enumerate(("19990102", "20000102")):
            place = tables / "images" / patient / series_uid(patient, screen)
            rows.append([patient, "1", date, str(place), -6.0, 10.0, -20.0, "LPS", number % 2])
    rows[0][0] = rows[1][0] = "999999"
    rows[3][2] = "20000103"
    rows[5][6] = 500.0
    out = ("--table", str(write_csv(tmp_path / "own.csv", header, rows)), "--out", str(tmp_path / "out"))
    more = ("--split", "1,0,0", "--folds", "0")
    assert main(["cohort", "csv", *out, *more]) == 1
    assert "3 refused" in capsys.readouterr().err
    assert main(["cohort", "csv", *out, *more, "--skip_refused"]) == 0
    flow = json.loads((tmp_path / "out" / "flow.json").read_text())
    (step,) = (step for step in flow if step["what"].startswith("scan, position"))
    told = " ".join(step["records"])
    assert step["count"] == 3
    for words in ("of patient '999999'", "dated '20000103'", "POINT_OUTSIDE"):
        assert words in told


def test_no_network(tables, tmp_path, capsys):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        assert main(arguments(tables, tmp_path, "--download", "--endpoint", endpoint)) == 1
    told = capsys.readouterr().err
    assert "12 of 12 series are still wanted" in told
    assert "connection refused" in told
    assert not (tmp_path / "datalist.json").exists()


@pytest.mark.parametrize(
    ("more", "status", "words"),
    [
        (["nlst", "--out", "{out}"], 1, "source 'nlst' is not known"),
        (["nlstx", "--out", "{out}"], 1, "needs a table"),
        (["lidc-voi", "--out", "{out}"], 1, "needs a folder"),
        (["nlstx", "--out", "{out}", "--table", "{out}/none.csv"], 1, "there is no table"),
        (["nlstx", "--out", "{out}", "--table", "{table}", "--screens", "all"], 2, 'from: "neighbouring", "any"'),
        (["nlstx", "--out", "{out}", "--table", "{table}", "--split", "0.9"], 2, "is not three shares"),
        (["nlstx", "--out", "{out}", "--table", "{table}", "--split", "a,b,c"], 2, "is not three shares"),
        (["nlstx", "--out", "{out}", "--table", "{table}", "--particpants", "x"], 2, "no option --particpants"),
    ],
)
def test_mistakes_are_told_in_one_line(tables, tmp_path, capsys, more, status, words):
    out = tmp_path / "out"
    filled = [word.format(out=out, table=tables / "nlstx.csv") for word in more]
    assert main(["cohort", *filled]) == status
    told = capsys.readouterr().err.strip()
    assert words in told
    assert told.startswith("error: ")
    assert "\n" not in told
    assert not out.exists()


def test_screenings_of_an_index(tables, tmp_path, capsys):
    assert main(["cohort", "screenings", "--index", str(tables / "index.parquet"), "--out", str(tmp_path)]) == 0
    assert "12 CT series of 6 patients" in capsys.readouterr().out


def test_lidc_volumes(shared_data, tmp_path, capsys):
    assert main(["cohort", "lidc-voi", "--dir", str(shared_data / "lidc_voi"), "--out", str(tmp_path)]) == 0
    datalist = load_datalist(tmp_path)
    assert sum(len(pairs) for pairs in datalist.sections.values()) == 696
    assert len(datalist.header["folds"]) == 5


@pytest.mark.long
def test_from_a_local_s3_server_into_training(tables, tmp_path, s3, repository):
    folder = tmp_path / "cohort"
    for patient in PATIENTS:
        for screen in (0, 1):
            s3.upload(tables / "images" / patient / series_uid(patient, screen), f"{patient}-{screen}-standard")
    assert main(arguments(tables, folder, "--download", "--endpoint", s3.endpoint)) == 0
    command = [sys.executable, "-m", "monai.bundle", "run", "training"]
    config = "['configs/train.json','configs/cpu_demo.json']"
    settings = ["--dataset_dir", str(folder), "--output_dir", str(tmp_path / "run"), "--train#trainer#max_epochs", "1"]
    run = subprocess.run(
        [*command, "--config_file", config, *settings], cwd=repository, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert list((tmp_path / "run").rglob("*.pt"))
    assert json.loads((folder / "datalist.json").read_text())["training"]
