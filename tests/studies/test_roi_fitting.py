"""Small trainings on ROIs in memory: interrupted, they end as if they had not been."""

from pathlib import Path

import pytest
import torch

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.networks import Network, create_system
from csfnet_bundle.studies.roi_fitting import STATE_NAME, WIDTH, Tensors, Training, fit, processor_minutes

SIZE = (8, 16, 16)
TRAINING = Training(epochs=2, batch_size=4)


def fresh() -> Network:
    torch.manual_seed(0)
    return create_system("csfnet", WIDTH, SIZE)


@pytest.fixture(scope="module")
def pairs() -> Tensors:
    generator = torch.Generator().manual_seed(0)
    return Tensors(
        torch.rand(8, 2, *SIZE, generator=generator),
        torch.ones(8, 6, dtype=torch.int64),
        torch.full((8,), 365.0),
        torch.tensor([0, 1] * 4),
    )


def test_an_interrupted_training_ends_as_an_undisturbed_one(pairs: Tensors, tmp_path: Path) -> None:
    epochs: list[float] = []

    def watch(network: Network) -> dict[str, float]:
        return {"head": next(network.parameters()).detach().sum().item()}

    def interrupt(network: Network) -> dict[str, float]:
        if epochs:
            raise KeyboardInterrupt
        epochs.append(1.0)
        return watch(network)

    whole = fit(fresh(), pairs, tmp_path / "whole", TRAINING, seed=0, name="whole", watch=watch)
    with pytest.raises(KeyboardInterrupt):
        fit(fresh(), pairs, tmp_path / "cut", TRAINING, seed=0, name="cut", watch=interrupt)
    cut = torch.load(tmp_path / "cut" / STATE_NAME, weights_only=True)
    again = fit(fresh(), pairs, tmp_path / "cut", TRAINING, seed=0, name="cut", watch=watch)
    assert again.watched == whole.watched
    for name, tensor in whole.network.state_dict().items():
        torch.testing.assert_close(again.network.state_dict()[name], tensor, rtol=0, atol=0)
    assert again.processor_seconds > cut["seconds"] > 0  # what the first epoch took counts too


def test_a_trial_says_what_its_fits_took_or_that_it_is_not_known() -> None:
    assert processor_minutes([{"processor_seconds": 90.0}, {"processor_seconds": 150.0}]).startswith(
        "4 processor minutes for 2 fits"
    )
    assert "for none of 2 fits" in processor_minutes([{}, {"processor_seconds": None}])
    assert "for 1 of 2 fits" in processor_minutes([{"processor_seconds": 90.0}, {}])


def test_a_training_that_an_earlier_version_began_goes_on(pairs: Tensors, tmp_path: Path) -> None:
    fit(fresh(), pairs, tmp_path, TRAINING, seed=0, name="first")
    state = torch.load(tmp_path / STATE_NAME, weights_only=True)
    del state["seconds"]
    torch.save(state, tmp_path / STATE_NAME)
    assert fit(fresh(), pairs, tmp_path, TRAINING, seed=0, name="again").told_seconds is None


def test_another_training_in_the_same_folder_is_rejected(pairs: Tensors, tmp_path: Path) -> None:
    fit(fresh(), pairs, tmp_path, Training(epochs=1, batch_size=8), seed=0, name="first")
    with pytest.raises(BundleError, match="of a training with other settings"):
        fit(fresh(), pairs, tmp_path, Training(epochs=1, batch_size=4), seed=0, name="second")


def test_the_rate_falls_by_a_cosine_or_in_ten_steps() -> None:
    parameter = torch.nn.Parameter(torch.zeros(1))

    def rates(training: Training) -> list[float]:
        optimizer = torch.optim.SGD([parameter], lr=training.learning_rate)
        scheduler, found = training.scheduler(optimizer), []
        for _ in range(training.epochs):
            optimizer.step()
            scheduler.step()
            found.append(optimizer.param_groups[0]["lr"])
        return found

    assert rates(Training(20))[-1] == pytest.approx(0, abs=1e-9)
    assert rates(Training(20, rate_factor=0.5))[-1] == pytest.approx(3e-3 * 0.5**10)


def test_flips_are_along_the_named_axes_and_alike_in_both_scans() -> None:
    from csfnet_bundle.studies.roi_fitting import _flipped

    image = torch.arange(4 * 2 * 3 * 2 * 2.0).reshape(4, 2, 3, 2, 2)
    flipped = _flipped(image, (0,), torch.Generator().manual_seed(1))
    assert not torch.equal(flipped, image)
    for before, after in zip(image, flipped, strict=True):
        assert torch.equal(after, before) or torch.equal(after, before.flip(1))
