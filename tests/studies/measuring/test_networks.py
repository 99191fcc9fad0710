"""Which network measures which case, and which networks are rejected."""

from pathlib import Path

import pytest
from helpers.measuring_networks import write_network, write_networks

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.studies.measuring.cases import Case, Loaded
from csfnet_bundle.studies.measuring.networks import load_networks
from csfnet_bundle.training.measure.folds import patient_fold
from csfnet_bundle.training.measure.training import file_name


def never_loaded() -> Loaded:
    raise AssertionError


def test_a_patient_is_measured_by_the_network_that_has_not_seen_him(tmp_path: Path) -> None:
    networks = load_networks(*write_networks(tmp_path))
    for patient in ("LIDC-IDRI-0001", "LIDC-IDRI-0002", "LIDC-IDRI-0010"):
        found = networks.of(Case("readers", "x", never_loaded, patient=patient))
        assert found.sha256 == networks.known_folds[str(patient_fold(patient))]["sha256"]
    assert networks.of(Case("drawn", "x", never_loaded)).sha256 == networks.known["sha256"]
    assert len({one["sha256"] for one in networks.known_folds.values()} | {networks.known["sha256"]}) == 6


@pytest.mark.parametrize(
    ("fold", "steps", "words"),
    [
        (2, 2800, "trained without those of fold 2, expected without those of fold 1"),
        (None, 2800, "trained on all patients, expected without those of fold 1"),
        (1, 100, "trained otherwise than the one that is used: steps 100"),
    ],
)
def test_a_network_of_another_fold_or_length_is_rejected(
    tmp_path: Path, fold: int | None, steps: int, words: str
) -> None:
    model, folder = write_networks(tmp_path)
    write_network(folder / file_name(1), fold, steps)
    with pytest.raises(BundleError, match=words):
        load_networks(model, folder)


def test_without_folds_the_patients_that_the_used_network_lacks_are_judged(tmp_path: Path) -> None:
    fold = patient_fold("LIDC-IDRI-0001")
    networks = load_networks(write_network(tmp_path / "measure.ts", fold), None)
    known, other = (Case("readers", "x", never_loaded, patient=name) for name in ("LIDC-IDRI-0001", "LIDC-IDRI-0004"))
    assert networks.judges(known)
    assert not networks.judges(other)
    assert networks.of(known) is networks.of(other) is networks.used
    with pytest.raises(BundleError, match="nothing is left to judge it by"):
        load_networks(write_network(tmp_path / "all.ts", None), None)


def test_a_used_network_that_lacks_patients_and_a_missing_fold_are_rejected(tmp_path: Path) -> None:
    model, folder = write_networks(tmp_path)
    with pytest.raises(BundleError, match="trained without those of fold 3, expected on all patients"):
        load_networks(folder / file_name(3), folder)
    (folder / file_name(4)).unlink()
    with pytest.raises(BundleError, match="no network"):
        load_networks(model, folder)
