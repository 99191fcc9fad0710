"""A cohort from tables to datalist and report, its images from an S3 server on loopback."""

import json
from dataclasses import replace

import numpy as np
import pytest
from helpers.nlst_files import luna25_row, nlstx_row, series_uid, write_csv, write_series

from csfnet_bundle.cohorts.nlst.making import Fetching, make_cohort, plan_cohort, wanted_series
from csfnet_bundle.cohorts.nlst.options import CohortOptions
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs import RoiSettings, read_pair
from csfnet_bundle.records import load_datalist

PATIENTS = [f"{number}" for number in range(100001, 100009)]
MALIGNANT = set(PATIENTS[:4])
SLICES = 16
PRSN = ["pid", "race", "cigsmok", "gender", "age", "scr_res0", "scr_iso0", "scr_days0", "scr_days1", "candx_days"]


@pytest.fixture(scope="session")
def studies(tmp_path_factory):
    """Images of eight patients at two screens, the nodule a little larger and elsewhere at the second."""
    folder = tmp_path_factory.mktemp("studies")
    for patient in PATIENTS:
        for screen in (0, 1):
            bright = (40 + 3 * screen, 50, 8 - screen)
            write_series(folder / patient / series_uid(patient, screen), patient, screen, slices=SLICES, bright=bright)
    return folder


@pytest.fixture
def options(archive, make_table, tmp_path):
    rows = []
    for patient in PATIENTS:
        for screen in (0, 1):
            archive.add(patient, screen, instanceCount=SLICES)
            box = (36 + 3 * screen, 46, 9, 9)
            rows.append(nlstx_row(patient, screen, malignant=patient in MALIGNANT, box=box, number=8 - screen))
    people = [[patient, 1, 1, 2, 61, 4, 13, 12, 390, ".N"] for patient in PATIENTS]
    return CohortOptions(
        "nlstx",
        make_table("nlstx", rows),
        participants=write_csv(tmp_path / "prsn.csv", PRSN, people),
        index=archive.index,
        shares=(0.5, 0.25, 0.25),
        folds=2,
    )


def make(options, out, images, **changes):
    return make_cohort(plan_cohort(options, out), options, out, Fetching(images), **changes)


def test_from_tables_and_images_to_a_datalist(options, studies, tmp_path):
    out = tmp_path / "out"
    make(options, out, studies)
    datalist = load_datalist(out)
    assert {name: len(pairs) for name, pairs in datalist.sections.items()} == {
        "training": 4, "validation": 2, "test": 2, "inference": 0,
    }  # fmt: skip
    for name in ("training", "validation", "test"):
        labels = [pair.label for pair in datalist.section(name)]
        assert sum(labels) == len(labels) / 2
    pair = next(pair for _, pair in datalist if pair.subject == "100001")
    assert pair.label == 1
    assert pair.t0.point.coordinates == (-6.4, 10.0, -20.0)
    assert pair.t1.point.coordinates == (-4.0, 10.0, -17.5)
    assert pair.interval_days == 378
    assert pair.clinical == {"race": 1, "cigsmok": 1, "gender": 2, "age": 61, "scr_res0": 4}
    assert pair.strata["diameter_mm"] == 7.2
    assert pair.strata["kernel"] == "STANDARD"
    assert pair.strata["same_kernel"] is True
    assert (pair.strata["sex"], pair.strata["smoking"], pair.strata["screens"]) == ("female", "current", "T0-T1")
    assert sorted(subject for fold in datalist.header["folds"] for subject in fold) == PATIENTS


def test_the_roi_shows_the_nodule_in_its_middle(options, studies, tmp_path):
    make(options, tmp_path / "out", studies)
    for _, pair in load_datalist(tmp_path / "out"):
        array = read_pair(pair, tmp_path / "out", RoiSettings()).array
        assert array[:, 7:9, 31:33, 31:33].mean() > 0
        assert np.median(array[:, 7:9, 24, 24]) < -700


def test_two_people_get_the_same_datalist(options, studies, tmp_path):
    make(options, tmp_path / "one", studies)
    make(options, tmp_path / "two", studies)
    assert (tmp_path / "one" / "datalist.json").read_bytes() == (tmp_path / "two" / "datalist.json").read_bytes()
    provenance = load_datalist(tmp_path / "one").header["provenance"]
    assert provenance["seed"] == 0
    assert len(provenance["table_sha256"]) == len(provenance["index_sha256"]) == 64
    assert str(tmp_path) not in json.dumps(provenance)


def test_the_report_tells_the_flow_and_who_is_in_it(options, studies, tmp_path):
    make(options, tmp_path / "out", studies, verify=True)
    text = (tmp_path / "out" / "report.md").read_text()
    for words in (
        "follow-up pairs (neighbouring screens)",
        "clinical codes that are no answer or read, taken as missing",
        "scr_iso0 = 13 (Not Expected - Cancer before screening window)",
        "sex: female",
        "scr_iso0 known            | 0 (0 %) ",
        "wider than 64 mm",
        "montage.png",
    ):
        assert words.replace(" ", "") in text.replace(" ", "")
    page = (tmp_path / "out" / "report.html").read_text()
    assert "data:image/png;base64" in page
    flow = json.loads((tmp_path / "out" / "flow.json").read_text())
    assert next(step for step in flow if step["what"] == "pairs in the datalist")["count"] == 8
    sheets = list((tmp_path / "out" / "contact_sheets").iterdir())
    assert [sheet.name for sheet in sheets] == ["sheet_001.png"]


def test_the_reads_can_be_left_out(options, studies, tmp_path):
    make(options, tmp_path / "with", studies)
    make(options, tmp_path / "without", studies, without_reads=True)
    with_reads, without = load_datalist(tmp_path / "with"), load_datalist(tmp_path / "without")
    for (section0, pair0), (section1, pair1) in zip(with_reads, without, strict=True):
        assert (section0, pair0.name) == (section1, pair1.name)
        assert "scr_res0" in pair0.clinical
        assert not any(name.startswith("scr_") for name in pair1.clinical)


def test_images_that_are_not_here_stop_it_or_are_left_out_and_counted(options, studies, tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    for patient in PATIENTS[:-1]:
        (images / patient).symlink_to(studies / patient)
    images_real = tmp_path / "real"
    for path in images.iterdir():
        (images_real / path.name).mkdir(parents=True)
        for series in path.iterdir():
            (images_real / path.name / series.name).mkdir()
            for file in series.iterdir():
                (images_real / path.name / series.name / file.name).hardlink_to(file)
    choice = plan_cohort(options, tmp_path / "out")
    assert [series.patient for series in wanted_series(choice, images_real)] == ["100008", "100008"]
    with pytest.raises(BundleError, match=r"--download") as error:
        make(options, tmp_path / "out", images_real)
    assert "100008/nodule-T0-T1" in str(error.value)
    assert not (tmp_path / "out" / "datalist.json").exists()
    lenient = replace(options, skip_refused=True, shares=(0.6, 0.2, 0.2))
    make(lenient, tmp_path / "out", images_real)
    assert len(list(load_datalist(tmp_path / "out"))) == 7


def test_a_position_that_is_refused_stops_it_or_is_left_out(options, studies, tmp_path, make_table, archive):
    rows = [
        nlstx_row(patient, screen, malignant=patient in MALIGNANT, number=99 if patient == "100008" else 8)
        for patient in PATIENTS
        for screen in (0, 1)
    ]
    options = replace(options, table=make_table("nlstx", rows))
    with pytest.raises(BundleError, match="slice number 99"):
        make(options, tmp_path / "out", studies)
    make(replace(options, skip_refused=True, shares=(0.6, 0.2, 0.2)), tmp_path / "out", studies)
    assert "100008" not in (tmp_path / "out" / "datalist.json").read_text()


def test_luna25_end_to_end_over_the_network(studies, s3, archive, make_table, tmp_path):
    rows = []
    for patient in PATIENTS:
        for screen in (0, 1):
            uid = archive.add(patient, screen, instanceCount=SLICES)
            s3.upload(studies / patient / uid, f"{patient}-{screen}-standard")
            point = (-6.4 + 2.4 * screen, 10.0, -20.0 + 2.5 * screen)
            rows.append(luna25_row(patient, screen, label=int(patient in MALIGNANT), point=point))
    options = CohortOptions(
        "luna25", make_table("luna25", rows), index=archive.index, shares=(0.5, 0.25, 0.25), folds=0
    )
    out = tmp_path / "out"
    fetching = Fetching(out / "images", download=True, endpoint=s3.endpoint)
    make_cohort(plan_cohort(options, out), options, out, fetching)
    datalist = load_datalist(out)
    assert len(list(datalist)) == 8
    pair = datalist.section("training")[0]
    assert pair.clinical == {"age": 61, "gender": 2}
    assert pair.interval_days is None
    assert pair.t0.path.startswith("images/")
    assert read_pair(pair, out, RoiSettings()).array[:, 7:9, 31:33, 31:33].mean() > 0
