"""A cohort on disk: the same bytes for the same seed, whole or not there at all, ready for training."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.small_phantom import SETTINGS

from csfnet_bundle.cohorts.phantom import cohort as cohort_module
from csfnet_bundle.cohorts.phantom.cohort import CohortSettings, make_cohort, stratified_sections
from csfnet_bundle.cohorts.phantom.render import Region, render_scan
from csfnet_bundle.cohorts.phantom.subject import Subject
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs import RoiSettings, read_pair
from csfnet_bundle.records import load_datalist
from csfnet_bundle.scans.dicom import read_roi, scan_folder, select_series


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def _hidden_beside(folder: Path) -> list[Path]:
    return list(folder.parent.glob(f".{folder.name}*"))


def test_folder_has_datalist_tables_and_studies_and_nothing_else(folder):
    assert {path.name for path in folder.iterdir()} == {"datalist.json", "prsn.csv", "ctab.csv", "truth.csv", "dicom"}
    assert not _hidden_beside(folder)


def test_datalist_loads_and_points_into_the_nodules(folder):
    datalist = load_datalist(folder)
    truth = pd.read_csv(folder / "truth.csv", dtype={"subject": str}).set_index("subject")
    assert sum(1 for _ in datalist) == 4
    for section, pair in datalist:
        assert truth.loc[pair.subject, "section"] == section
        assert pair.label == (None if section == "inference" else truth.loc[pair.subject, "label"])
        assert pair.interval_days == pytest.approx(365, abs=40)
        for screen, scan in enumerate((pair.t0, pair.t1)):
            series = select_series(scan_folder(folder / scan.path), uid=scan.series_uid)
            roi = read_roi(series, scan.point, (16, 64, 64), (1.0, 1.0, 1.0))
            middle = roi.array[7:9, 31:33, 31:33].mean()
            assert middle > (-200 if pair.strata["attenuation"] == "solid" else -750)
            subject = Subject(4, int(pair.subject[1:]) - 1)
            assert scan.date == ("19990102", "20000102")[screen]
            np.testing.assert_allclose(roi.array, render_scan(subject, screen).roi().array, atol=2)


def test_provenance_says_that_it_is_a_phantom(folder):
    header = load_datalist(folder).header
    assert "phantom" in str(header["name"])
    assert "No patient was scanned" in header["provenance"]["note"]
    assert header["provenance"]["seed"] == 4


@pytest.mark.long
def test_two_processes_give_the_same_bytes_as_one_beside_leftovers_of_other_settings(folder, tmp_path):
    partial = tmp_path / ".again.partial"
    for name in ("dicom", ".records"):
        (partial / name).mkdir(parents=True)
    (partial / "settings.json").write_text("{}")
    (partial / ".records" / "000000.json").write_text("other settings")
    again = make_cohort(tmp_path / "again", SETTINGS, workers=2, show_progress=False)
    assert _bytes(again) == _bytes(folder)


def test_smaller_cohort_is_the_beginning_of_a_larger_one(folder, tmp_path):
    smaller = CohortSettings(subjects=1, seed=4, split=SETTINGS.split, inference=1)
    files = _bytes(make_cohort(tmp_path / "small", smaller, workers=1, show_progress=False))
    larger = _bytes(folder)
    assert all(larger[name] == content for name, content in files.items() if name.startswith("dicom"))
    first = load_datalist(tmp_path / "small").sections["training"][0]
    assert first in load_datalist(folder).sections["training"]


def test_interrupted_run_leaves_no_folder_and_goes_on(folder, tmp_path, monkeypatch):
    written = []

    def interrupt_at_the_third(path, subject, *arguments):
        if len(written) == 2 * 2:
            raise KeyboardInterrupt
        written.append(subject.number)
        return original(path, subject, *arguments)

    original = cohort_module.write_study
    monkeypatch.setattr(cohort_module, "write_study", interrupt_at_the_third)
    out = tmp_path / "phantom"
    with pytest.raises(BundleError, match=r"after 2 subjects.*resumes"):
        make_cohort(out, SETTINGS, workers=1, show_progress=False)
    assert not out.exists()
    done = len(written)
    monkeypatch.setattr(cohort_module, "write_study", lambda *arguments: written.append(1) or original(*arguments))
    make_cohort(out, SETTINGS, workers=1, show_progress=False)
    assert len(written) - done == 2 * 2  # only the two subjects that were left
    assert _bytes(out) == _bytes(folder)
    assert not _hidden_beside(out)


def test_cohort_that_is_there_is_returned(folder):
    before = (folder / "datalist.json").stat().st_mtime_ns
    assert make_cohort(folder, SETTINGS, show_progress=False) == folder
    assert (folder / "datalist.json").stat().st_mtime_ns == before


def test_crops_are_not_taken_for_whole_scans(tmp_path):
    """Settings at their default are not written, and another value of before must not pass for them."""
    settings = CohortSettings(subjects=2, inference=0, crops=True)
    made = make_cohort(tmp_path / "crops", settings, workers=1, show_progress=False)
    with pytest.raises(BundleError, match=r"other settings: crops \(True -> None\)"):
        make_cohort(made, CohortSettings(subjects=2, inference=0), show_progress=False)


def test_folder_with_something_else_is_refused(folder, tmp_path):
    with pytest.raises(BundleError, match=r"other settings: .*subjects \(\d+ -> 2\)"):
        make_cohort(folder, CohortSettings(subjects=2), show_progress=False)
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(BundleError, match="no phantom cohort"):
        make_cohort(tmp_path, SETTINGS, show_progress=False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"subjects": 0},
        {"subjects": 2.5},
        {"seed": -1},
        {"screens": 1},
        {"screens": 9},
        {"split": (0.5, 0.5)},
        {"split": (0.5, 0.5, 0.5)},
        {"prevalence": 2.0},
    ],
)
def test_impossible_settings_are_refused_by_name(wrong):
    with pytest.raises(BundleError, match=next(iter(wrong))):
        CohortSettings(**wrong)


def test_sections_are_stratified_and_stay_when_subjects_are_added():
    labels = np.random.default_rng(0).integers(0, 2, 200).tolist()
    split = (0.6, 0.15, 0.25)
    sections = stratified_sections(labels, split)
    assert stratified_sections(labels[:77], split) == sections[:77]
    for label in (0, 1):
        mine = [section for section, own in zip(sections, labels, strict=True) if own == label]
        shares = [mine.count(name) / len(mine) for name in ("training", "validation", "test")]
        np.testing.assert_allclose(shares, split, atol=0.02)


def test_three_screens_give_pairs_of_neighbouring_screens(tmp_path):
    settings = CohortSettings(subjects=1, seed=4, screens=3, split=(1, 0, 0), inference=0)
    out = make_cohort(tmp_path / "three", settings, workers=1, show_progress=False)
    first, second = load_datalist(out).sections["training"]
    assert (first.nodule, second.nodule) == ("n1", "n1-T1")
    assert first.t1 == second.t0
    assert second.t1.date == "20010102"
    assert json.loads((out / "datalist.json").read_text())["provenance"]["screens"] == 3


def test_crops_show_the_rois_of_the_dicom_cohort(tmp_path):
    settings = CohortSettings(subjects=1, seed=4, screens=3, split=(1, 0, 0), inference=0, crops=True)
    out = make_cohort(tmp_path / "crops", settings, workers=1, show_progress=False)
    assert not (out / "dicom").exists()
    pairs = load_datalist(out).section("training")
    assert len(pairs) == 2
    subject = Subject(4, 0, screens=3)
    for screen, pair in enumerate(pairs):
        found = read_pair(pair, out, RoiSettings()).array
        for channel in (0, 1):
            expected = render_scan(subject, screen + channel, Region.ROI).roi().array
            np.testing.assert_allclose(found[channel], expected, atol=0.5)


def test_settings_of_old_cohorts_are_told_as_before():
    assert {"later_growth", "crops"}.isdisjoint(CohortSettings().to_plain())
    told = CohortSettings(later_growth="slowing", crops=True).to_plain()
    assert (told["later_growth"], told["crops"]) == ("slowing", True)


@pytest.mark.parametrize("other", [{"full_chest": True}, {"second_reconstruction": True}])
def test_crops_are_no_whole_chests(other):
    with pytest.raises(BundleError, match="crops are asked for"):
        CohortSettings(crops=True, **other)


def test_another_growth_is_refused():
    with pytest.raises(BundleError, match="later_growth is 'fast', expected steady or slowing"):
        CohortSettings(later_growth="fast")
