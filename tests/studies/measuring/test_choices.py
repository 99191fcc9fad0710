"""Cores are tried on patients that the network was trained on, and the table tells how each does."""

from pathlib import Path

import pytest
from helpers.drawn_spheres import NETWORK
from helpers.lidc_folder import write_lidc_folder

from csfnet_bundle.studies.measuring.choices import CORES, RIMS, choice_cases, choice_rows, choices_table, rims_table
from csfnet_bundle.training.measure.folds import patient_fold

PATIENTS = ["a", "b", "c", "d", "e"]


def test_held_out_patients_are_not_looked_at(tmp_path: Path) -> None:
    folder = write_lidc_folder(tmp_path / "lidc", PATIENTS)
    fold = patient_fold("b")
    trained_on = {f"{n}" for n, patient in enumerate(PATIENTS) if patient_fold(patient) != fold}
    cases = choice_cases(folder, tmp_path, fold, 70)
    assert {case.name for case in cases} == trained_on
    assert [case.name for case in choice_cases(folder, tmp_path, fold, 2)] == [case.name for case in cases[:2]]


def test_a_higher_core_gives_no_larger_volume_and_rows_are_kept(tmp_path: Path) -> None:
    folder = write_lidc_folder(tmp_path / "lidc", PATIENTS[:2])
    cases = choice_cases(folder, tmp_path, -1, 2)
    rows = choice_rows(cases, NETWORK, tmp_path / "out")
    for row in rows:
        volumes = [row["cores"][f"{core:g}"]["mm3"] for core in CORES]
        assert volumes == sorted(volumes, reverse=True)
        assert volumes[0] == pytest.approx(row["true_mm3"], rel=0.35)
    assert choice_rows(cases, NETWORK, tmp_path / "out") == rows
    table = choices_table(rows)
    assert table.startswith("2 volumes.")
    assert len(table.splitlines()) == 4 + len(CORES)
    assert "0.9 (taken)" in table
    for row in rows:
        wider = [row["rims"][str(rim)] for rim in RIMS]
        assert wider == sorted(wider)
        assert row["rims"]["2"] == row["cores"]["0.9"]["mm3"]
    rims = rims_table(rows)
    assert "2 (taken)" in rims
    assert len(rims.splitlines()) == 2 + len(RIMS)
