"""Dropping t0: t1 in both channels and no interval, as often as asked, after all that could make the two differ."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs.transforms import RandomlyDropPriord, random_augmentation
from csfnet_bundle.networks.prior_presence import prior_present

SIZE = (4, 8, 8)
EVERYTHING = {"flip_probability": 0.5, "rotate_probability": 1.0, "shift_probability": 1.0}


def _record(seed: int = 0) -> dict[str, torch.Tensor]:
    image = torch.rand(2, *SIZE, generator=torch.Generator().manual_seed(seed))
    return {"image": image, "interval_days": torch.tensor(365.0)}


def test_half_the_pairs_lose_their_prior() -> None:
    transform = RandomlyDropPriord(0.5).set_random_state(seed=0)
    before = _record()
    after = [transform(before) for _ in range(200)]
    dropped = [record for record in after if not bool(prior_present(record["image"][None]))]
    assert 70 < len(dropped) < 130  # four standard deviations of 200 tosses
    for record in dropped:
        assert torch.equal(record["image"][0], before["image"][1])
        assert torch.equal(record["image"][1], before["image"][1])
        assert torch.isnan(record["interval_days"])
    kept = next(record for record in after if torch.isfinite(record["interval_days"]))
    assert torch.equal(kept["image"], before["image"])
    assert torch.equal(before["image"], _record()["image"])  # what is given stays as it was


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_it_comes_last_and_changes_no_other_random_number(seed: int) -> None:
    plain = random_augmentation(**EVERYTHING).set_random_state(seed=seed)
    dropping = random_augmentation(**EVERYTHING, prior_dropout_probability=0.9).set_random_state(seed=seed)
    for number in range(4):
        with_prior, without = plain(_record(number)), dropping(_record(number))
        assert torch.equal(torch.as_tensor(with_prior["image"][1]), torch.as_tensor(without["image"][1]))
        lost = bool(torch.isnan(without["interval_days"]))
        assert bool(prior_present(torch.as_tensor(without["image"])[None])) != lost


@pytest.mark.parametrize("probability", [-0.1, 1.0, 25])
def test_no_probability_or_a_loss_of_all_is_refused(probability: float) -> None:
    with pytest.raises(BundleError, match=f"prior dropout: the probability .* is {probability}, expected 0 to less"):
        random_augmentation(prior_dropout_probability=probability)
