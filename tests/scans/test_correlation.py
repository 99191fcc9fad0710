import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from csfnet_bundle.scans.correlation import find_peak

REACH, HALF = 5, 6


def texture(seed: int, side: int = 2 * (HALF + REACH) + 1) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal((side,) * 3)
    return (ndimage.gaussian_filter(noise, 1.5) * 2000 - 800).astype(np.float32)


def middle(image: np.ndarray, offset: tuple[int, ...] = (0, 0, 0)) -> np.ndarray:
    return image[tuple(slice(REACH + n, REACH + n + 2 * HALF + 1) for n in offset)]


FLAT = np.ones((2 * HALF + 1,) * 3, np.float32)
SHIFTS = st.tuples(*[st.integers(1 - REACH, REACH - 1)] * 3)


@given(shift=SHIFTS, seed=st.integers(0, 99), scale=st.floats(0.3, 3), offset=st.floats(-200, 200))
def test_a_block_is_found_where_it_was_cut_whatever_the_brightness(
    shift: tuple[int, int, int], seed: int, scale: float, offset: float
) -> None:
    image = texture(seed)
    peak = find_peak((middle(image, shift) * scale + offset).astype(np.float32), FLAT, image)
    np.testing.assert_allclose(peak.offset, shift, atol=0.25)
    assert peak.height == pytest.approx(1, abs=1e-4)
    assert not peak.is_at_edge


def test_heights_are_the_weighted_correlation() -> None:
    image, other = texture(1), middle(texture(2))
    weight = np.random.default_rng(3).uniform(0, 1, FLAT.shape).astype(np.float32)
    peak = find_peak(other, weight, image)
    place = tuple(int(n) for n in np.rint(peak.offset))
    w = weight / weight.sum()
    here = middle(image, place).astype(float)
    f, g = other - (w * other).sum(), here - (w * here).sum()
    assert peak.height == pytest.approx((w * f * g).sum() / np.sqrt((w * f**2).sum() * (w * g**2).sum()), abs=1e-4)


def test_what_has_no_weight_does_not_count() -> None:
    image = texture(4)
    template, weight = middle(image, (2, -1, 3)).copy(), FLAT.copy()
    template[:, :4] = 500.0  # a rib
    weight[:, :4] = 0.0
    np.testing.assert_allclose(find_peak(template, weight, image).offset, (2, -1, 3), atol=0.25)


def test_between_voxels() -> None:
    image = texture(5)
    moved = ndimage.shift(image, (0.4, -0.3, 0.0), order=3, mode="nearest")
    np.testing.assert_allclose(find_peak(middle(image), FLAT, moved).offset, (0.4, -0.3, 0.0), atol=0.1)


def test_a_peak_on_the_windows_edge_is_told() -> None:
    image = texture(6)
    assert find_peak(middle(image, (REACH, 0, 0)), FLAT, image).is_at_edge


@pytest.mark.parametrize("empty", ["template", "image", "weight"])
def test_where_nothing_is_to_be_seen_nothing_is_found(empty: str) -> None:
    image = texture(7)
    parts = {"template": middle(image), "weight": FLAT, "image": image}
    parts[empty] = np.zeros_like(parts[empty])
    assert find_peak(**parts).height == 0
