"""Blocks are smoothed before they are compared: by how much, and what it is for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from csfnet_bundle.geometry import RoiGrid, Volume
from csfnet_bundle.scans.local_search import COARSE, HIGHEST_HU, LOWEST_HU, SMOOTHING_MM, Surroundings
from csfnet_bundle.scans.lungs import Lungs
from csfnet_bundle.scans.thinned import THINNED_MM, ThinnedScan

EDGES_MM = np.array([0.8, 0.8, 1.25])
SHAPE = (140, 140, 90)
MOVED_MM = np.array([6.0, -4.0, 5.0])


def block(array: np.ndarray) -> Volume:
    """A block around the origin."""
    affine = np.diag([*EDGES_MM, 1.0])
    affine[:3, 3] = -EDGES_MM * (np.array(SHAPE) - 1) / 2
    return Volume(array.astype(np.float32), affine)


def surroundings(block0: Volume, block1: Volume) -> Surroundings:
    """Both blocks in the middle of lung that fills everything."""
    size = 40
    start = np.full(3, -THINNED_MM * (size - 1) / 2)
    grid = RoiGrid((0.0, 0.0, 0.0), (size,) * 3, (THINNED_MM,) * 3)
    everywhere = np.ones((size,) * 3, bool)
    thinned = ThinnedScan(np.zeros((size,) * 3, np.float32), grid, everywhere, ~everywhere)
    lungs = Lungs(everywhere, start, 4000.0)
    return Surroundings(block0, block1, np.eye(4), thinned, lungs)


def test_a_point_is_spread_by_a_millimetre_along_each_axis() -> None:
    array = np.full(SHAPE, LOWEST_HU)
    middle = tuple(size // 2 for size in SHAPE)
    array[middle] = HIGHEST_HU
    found = surroundings(block(array), block(array)).smooth0.array - LOWEST_HU
    for axis, edge in enumerate(EDGES_MM):
        profile = found.sum(axis=tuple(other for other in range(3) if other != axis))
        places = (np.arange(SHAPE[axis]) - middle[axis]) * edge
        assert np.sqrt((profile * places**2).sum() / profile.sum()) == pytest.approx(SMOOTHING_MM, rel=0.06)


def test_what_is_denser_than_vessels_is_clipped_before() -> None:
    array = np.full(SHAPE, LOWEST_HU)
    array[70, 70, 45] = 3000.0
    bright = surroundings(block(array), block(array)).smooth1.array
    array[70, 70, 45] = HIGHEST_HU
    np.testing.assert_array_equal(bright, surroundings(block(array), block(array)).smooth1.array)


def test_a_low_dose_does_not_hide_what_both_scans_show() -> None:
    rng = np.random.default_rng(0)
    texture = ndimage.gaussian_filter(rng.standard_normal(SHAPE), 3.0 / EDGES_MM)
    lung = -850 + 60 * texture / texture.std()
    moved = ndimage.shift(lung, MOVED_MM / EDGES_MM, order=1, mode="nearest")
    noisy = [block(one + 60 * rng.standard_normal(SHAPE)) for one in (moved, lung)]
    peak, place = surroundings(*noisy).search(np.zeros(3), np.zeros(3), COARSE)
    np.testing.assert_allclose(place, MOVED_MM, atol=0.5)
    assert peak.height > 0.9  # .66 where single voxels are compared
