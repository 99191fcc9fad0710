from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from medst_cohort import SECTIONS

from csfnet_bundle.errors import BundleError
from csfnet_bundle.medst import RoiPlace
from csfnet_bundle.medst import screens as screens_module
from csfnet_bundle.medst.screens import screen_sequences
from csfnet_bundle.pairs import load_datalist


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
            assert "grown" in later[0].change_text
            assert "shrunk" in later[0].reversed_text


def test_several_nodules_of_one_year_say_nothing_about_this_one(screens: Path, tmp_path: Path) -> None:
    table = pd.read_csv(screens / "ctab.csv")
    extra = table[table["pid"] == 100_001].assign(sct_ab_num=2, sct_long_dia=30)
    path = tmp_path / "ctab.csv"
    pd.concat([table, extra]).to_csv(path, index=False)
    sequence = next(one for one in screen_sequences(screens, "training", abnormalities=path) if one.patient == "100001")
    assert all("mm" not in study.text and "change" not in study.values for study in sequence.studies)


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
