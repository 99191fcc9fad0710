from functools import partial
from pathlib import Path

import pytest
import torch
from helpers.tiny_training import TinyNetwork

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs import RoiSettings
from csfnet_bundle.prediction.data import data_description
from csfnet_bundle.prediction.seen_patients import (
    SEEN_PATIENTS,
    check_unseen,
    read_seen_patients,
    remember_patients,
    remember_sections,
    seen_among,
)
from csfnet_bundle.records import Datalist, load_datalist, save_datalist
from csfnet_bundle.training.best_model import BestModel
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


@pytest.mark.parametrize("damaged", [{"salt": "ab"}, {"salt": "ab", "hashes": 5}, [["101"]]])
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
    assert read_seen_patients(tmp_path / "weights.pt") == []


def test_a_phantoms_numbers_are_those_of_its_seed_alone() -> None:
    """Every phantom cohort counts its subjects from one; another seed's are other subjects."""
    seen = [remember_patients(["100001"], "phantom, seed 1"), remember_patients(["205714"], "")]
    found = partial(seen_among, seen, ["100001", "205714"], "model.pt")
    assert found("phantom, seed 1") == ["100001"]
    assert found("phantom, seed 2") == []
    assert found("") == ["205714"]
    assert found() == ["100001", "205714"]


def test_trained_weights_tell_their_patients_and_those_of_their_ancestors(small_cohort: Path, tmp_path: Path) -> None:
    """Of a public cohort without being asked, of another one only when asked; never of its test patients."""
    network, roi = TinyNetwork(), RoiSettings().to_plain()
    ancestor = _pretrained(tmp_path / "pretrained.pt", ["ancestor"])
    transfer = transfer_weights(network, ancestor)
    cohort = data_description(small_cohort).patients_of
    held_out, trained_on = _subjects(small_cohort, "test"), _subjects(small_cohort, "training")
    validated = _subjects(small_cohort, "validation")

    def seen(**options: bool) -> list[str]:
        best = BestModel(network, roi, small_cohort, tmp_path, transfer, **options)
        subjects = [*trained_on, *validated, *held_out, "ancestor"]
        return seen_among(best.seen_patients(), subjects, "model.pt", cohort)

    assert data_description(small_cohort).public
    assert seen() == seen(remember_patients=True) == [*trained_on, *validated, "ancestor"]
    assert seen(remember_patients=False) == ["ancestor"]
    assert BestModel(network, roi, small_cohort, tmp_path, remember_patients=False).seen_patients() == []


def test_patients_who_chose_the_epoch_may_choose_again_and_never_judge(small_cohort: Path) -> None:
    """A training that goes on from another one on the same split keeps its validation patients."""
    seen = [remember_sections(small_cohort, ("training",), ("validation",))]
    check_unseen(seen, small_cohort, "model.pt")
    chosen_by = _subjects(small_cohort, "validation")[0]
    assert seen_among(seen, [chosen_by], "model.pt") == [chosen_by]
    assert seen_among(seen, [chosen_by], "model.pt", chosen_by_too=False) == []
    trained = [remember_sections(small_cohort, ("training", "validation"))]
    with pytest.raises(BundleError, match=f"patient {chosen_by}, who is held out in 'validation'"):
        check_unseen(trained, small_cohort, "model.pt")


def test_only_public_cohorts_are_told_of_by_default(small_cohort: Path, tmp_path: Path) -> None:
    datalist = load_datalist(small_cohort)
    for provenance, public in (({"source": "nlst"}, False), ({"source": "lidc-voi"}, True), ({}, False)):
        save_datalist(Datalist(tmp_path, datalist.sections, {"name": "real", "provenance": provenance}))
        best = BestModel(TinyNetwork(), RoiSettings().to_plain(), tmp_path, tmp_path)
        assert data_description(tmp_path).public is public
        assert bool(best.seen_patients()) is public


def test_an_override_is_told_in_the_weights(small_cohort: Path, tmp_path: Path) -> None:
    network, patient = TinyNetwork(), _subjects(small_cohort, "test")[0]
    transfer = transfer_weights(network, _pretrained(tmp_path / "pretrained.pt", [patient]))
    arguments = (network, RoiSettings().to_plain(), small_cohort, tmp_path, transfer)
    with pytest.raises(BundleError, match="--accept_seen_patients=true"):
        BestModel(*arguments)
    assert BestModel(*arguments, accept_seen_patients=True).accepted["seen_patients_accepted"].startswith("1 of ")


def test_the_same_cohort_gives_the_same_list(small_cohort: Path) -> None:
    assert remember_sections(small_cohort, ("training",)) == remember_sections(small_cohort, ("training",))
