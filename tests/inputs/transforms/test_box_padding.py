"""Random padding of boxed volumes: a smaller box of the same voxels, and what a training makes of its config."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs.transforms import RandBoxPaddingd

WINDOW = (-1200.0, 600.0)
PADDING = (-1024 - WINDOW[0]) / (WINDOW[1] - WINDOW[0])
SEEDS = st.integers(0, 2**32 - 1)
EDGE = st.integers(1, 10)


def _boxed(size: tuple[int, int, int], *boxes: tuple[slice, slice, slice]) -> torch.Tensor:
    """One channel for each box: noise inside it, padding outside."""
    noise = torch.rand((len(boxes), *size), generator=torch.Generator().manual_seed(0)) * 0.5 + 0.5
    image = torch.full_like(noise, PADDING)
    for channel, box in enumerate(boxes):
        image[channel][box] = noise[channel][box]
    return image


def _visible(channel: torch.Tensor) -> list[tuple[int, int]]:
    """First and one past the last voxel along D, H and W that is not padding."""
    places = (channel != PADDING).nonzero()
    return [(int(places[:, axis].min()), int(places[:, axis].max()) + 1) for axis in range(3)]


def _pad(image: torch.Tensor, seed: int, **options: object) -> torch.Tensor:
    transform = RandBoxPaddingd(window=WINDOW, **options)
    transform.set_random_state(seed=seed)
    return transform({"image": image})["image"]


@settings(max_examples=50, deadline=None)
@given(SEEDS, st.tuples(EDGE, EDGE, EDGE), st.floats(0.0, 0.49))
def test_a_smaller_box_of_the_same_voxels_is_left(seed, extent, share) -> None:
    image = _boxed((12, 14, 16), tuple(slice(1, 1 + edge) for edge in extent))
    padded = _pad(image, seed, prob=1.0, largest_share=share)
    inside = padded != PADDING
    assert torch.equal(padded[inside], image[inside])
    for edge, (first, last) in zip(extent, _visible(padded[0]), strict=True):
        assert 0 <= first - 1 <= share * edge
        assert 0 <= 1 + edge - last <= share * edge
        assert last > first
    (d0, d1), (h0, h1), (w0, w1) = _visible(padded[0])
    assert bool(inside[0, d0:d1, h0:h1, w0:w1].all())


def test_the_box_no_longer_tells_its_size() -> None:
    small, large = (_boxed((20, 20, 20), (slice(0, edge),) * 3) for edge in (16, 20))
    depths = [
        {_visible(_pad(image, seed, prob=1.0, largest_share=0.3)[0])[0] for seed in range(60)}
        for image in (small, large)
    ]
    lengths = [{last - first for first, last in seen} for seen in depths]
    assert len(lengths[0] & lengths[1]) >= 3


def test_both_scans_lose_the_same_shares_of_their_own_boxes() -> None:
    box = (slice(2, 12), slice(2, 12), slice(2, 12))
    padded = _pad(_boxed((14, 14, 14), box, box, tuple(slice(0, 14) for _ in range(3))), 3, prob=1.0)
    assert _visible(padded[0]) == _visible(padded[1])
    assert _visible(padded[2]) != _visible(padded[0])


def test_it_is_random_and_can_be_repeated() -> None:
    image = _boxed((20, 20, 20), (slice(0, 20),) * 3)
    assert torch.equal(_pad(image, 5, prob=1.0), _pad(image, 5, prob=1.0))
    assert torch.equal(_pad(image, 5, prob=0.0), image)
    changed = np.mean([not torch.equal(_pad(image, seed, prob=0.5), image) for seed in range(200)])
    assert 0.4 < changed < 0.6


def test_nothing_but_padding_stays_as_it_is() -> None:
    image = torch.full((2, 4, 4, 4), PADDING)
    assert torch.equal(_pad(image, 0, prob=1.0), image)


def test_a_share_that_would_leave_nothing_is_refused() -> None:
    with pytest.raises(BundleError, match="below a half"):
        RandBoxPaddingd(largest_share=0.5)
