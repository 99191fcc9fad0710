"""Whether t0 shows anything like the nodule: in noise, beside faint nodules, and for shrunk ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from csfnet_bundle.geometry import Volume
from csfnet_bundle.scans.presence import core_contrast, is_absent

LUNG_HU = -860.0
EDGE_MM = 0.7, 0.7, 1.25
SHAPE = 72, 72, 40


def noisy_lung(seed: int, noise_hu: float, nodule_hu: float = 0.0) -> Volume:
    """Lung in the noise of a low dose, correlated in plane; a ball of 3 mm radius in the middle stands out of it."""
    rng = np.random.default_rng(seed)
    noise = ndimage.gaussian_filter(rng.standard_normal(SHAPE), (1.0, 1.0, 0.0))
    array = LUNG_HU + noise_hu * noise / noise.std()
    places = [(np.arange(size) - (size - 1) / 2) * edge for size, edge in zip(SHAPE, EDGE_MM, strict=True)]
    distance = np.linalg.norm(np.stack(np.meshgrid(*places, indexing="ij")), axis=0)
    affine = np.diag([*EDGE_MM, 1.0])
    affine[:3, 3] = [place[0] for place in places]
    return Volume((array + nodule_hu * (distance <= 3.0)).astype(np.float32), affine)


@pytest.mark.parametrize("contrast1", [150.0, 200.0, 300.0, 800.0])
def test_empty_lung_of_a_low_dose_shows_nothing_like_a_nodule(contrast1: float) -> None:
    empty = [core_contrast(noisy_lung(seed, 60.0), np.zeros(3)) for seed in range(30)]
    assert np.mean([is_absent(one, contrast1) for one in empty]) >= 0.9


@pytest.mark.parametrize("contrast1", [200.0, 300.0, 800.0])
def test_a_nodule_of_half_the_contrast_is_there(contrast1: float) -> None:
    shown = [core_contrast(noisy_lung(seed, 60.0, contrast1 / 2), np.zeros(3)) for seed in range(10)]
    assert not any(is_absent(one, contrast1) for one in shown)


def test_without_a_core_in_t1_nothing_can_be_missed() -> None:
    assert not is_absent(0.0, 119.0)
    assert is_absent(0.0, 121.0)


@pytest.mark.parametrize(
    ("contrast0", "contrast1", "expected"),
    [
        (116.0, 529.0, False),  # a part-solid nodule of 6 mm, shrunk to .15 of its volume
        (59.0, 300.0, True),  # noise
        (61.0, 300.0, False),
        (59.0, 130.0, False),  # noise perhaps, but more than .4 of a faint nodule
        (125.0, 850.0, True),  # below .15
        (130.0, 850.0, False),
    ],
)
def test_where_nothing_ends(contrast0: float, contrast1: float, expected: bool) -> None:
    assert is_absent(contrast0, contrast1) is expected
