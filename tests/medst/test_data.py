import hashlib
import shutil
from pathlib import Path

import pytest
from helpers.medst_cohort import ROI, SCREENS, SECTIONS, make_medst_cohort

from csfnet_bundle.cohorts.phantom.cohort import CohortSettings
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs import cache as roi_cache
from csfnet_bundle.inputs.store import open_store
from csfnet_bundle.medst import (
    RadiographFiles,
    RoiPlace,
    StudyViews,
    all_studies,
    describe_dataset,
    prepare_studies,
    study_sequences,
)
from csfnet_bundle.medst.data import PHANTOMS, is_csv
from csfnet_bundle.training import preparation

PAIRS_EACH = SCREENS - 1


def _no_scan(*_: object, **__: object) -> object:
    raise AssertionError("a scan is read")


def test_a_csv_has_radiographs_and_a_folder_has_scans(screens: Path, reports: Path) -> None:
    radiographs, scans = (all_studies(study_sequences(data, "test")) for data in (reports, screens))
    assert {type(study.pixels) for study in radiographs} == {RadiographFiles}
    assert {type(study.pixels) for study in scans} == {RoiPlace}
    assert len(scans) == SCREENS * SECTIONS["test"]


@pytest.mark.parametrize(("name", "radiographs"), [("a.csv", True), ("A.CSV", True), ("a.csv.d", False), ("a", False)])
def test_radiographs_are_told_by_the_files_name(name: str, radiographs: bool) -> None:
    assert is_csv(name) is is_csv(Path(name)) is radiographs


def test_only_the_named_fields_become_text(screens: Path) -> None:
    texts = {study.text for study in all_studies(study_sequences(screens, "test", ("gender",)))}
    assert texts == {"Man.", "Woman."}


def test_a_cohort_is_described_by_its_datalist(screens: Path) -> None:
    found = describe_dataset(screens)
    assert (found.name, found.phantom) == ("small cohort of three screens", True)
    assert found.datalist_sha256 == hashlib.sha256((screens / "datalist.json").read_bytes()).hexdigest()


def test_a_csv_is_described_by_its_content(reports: Path, tmp_path: Path) -> None:
    found = describe_dataset(reports)
    assert (found.name, found.phantom, found.public) == ("reports.csv", False, False)
    assert found.datalist_sha256 == hashlib.sha256(reports.read_bytes()).hexdigest()
    copy = tmp_path / "reports.csv"
    shutil.copy(reports, copy)
    assert describe_dataset(str(copy)) == found
    copy.write_text(copy.read_text().replace("number 7 ", "number 8 "))
    assert describe_dataset(copy) != found


def test_what_is_prepared_is_read_from_the_cache(
    screens: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare_studies(screens, tmp_path / "phantoms", ["validation"], ROI, tmp_path / "rois", workers=1)
    assert len(list(open_store(tmp_path / "rois"))) == PAIRS_EACH * SECTIONS["validation"]
    monkeypatch.setattr(roi_cache, "read_pair", _no_scan)
    views = StudyViews(["axial"], "tiny", ROI, tmp_path / "rois")
    for study in all_studies(study_sequences(screens, "validation")):
        assert views(study)[0].max() > 0
    with pytest.raises(AssertionError, match="a scan is read"):
        views(study_sequences(screens, "test")[0].studies[0])


def test_unreadable_scans_are_refused_with_their_number_and_the_first_of_them(tmp_path: Path) -> None:
    folder = make_medst_cohort(tmp_path)
    subject = study_sequences(folder, "validation")[1].patient
    (folder / subject / "t1.nii").write_bytes(b"no image")  # the later scan of one pair, the earlier of the next
    count = PAIRS_EACH * SECTIONS["validation"]
    words = rf"2 of {count} pairs cannot be read; the first: .*{subject}.*Correct them, or take them out"
    with pytest.raises(BundleError, match=words) as refused:
        prepare_studies(folder, tmp_path / "phantoms", ["validation"], ROI, tmp_path / "rois", workers=1)
    assert "\n" not in str(refused.value)
    assert len(list(open_store(tmp_path / "rois"))) == count - 2


def test_without_a_cache_and_for_radiographs_nothing_is_read(
    screens: Path, reports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roi_cache, "read_pair", _no_scan)
    prepare_studies(screens, tmp_path / "phantoms", list(SECTIONS), ROI, None)
    prepare_studies(reports, tmp_path / "phantoms", list(SECTIONS), ROI, tmp_path / "rois")
    assert not list(tmp_path.iterdir())


def test_phantoms_stand_in_for_no_other_data_than_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[CohortSettings] = []

    def make(folder: Path, settings: CohortSettings) -> None:
        made.append(settings)
        folder.mkdir()
        make_medst_cohort(folder)

    monkeypatch.setattr(preparation, "make_cohort", make)
    with pytest.raises(BundleError, match="elsewhere"):
        prepare_studies(tmp_path / "elsewhere", tmp_path / "phantoms", ["test"], ROI, tmp_path / "rois")
    assert not made
    for _ in range(2):
        prepare_studies(tmp_path / "phantoms", tmp_path / "phantoms", ["validation"], ROI, None)
    assert made == [PHANTOMS]
    assert PHANTOMS.screens == 3, "the temporal loss needs three studies"
