"""Boxed volumes filled to whole ROIs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from csfnet_bundle.geometry import RoiGrid, Volume, sample_grid
from csfnet_bundle.geometry.resample import OUTSIDE_HU
from csfnet_bundle.studies.real_nodules.filling import Crop, central_component, fill_roi, noise_level

GRID = RoiGrid((0.0, 0.0, 0.0), (40, 64, 64))
LUNG, SOLID, NOISE = -850.0, 40.0, 20.0


def boxed(shape=(30, 30, 8), spacing=(0.7, 0.7, 1.5), radius=5.0, vessel=True) -> Volume:
    """A ball at the origin in lung, with a vessel along z in a corner; the box ends within the ball along z."""
    generator = np.random.default_rng(0)
    axes = [mm * (np.arange(n) - (n - 1) / 2) for n, mm in zip(shape, spacing, strict=True)]
    x, y, z = np.meshgrid(*axes, indexing="ij")
    array = np.where(np.sqrt(x**2 + y**2 + z**2) < radius, SOLID, LUNG)
    if vessel:
        array[np.hypot(x - 8, y - 8) < 1.5] = SOLID
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = [axis[0] for axis in axes]
    return Volume((array + generator.normal(0, NOISE, shape)).astype(np.float32), affine)


def fill(volume, crop=None):
    return fill_roi(volume, GRID, np.random.default_rng(1), crop)


def test_what_lies_in_the_box_stays_as_it_is():
    volume = boxed()
    inside = sample_grid(volume.array, volume.affine, GRID, fill=np.nan)
    known = ndimage.binary_erosion(np.isfinite(inside))  # the outer half voxel is filled
    assert known.sum() > 3000
    np.testing.assert_allclose(fill(volume)[known], inside[known], atol=1e-3)


def test_nothing_is_left_of_the_padding():
    filled = fill(boxed())
    assert filled.shape == GRID.size
    assert np.isfinite(filled).all()
    assert (np.abs(filled - OUTSIDE_HU) < 1).mean() < 0.001


def test_the_nodule_ends_beyond_the_box_and_the_vessel_goes_on():
    filled = fill(boxed(radius=8.0))  # the box ends 6 mm from the centre
    column = filled[:, 31:33, 31:33].mean(axis=(1, 2))  # along z, at .5 mm steps from the centre
    assert column[15:25].min() > SOLID - 60
    assert column[:11].max() < LUNG + 60
    assert column[29:].max() < LUNG + 60
    vessel = filled[:, 39:41, 39:41].mean(axis=(1, 2))  # 8 mm from the point
    assert vessel.min() > LUNG + 300


def test_the_fill_is_as_noisy_as_the_volume():
    filled = fill(boxed(vessel=False, radius=3.0))
    inside, beyond = filled[18:22, 24:40, 38:42], filled[:8, 24:40, 38:42]
    assert beyond.std() == pytest.approx(inside.std(), rel=0.4)


def test_a_plane_is_mirrored_beyond_its_edge():
    volume = boxed(shape=(21, 21, 30), spacing=(1.0, 1.0, 1.0), vessel=False)
    filled = fill(volume)  # 21 voxels around the middle of 64: the first edge lies between voxels 42 and 43
    np.testing.assert_allclose(filled[20, :, 43:50], filled[20, :, 35:42][:, ::-1], atol=60)


@given(st.tuples(*[st.floats(0, 0.9)] * 6))
def test_a_crop_never_loses_the_point(shares):
    filled = fill(boxed(), Crop(shares[:3], shares[3:]))
    assert filled.shape == GRID.size
    assert filled[19:21, 31:33, 31:33].mean() > SOLID - 60


def test_a_cropped_box_shows_the_same_nodule():
    volume = boxed(radius=3.0, vessel=False)
    whole, cropped = fill(volume), fill(volume, Crop((0.15,) * 3, (0.15,) * 3))
    near = (slice(17, 23), slice(26, 38), slice(26, 38))
    assert np.abs(whole[near] - cropped[near]).mean() < 2 * NOISE
    assert not np.allclose(whole, cropped)


def test_the_component_stops_before_the_far_wall():
    image = np.full((40, 40), LUNG)
    x, y = np.meshgrid(np.arange(40) - 20, np.arange(40) - 20, indexing="ij")
    image[np.hypot(x, y) < 4] = SOLID
    image[x > 2] = SOLID  # a wall that the nodule touches
    component = central_component(image, np.array([20.0, 20.0]), np.array([1.0, 1.0]), LUNG)
    assert component[20, 20]
    assert component[x > 2].mean() < 1
    assert not component[20:, 0].any()


def test_a_point_in_lung_has_no_component():
    image = np.full((20, 20), LUNG)
    assert not central_component(image, np.array([10.0, 10.0]), np.array([1.0, 1.0]), LUNG).any()


def test_noise_is_measured_in_lung():
    generator = np.random.default_rng(0)
    block = LUNG + generator.normal(0, 30, (40, 40, 6))
    block[:10] = SOLID
    assert noise_level(block) == pytest.approx(30, rel=0.05)
    assert noise_level(np.full((4, 4, 4), SOLID)) == 0
