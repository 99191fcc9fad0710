from pathlib import Path

import pytest
import torch
from helpers.tiny_training import TinyNetwork

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs import RoiSettings
from csfnet_bundle.records import load_datalist
from csfnet_bundle.training.best_model import BestModel
from csfnet_bundle.training.seen_patients import SEEN_PATIENTS, check_unseen, read_seen_patients, remember_patients
from csfnet_bundle.training.transfer import transfer_weights


def _pretrained(path: Path, subjects: list[str]) -> Path:
    weights = TinyNetwork().state_dict()
    torch.save({"model": weights, "provenance": {SEEN_PATIENTS: remember_patients(subjects)}}, path)
    return path


def _subjects(cohort: Path, section: str) -> list[str]:
    return [pair.subject for pair in load_datalist(cohort).section(section)]


def test_weights_of_the_training_patients_are_taken(small_cohort: Path, tmp_path: Path) -> None:
    network = TinyNetwork()
    source = _pretrained(tmp_path / "pretrained.pt", _subjects(small_cohort, "training"))
    transfer = transfer_weights(network, source)
    best = BestModel(network, RoiSettings().to_plain(), small_cohort, tmp_path, transfer)
    assert transfer is not None
    assert set(transfer.copied) == set(network.state_dict())
    assert best.history == []


@pytest.mark.parametrize("section", ["validation", "test"])
def test_weights_that_saw_a_held_out_patient_are_refused_with_the_patients_name(
    small_cohort: Path, tmp_path: Path, section: str
) -> None:
    network = TinyNetwork()
    patient = _subjects(small_cohort, section)[-1]
    source = _pretrained(tmp_path / "pretrained.pt", [*_subjects(small_cohort, "training"), patient])
    transfer = transfer_weights(network, source)
    with pytest.raises(BundleError, match=f"{source}.*patient {patient}, who is held out in '{section}'"):
        BestModel(network, RoiSettings().to_plain(), small_cohort, tmp_path, transfer)


def test_the_list_names_no_patient_and_two_lists_cannot_be_joined() -> None:
    first, second = remember_patients(["101", "102", "101"]), remember_patients(["101", "102"])
    assert len(first["hashes"]) == 2
    assert not set(first["hashes"]) & set(second["hashes"])
    assert "101" not in first["hashes"]


@pytest.mark.parametrize("damaged", [{"salt": "ab"}, {"salt": "ab", "hashes": 5}, ["101"]])
def test_a_damaged_list_is_said_so(small_cohort: Path, tmp_path: Path, damaged: object) -> None:
    network, source = TinyNetwork(), tmp_path / "pretrained.pt"
    torch.save({"model": network.state_dict(), "provenance": {SEEN_PATIENTS: damaged}}, source)
    with pytest.raises(BundleError, match=f"{source}: its list of the patients .* is damaged"):
        BestModel(network, RoiSettings().to_plain(), small_cohort, tmp_path, transfer_weights(network, source))


def test_a_file_tells_its_patients_or_nothing(small_cohort: Path, tmp_path: Path) -> None:
    source = _pretrained(tmp_path / "pretrained.pt", _subjects(small_cohort, "training"))
    first = _subjects(small_cohort, "training")[0]
    with pytest.raises(BundleError, match=f"patient {first}, who is held out in 'training'"):
        check_unseen(read_seen_patients(source), small_cohort, "pretrained.pt", ("training",))
    torch.save(TinyNetwork().state_dict(), tmp_path / "weights.pt")
    assert read_seen_patients(tmp_path / "weights.pt") == {}
