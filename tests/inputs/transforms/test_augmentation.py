"""What augmentation may do to a pair: move both scans alike, and nothing else."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from csfnet_bundle.inputs.transforms import random_augmentation

SIZE = (6, 12, 12)
SEEDS = st.integers(0, 2**32 - 1)
EVERYTHING = {"flip_probability": 0.5, "rotate_probability": 1.0, "shift_probability": 1.0}
ROUNDING = 1e-5


def _augment(image: torch.Tensor, seed: int, **options: object) -> torch.Tensor:
    transform = random_augmentation(**options)
    transform.set_random_state(seed=seed)
    return torch.as_tensor(transform({"image": image})["image"])


def _noise(seed: int = 0) -> torch.Tensor:
    return torch.rand(SIZE, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_both_scans_move_alike(seed: int) -> None:
    """Two equal channels stay equal, and each moves as it would in any other company."""
    noise = _noise()
    both = _augment(torch.stack([noise, noise]), seed, **EVERYTHING)
    torch.testing.assert_close(both[0], both[1], rtol=0, atol=0)
    other = _augment(torch.stack([noise, _noise(1)]), seed, **EVERYTHING)
    torch.testing.assert_close(other[0], both[0], rtol=0, atol=0)
    assert not torch.equal(other[1], both[1])


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_rotations_stay_in_plane(seed: int) -> None:
    """An image that changes along D alone is the same after any turn in plane."""
    layers = torch.arange(SIZE[0], dtype=torch.float32)[:, None, None].expand(SIZE)
    image = torch.stack([layers, layers + 1])
    turned = _augment(image, seed, flip_probability=0.0, rotate_probability=1.0)
    torch.testing.assert_close(turned, image, rtol=0, atol=ROUNDING)


def test_rotations_do_turn() -> None:
    image = _noise().expand(2, *SIZE)
    turned = _augment(image, 1, flip_probability=0.0, rotate_probability=1.0)
    assert not torch.allclose(turned, image, atol=0.01)


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.floats(-3, 3), st.floats(0.01, 5))
def test_nothing_is_clipped_or_added(seed: int, low: float, width: float) -> None:
    """Values stay between those that were there: also at the corners that turn into view."""
    image = low + width * torch.stack([_noise(), _noise(1)])
    changed = _augment(image, seed, **EVERYTHING)
    for before, after in zip(image, changed, strict=True):
        assert after.min() >= before.min() - ROUNDING * width
        assert after.max() <= before.max() + ROUNDING * width


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_flips_and_quarter_turns_keep_every_voxel(seed: int) -> None:
    image = torch.stack([_noise(), _noise(1)])
    changed = _augment(image, seed, flip_probability=0.5)
    assert changed.shape == image.shape
    for before, after in zip(image, changed, strict=True):
        torch.testing.assert_close(after.flatten().sort().values, before.flatten().sort().values, rtol=0, atol=0)
    sums = changed.sum((2, 3)), image.sum((2, 3))  # slices stay slices; at most their order turns round
    turned_round = torch.allclose(sums[0], sums[1].flip(1))
    assert turned_round or torch.allclose(*sums)


@pytest.mark.parametrize("axis", range(3))
def test_every_axis_is_flipped_sometimes(axis: int) -> None:
    ramp = torch.arange(SIZE[axis], dtype=torch.float32)
    image = ramp.reshape([-1 if other == axis else 1 for other in range(3)]).expand(SIZE).expand(2, *SIZE)
    place = tuple(0 for _ in range(4))
    seen = {float(_augment(image, seed, flip_probability=0.5)[place]) for seed in range(12)}
    assert {0.0, float(SIZE[axis] - 1)} <= seen


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_a_seed_repeats_itself(seed: int) -> None:
    image = torch.stack([_noise(), _noise(1)])
    first, second = (_augment(image, seed, **EVERYTHING) for _ in range(2))
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    assert not torch.equal(_augment(image, seed + 1, **EVERYTHING), first)


def test_without_probability_nothing_happens() -> None:
    image = torch.stack([_noise(), _noise(1)])
    assert torch.equal(_augment(image, 3, flip_probability=0.0), image)


def test_shifts_keep_to_their_limits() -> None:
    """A bright point moves by no more than was asked for along each axis, and by something."""
    size, limits = (15, 15, 15), np.array((1.0, 2.0, 3.0))
    image = torch.zeros(2, *size)
    image[:, 7, 7, 7] = 1.0
    moved = []
    for seed in range(20):
        changed = _augment(image, seed, flip_probability=0.0, shift_probability=1.0, shift_voxels=tuple(limits))[0]
        weight = changed.numpy() / changed.sum().item()
        moved.append([(weight * index).sum() - 7 for index in np.indices(size)])
    assert (np.abs(moved).max(axis=0) <= limits + 0.01).all()
    assert (np.abs(moved).max(axis=0) > limits / 2).all()
