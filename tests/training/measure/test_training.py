"""Training through its real entry point, on a few volumes."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from helpers.drawn_spheres import sphere_cube
from helpers.lidc_folder import write_lidc_folder

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.nodule.network import load_network
from csfnet_bundle.training.measure import loop, training
from csfnet_bundle.training.measure.folds import patient_fold
from csfnet_bundle.training.measure.loop import LEARNING_RATE, decay_start, learning_rate
from csfnet_bundle.training.measure.loss import measuring_loss
from csfnet_bundle.training.measure.training import Training, train_measure

PATIENTS = ["a", "b", "c"]


@pytest.fixture
def few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """LIDC's folder with six volumes of two patients; few drawn nodules; a state at every second step."""
    monkeypatch.setattr(training, "DRAWN", 3)
    monkeypatch.setattr(loop, "SAVE_EVERY", 2)
    return write_lidc_folder(tmp_path / "lidc", [*PATIENTS, *PATIENTS])


def test_an_interrupted_training_ends_as_an_uninterrupted_one(
    few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    train_measure(Training(few, whole, steps=4), whole / "measure.ts")
    seen = []

    def interrupted(*arguments: torch.Tensor) -> torch.Tensor:
        seen.append(arguments)
        if len(seen) == 4:
            raise KeyboardInterrupt
        return measuring_loss(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(loop, "measuring_loss", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train_measure(Training(few, parted, steps=4), parted / "measure.ts")
    assert torch.load(parted / "all.state.pt", weights_only=True)["step"] == 2
    assert not (parted / "measure.ts").exists()
    train_measure(Training(few, parted, steps=4), parted / "measure.ts")
    states = [torch.load(folder / "all.state.pt", weights_only=True) for folder in (whole, parted)]
    for name, value in states[0]["average"].items():
        assert torch.equal(value, states[1]["average"][name]), name


def test_a_run_can_be_ended_earlier_before_its_rate_falls(few: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    train_measure(Training(few, out, steps=2), tmp_path / "a.ts")
    assert decay_start(4) == 3
    train_measure(Training(few, out, steps=4), tmp_path / "a.ts")
    assert torch.load(out / "all.state.pt", weights_only=True)["run"]["steps"] == 4
    with pytest.raises(BundleError, match="'steps': 4"):
        train_measure(Training(few, out, steps=5), tmp_path / "a.ts")


def test_the_file_runs_with_torch_alone_and_its_description_says_what_it_is(few: Path, tmp_path: Path) -> None:
    file = tmp_path / "out" / "measure.ts"
    train_measure(Training(few, tmp_path / "out", steps=2, fold=patient_fold(PATIENTS[0])), file)
    known = json.loads(file.with_suffix(".json").read_text())
    provenance = known["provenance"]
    assert provenance["held_out_fold"] == patient_fold(PATIENTS[0])
    assert (provenance["patients"], provenance["held_out_patients"], provenance["volumes"]) == (2, 1, 4)
    assert provenance["run"]["steps"] == 2
    assert "CC BY" in known["attribution"] or "Attribution 3.0" in known["attribution"]
    assert file.stat().st_size < 2e6
    network = load_network(file)
    answer = network.segment([sphere_cube(10.0)])[0]
    assert answer.share.shape == (64, 64, 64)
    assert 0 <= answer.share.min() <= answer.share.max() <= 1


def test_a_state_of_other_settings_is_refused(few: Path, tmp_path: Path) -> None:
    train_measure(Training(few, tmp_path / "out", steps=2), tmp_path / "a.ts")
    with pytest.raises(BundleError, match="'seed': 0"):
        train_measure(Training(few, tmp_path / "out", steps=2, seed=1), tmp_path / "a.ts")
    for wrong in ({"fold": 5}, {"steps": 0}):
        with pytest.raises(BundleError, match=f"{next(iter(wrong))} is"):
            train_measure(Training(few, tmp_path / "out", **wrong), tmp_path / "a.ts")  # type: ignore[arg-type]


def test_the_rate_rises_stays_and_falls() -> None:
    rates = [learning_rate(step, 1000) for step in range(1000)]
    assert rates[0] < rates[50] < rates[100] == LEARNING_RATE
    assert rates[600] == LEARNING_RATE
    assert all(a >= b for a, b in pairwise(rates[100:]))
    assert rates[-1] < LEARNING_RATE / 1000
