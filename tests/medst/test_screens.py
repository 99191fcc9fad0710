import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from helpers.medst_cohort import SECTIONS

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.medst import RoiPlace, Study, StudySequence
from csfnet_bundle.medst import screens as screens_module
from csfnet_bundle.medst.change import Change
from csfnet_bundle.medst.screens import screen_sequences
from csfnet_bundle.medst.sentences import ALLOWED_FIELDS, CHANGE_WORDS
from csfnet_bundle.records import load_datalist


def test_pairs_become_sequences_of_three_studies(screens: Path) -> None:
    sequences = screen_sequences(screens, "training")
    assert len(sequences) == SECTIONS["training"]
    for sequence in sequences:
        places = [study.pixels for study in sequence.studies]
        assert all(isinstance(place, RoiPlace) for place in places)
        scans = [(place.pair.t0, place.pair.t1)[place.channel] for place in places]  # type: ignore[union-attr]
        assert [scan.path for scan in scans if scan] == [f"{sequence.patient}/t{screen}.nii" for screen in range(3)]
        assert [study.text[:17] for study in sequence.studies] == [f"Screening year {screen}." for screen in range(3)]


def test_only_patients_of_the_section_are_read(screens: Path) -> None:
    training = {pair.subject for pair in load_datalist(screens).section("training")}
    assert {sequence.patient for sequence in screen_sequences(screens, "training")} == training
    assert not training & {sequence.patient for sequence in screen_sequences(screens, "test")}


def test_changes_follow_the_diameters(screens: Path) -> None:
    for sequence in screen_sequences(screens, "test"):
        first, *later = sequence.studies
        assert "change" not in first.values
        assert first.change_text == ""
        kind = int(sequence.patient) % 100_000 % 3
        assert {str(study.values["change"]) for study in later} == {("stable", "worsening", "improving")[kind]}
        if kind == 1:
            assert any(word in later[0].change_text for word in CHANGE_WORDS[Change.WORSENING].values())
            assert any(word in later[0].reversed_text for word in CHANGE_WORDS[Change.IMPROVING].values())


def test_follow_ups_tell_the_change_where_asked_and_where_sizes_may_be_told(screens: Path) -> None:
    for told, fields, expected in (
        (True, ALLOWED_FIELDS, True),
        (False, ALLOWED_FIELDS, False),
        (True, ("sct_pre_att", "age"), False),
    ):
        for sequence in screen_sequences(screens, "test", fields, told):
            assert all(study.text.endswith(study.change_text) is expected for study in sequence.studies[1:])


def _with_table(screens: Path, folder: Path, table: pd.DataFrame) -> Path:
    """Return a copy of the cohort with another abnormality table; no scan is read here."""
    shutil.copy(screens / "datalist.json", folder)
    table.to_csv(folder / "ctab.csv", index=False)
    return folder


def _of(patient: str, sequences: list[StudySequence]) -> list[Study]:
    return [study for one in sequences if one.patient == patient for study in one.studies]


def test_several_nodules_of_one_year_say_nothing_about_this_one(screens: Path, tmp_path: Path) -> None:
    table = pd.read_csv(screens / "ctab.csv")
    extra = table[table["pid"] == 100_001].assign(sct_ab_num=2, sct_long_dia=30)
    cohort = _with_table(screens, tmp_path, pd.concat([table, extra]))
    studies = _of("100001", screen_sequences(cohort, "training"))
    assert len(studies) == 3
    assert all("mm" not in study.text and "change" not in study.values for study in studies)


def test_one_row_is_not_the_record_of_two_nodules(
    screens: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datalist = load_datalist(screens)
    first, *others = datalist.section("training")
    assert first.t0 is not None
    elsewhere = Point((1.0, 2.0, 3.0), Space.VOXEL)
    second = replace(first, nodule="n2", t0=replace(first.t0, point=elsewhere), t1=replace(first.t1, point=elsewhere))
    changed = replace(datalist, sections={**datalist.sections, "training": (first, second, *others)})
    monkeypatch.setattr(screens_module, "load_datalist", lambda _: changed)
    sequences = screen_sequences(screens, "training")
    studies = _of(first.subject, sequences)
    assert len(studies) == 5, "three screens of one, two of the other"
    assert all("mm" not in study.text and "diameters" not in study.values for study in studies)
    assert all("diameters" in study.values for study in _of(others[-1].subject, sequences))


def test_a_pair_of_first_and_last_screen_is_of_the_same_nodule(screens: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cohort made of any two screens has T0 beside T2, too."""
    datalist = load_datalist(screens)
    first, second, *_ = datalist.section("training")
    far = replace(second, nodule="n1-T0", t0=first.t0, interval_days=730.0)
    changed = replace(datalist, sections={**datalist.sections, "training": (first, second, far)})
    monkeypatch.setattr(screens_module, "load_datalist", lambda _: changed)
    sequences = screen_sequences(screens, "training")
    assert sorted(len(one.studies) for one in sequences) == [2, 3]
    assert all("diameters" in study.values for one in sequences for study in one.studies)


def test_a_study_of_which_nothing_is_known_is_refused(screens: Path, tmp_path: Path) -> None:
    table = pd.read_csv(screens / "ctab.csv")
    cohort = _with_table(screens, tmp_path, table[table["pid"] != 100_002])
    with pytest.raises(BundleError, match=r"^100002/n1/0: of sct_margins, sct_long_dia nothing is known"):
        screen_sequences(cohort, "training", ("sct_margins", "sct_long_dia"))


def test_a_diameter_below_nothing_is_refused_by_its_study(screens: Path, tmp_path: Path) -> None:
    table = pd.read_csv(screens / "ctab.csv")
    table.loc[1, "sct_perp_dia"] = -3
    with pytest.raises(BundleError, match=r"study 100001/n1/1: sct_perp_dia is -3.0, expected a number of mm above 0"):
        screen_sequences(_with_table(screens, tmp_path, table), "training")


def test_a_date_that_is_none_of_nlst_tells_no_screen(
    screens: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datalist = load_datalist(screens)
    first = datalist.section("training")[0]
    assert first.t0 is not None
    real = replace(first, t0=replace(first.t0, date="20150302"), t1=replace(first.t1, date="20160301"))
    changed = replace(datalist, sections={**datalist.sections, "training": (real,)})
    monkeypatch.setattr(screens_module, "load_datalist", lambda _: changed)
    for study in _of(first.subject, screen_sequences(screens, "training")):
        assert "Screening year" not in study.text
        assert "mm" not in study.text


def test_a_scan_without_a_date_has_no_year_and_no_nodule_row(
    screens: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datalist = load_datalist(screens)
    undated = {
        name: tuple(replace(pair, t0=replace(pair.t0, date=None), t1=replace(pair.t1, date=None)) for pair in pairs)
        for name, pairs in datalist.sections.items()
    }
    monkeypatch.setattr(screens_module, "load_datalist", lambda _: replace(datalist, sections=undated))
    for sequence in screen_sequences(screens, "training"):
        assert all("Screening year" not in study.text for study in sequence.studies)
        assert all("diameters" not in study.values for study in sequence.studies)


def test_a_cohort_without_the_table_is_refused(small_cohort: Path) -> None:
    with pytest.raises(BundleError, match=r"ctab\.csv"):
        screen_sequences(small_cohort)
