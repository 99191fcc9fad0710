import re
from pathlib import Path

import pytest
from helpers.exports import DATES, OTHER, PATIENT, study_series, write_export, zip_folder
from helpers.synthetic_series import write_series

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.inputs import RoiSettings, describe_pair, read_pair
from csfnet_bundle.inputs.archive import unpacked
from csfnet_bundle.inputs.export import Study, choose_studies, ct_studies
from csfnet_bundle.inputs.export_table import print_studies
from csfnet_bundle.inputs.given_scans import given_scans
from csfnet_bundle.scans.dicom import scan_folder


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cd") / "export"
    series = [study_series(date) for date in DATES] + [study_series(DATES[0], kernel="STANDARD")]
    return write_export(folder, *series, study_series("20010506", OTHER))


@pytest.fixture(scope="module")
def studies(export: Path) -> list[Study]:
    return ct_studies(scan_folder(export))


def _dates(chosen: tuple[Study, Study]) -> list[tuple[str, str]]:
    return [(study.patient, study.date) for study in chosen]


def test_ct_studies_are_found_by_patient_and_date(export: Path, studies: list[Study]) -> None:
    assert (export / "DICOMDIR").is_file()
    assert [(study.patient, study.date, len(study.series)) for study in studies] == [
        (PATIENT, DATES[0], 2),
        (PATIENT, DATES[1], 1),
        (OTHER, "20010506", 1),
    ]


def test_two_studies_of_the_patient_are_ordered_by_date(studies: list[Study]) -> None:
    expected = [(PATIENT, date) for date in DATES]
    assert _dates(choose_studies(studies, patient=PATIENT)) == expected
    assert _dates(choose_studies(studies[:2])) == expected
    assert _dates(choose_studies(studies, study0=studies[0].uid)) == expected
    assert _dates(choose_studies(studies, study1=DATES[1])) == expected
    assert _dates(choose_studies(studies, study0=DATES[1], study1=DATES[0])) == expected[::-1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "CT studies of 2 patients. Name one by --patient"),
        ({"patient": OTHER}, "1 CT study that can be read, expected two"),
        ({"patient": "nobody"}, "no CT study of patient 'nobody'"),
        ({"study0": "1.2.3"}, "--study0 1.2.3 is no readable CT study here"),
    ],
)
def test_what_is_not_clear_is_asked(studies: list[Study], change: dict[str, str], words: str) -> None:
    with pytest.raises(BundleError, match=words):
        choose_studies(studies, **change)


def test_a_study_that_cannot_be_read_is_not_passed_over(tmp_path: Path) -> None:
    """The older two would be taken, and a click in the newest be applied to another study."""
    series = [study_series(date) for date in (*DATES, "20010106")]
    del series[2][len(series[2]) // 2]
    studies = ct_studies(scan_folder(write_export(tmp_path / "cd", *series)))
    words = r"2 CT studies that can be read, and 1 that cannot \(20010106: SLICE_GAP\), expected two.*Name two by"
    for change in ({}, {"study0": DATES[0]}, {"patient": PATIENT}):
        with pytest.raises(BundleError, match=words):
            choose_studies(studies, **change)
    assert _dates(choose_studies(studies, study0=DATES[0], study1=DATES[1])) == [(PATIENT, date) for date in DATES]
    with pytest.raises(BundleError, match=r"1 CT study that can be read, and 1 that cannot \(20010106: SLICE_GAP\)"):
        choose_studies(studies[1:])


def test_studies_of_one_day_have_no_order(tmp_path: Path) -> None:
    uids = {"StudyInstanceUID": "1.2.7", "FrameOfReferenceUID": "1.3.7"}
    series = [study_series(DATES[0]), study_series(DATES[0], kernel="STANDARD", **uids)]
    with pytest.raises(BundleError, match=r"do not tell which is earlier. Name both by --study0 and --study1"):
        choose_studies(ct_studies(scan_folder(write_export(tmp_path / "cd", *series))))


def test_the_table_names_all_that_can_be_chosen(studies: list[Study], capsys: pytest.CaptureFixture[str]) -> None:
    print_studies(studies)
    shown = capsys.readouterr().err
    for study in studies:
        assert study.uid in shown
        assert study.patient in shown
        assert f"CT {study.date}" in shown
        assert f"{study.date[:4]}-{study.date[4:6]}-{study.date[6:]}" in shown
        for series in study.series:
            assert series.uid in shown


def _uid(export: Path, date: str) -> str:
    """Return the UID of one of a study's series."""
    return next(
        series.uid for series in scan_folder(export) if (series.patient_id, series.study_date) == (PATIENT, date)
    )


def test_a_series_without_description_is_listed_by_its_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for date, elements in zip(DATES, ({"SeriesNumber": 7}, {}), strict=True):
        write_series(tmp_path / date, study_series(date, SeriesDescription="", **elements))
    print_studies(ct_studies(scan_folder(tmp_path)))
    shown = capsys.readouterr().err
    assert "7:" not in shown
    assert re.search(r"│ +7 +│", shown)
    assert "no description" in shown


def test_what_is_said_of_the_one_folder_of_both_scans_is_said_once(export: Path) -> None:
    scan = (str(export), Point((-4, 45, -140), Space.LPS))
    pair = describe_pair(export, t0=scan, t1=scan, nodule="1", studies=DATES, series0=_uid(export, DATES[0]))
    findings = read_pair(pair, export, RoiSettings(size=(4, 8, 8))).findings
    skipped = [text for text in findings if "are no slices were skipped" in text]
    assert len(skipped) == 1
    assert not skipped[0].startswith("t")


def test_scans_of_a_zip_are_gone_afterwards(export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = zip_folder(export, tmp_path / "export.zip")
    with given_scans(scan_folder, export=archive, patient=PATIENT) as scans:
        assert scans.t0 == scans.t1 != archive
        found = ct_studies(scan_folder(scans.t1))
        assert (scans.study0, scans.study1) == (found[0].uid, found[1].uid)
        folder = scans.t1
        assert folder.is_dir()
    assert not folder.exists()
    with pytest.raises(BundleError, match=r"2 patients"), given_scans(scan_folder, export=archive):
        pass
    assert OTHER in capsys.readouterr().err
    seen: list[Path] = []

    def end_within(interruption: BaseException) -> None:
        with unpacked(archive) as place:
            assert (place / "DICOMDIR").is_file()
            seen.append(place)
            raise interruption

    for interruption in (KeyboardInterrupt(), BundleError("x")):
        with pytest.raises(type(interruption)):
            end_within(interruption)
        assert not seen.pop().exists()


def test_forms_that_do_not_go_together(export: Path) -> None:
    cases: list[tuple[dict[str, object], str]] = [
        ({"export": export, "t1": export}, "is given as an export with both studies, and --t1 besides"),
        ({}, "t1 is missing"),
        ({"t1": export, "patient": "x"}, "--patient chooses within an export"),
        ({"t1": export / "nowhere"}, "t1: .*nowhere does not exist"),
    ]
    for options, words in cases:
        with pytest.raises(BundleError, match=words), given_scans(scan_folder, **options):  # type: ignore[arg-type]
            pass
