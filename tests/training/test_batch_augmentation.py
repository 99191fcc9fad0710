"""A batch is flipped and turned as MONAI's transforms do it, on either way through memory."""

import numpy as np
import pytest
import torch
from monai.transforms import Flip, Rotate90

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs.transforms import random_augmentation
from csfnet_bundle.training import batch_augmentation
from csfnet_bundle.training.batch_augmentation import FlipsAndTurns

ALL_CODES = torch.cartesian_prod(torch.arange(2), torch.arange(2), torch.arange(2), torch.arange(4))


@pytest.mark.parametrize("way", [batch_augmentation._one_by_one, batch_augmentation._by_kind])
def test_every_kind_is_what_monai_does(way) -> None:
    images = torch.randn(5, 2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    indices = torch.arange(len(ALL_CODES)) % len(images)
    taken = way(images, indices, ALL_CODES)
    for item, index, (flip_d, flip_h, flip_w, turns) in zip(taken, indices, ALL_CODES.tolist(), strict=True):
        expected = images[index]
        for axis, flip in enumerate((flip_d, flip_h, flip_w)):
            expected = Flip(axis)(expected) if flip else expected
        expected = Rotate90(turns, (1, 2))(expected) if turns else expected
        torch.testing.assert_close(item, torch.as_tensor(np.asarray(expected)), rtol=0, atol=0)


def test_draws_are_as_frequent_as_asked_for_and_follow_from_the_seed() -> None:
    torch.manual_seed(3)
    codes = FlipsAndTurns(0.25).draw(20_000)
    torch.manual_seed(3)
    assert torch.equal(FlipsAndTurns(0.25).draw(20_000), codes)
    shares = (codes[:, :3] == 1).double().mean(0)
    torch.testing.assert_close(shares, torch.full((3,), 0.25, dtype=torch.float64), rtol=0, atol=0.015)
    turns = torch.bincount(codes[:, 3], minlength=4) / len(codes)
    torch.testing.assert_close(turns, torch.tensor([0.75, 1 / 12, 1 / 12, 1 / 12]), rtol=0, atol=0.015)


def test_it_is_made_from_the_settings_for_items_or_rejects_them() -> None:
    assert FlipsAndTurns.of(random_augmentation(0.3)) == FlipsAndTurns(0.3)
    for more in ({"shift_probability": 0.5}, {"prior_dropout_probability": 0.5}):
        with pytest.raises(BundleError, match="a loader in memory flips and turns alone"):
            FlipsAndTurns.of(random_augmentation(0.3, **more))
