"""Sampling on the ROI's grid against SciPy and SimpleITK, straight, oblique, reversed and sheared."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from csfnet_bundle.geometry import RoiGrid, sample_grid
from csfnet_bundle.geometry.resample import OUTSIDE_HU, grid_index_bounds

SHAPE = (24, 20, 16)
BLOCK = np.random.default_rng(1).normal(-400, 500, SHAPE).astype(np.float32)


def affine_of(directions: NDArray[np.float64], spacing: tuple[float, float, float]) -> NDArray[np.float64]:
    """An affine with the block's centre at (10, -20, 30)."""
    affine = np.eye(4)
    affine[:3, :3] = directions * spacing
    affine[:3, 3] = np.array([10.0, -20.0, 30.0]) - affine[:3, :3] @ ((np.array(SHAPE) - 1) / 2)
    return affine


AXES = {
    "axial": np.eye(3),
    "reversed": np.diag([-1.0, 1.0, -1.0]),
    "sagittal": np.array([[0, 0, 1.0], [1, 0, 0], [0, -1, 0]]),
    "coronal": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
}


def reference(affine: NDArray[np.float64], grid: RoiGrid) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """SciPy's linear interpolation, (D, H, W), and where the grid is well inside the block."""
    z, y, x = grid.axes()
    place = np.stack(np.meshgrid(z, y, x, indexing="ij"))[::-1].reshape(3, -1)
    index = np.linalg.inv(affine)[:3, :3] @ (place - affine[:3, 3:])
    inside = ((index > 1e-4) & (index < np.array(SHAPE)[:, None] - 1 - 1e-4)).all(0)
    return map_coordinates(BLOCK.astype(float), index, order=1).reshape(grid.size), inside.reshape(grid.size)


@pytest.mark.parametrize("name", AXES)
@pytest.mark.parametrize("size", [(6, 8, 7), (1, 1, 1), (31, 40, 45)])
def test_axes_in_any_order_agree_with_scipy(name: str, size: tuple[int, int, int]) -> None:
    affine = affine_of(AXES[name], (0.7, 0.8, 1.5))
    grid = RoiGrid((10.3, -20.2, 30.1), size)
    expected, inside = reference(affine, grid)
    found = sample_grid(BLOCK, affine, grid)
    np.testing.assert_allclose(found[inside], expected[inside], atol=1e-3)
    assert found.dtype == np.float32


@given(
    skew=st.lists(st.floats(-0.4, 0.4), min_size=9, max_size=9),
    spacing=st.tuples(*[st.floats(0.5, 2.5)] * 3),
    center=st.tuples(st.floats(5, 15), st.floats(-25, -15), st.floats(25, 35)),
)
@settings(max_examples=60, deadline=None)
def test_oblique_and_sheared_blocks_agree_with_scipy(
    skew: list[float], spacing: tuple[float, float, float], center: tuple[float, float, float]
) -> None:
    affine = affine_of(np.eye(3) + np.array(skew).reshape(3, 3), spacing)
    grid = RoiGrid(center, (7, 6, 8), (0.9, 1.0, 1.1))
    expected, inside = reference(affine, grid)
    np.testing.assert_allclose(sample_grid(BLOCK, affine, grid)[inside], expected[inside], atol=1e-2)


@pytest.mark.parametrize("name", AXES)
def test_agrees_with_simpleitk(name: str) -> None:
    affine = affine_of(AXES[name], (0.7, 0.8, 1.5))
    image = SimpleITK.GetImageFromArray(BLOCK.transpose(2, 1, 0))
    image.SetOrigin(affine[:3, 3].tolist())
    image.SetSpacing((0.7, 0.8, 1.5))
    image.SetDirection(AXES[name].ravel().tolist())
    grid = RoiGrid((10.0, -20.0, 30.0), (8, 8, 8))
    z, y, x = grid.axes()
    resampled = SimpleITK.Resample(
        image, (8, 8, 8), SimpleITK.Transform(), SimpleITK.sitkLinear, (x[0], y[0], z[0]), (1.0, 1.0, 1.0)
    )
    np.testing.assert_allclose(sample_grid(BLOCK, affine, grid), SimpleITK.GetArrayFromImage(resampled), atol=0.05)


def test_the_point_is_at_the_centre_of_the_grid() -> None:
    for size in ((16, 64, 64), (5, 7, 9)):
        grid = RoiGrid((1.0, 2.0, 3.0), size, (1.0, 0.5, 2.0))
        centre = grid.affine @ [*((np.array(size) - 1) / 2), 1.0]
        np.testing.assert_allclose(centre[:3], (1.0, 2.0, 3.0))


def test_outside_is_air_and_the_outermost_centres_are_inside() -> None:
    affine = np.eye(4)
    grid = RoiGrid(
        ((SHAPE[0] - 1) / 2, (SHAPE[1] - 1) / 2, (SHAPE[2] - 1) / 2), (SHAPE[2] + 2, SHAPE[1] + 2, SHAPE[0] + 2)
    )
    found = sample_grid(BLOCK, affine, grid)
    np.testing.assert_array_equal(found[1:-1, 1:-1, 1:-1], BLOCK.transpose(2, 1, 0))
    outside = np.ones(found.shape, bool)
    outside[1:-1, 1:-1, 1:-1] = False
    assert (found[outside] == OUTSIDE_HU).all()


@given(skew=st.lists(st.floats(-0.4, 0.4), min_size=9, max_size=9))
@settings(max_examples=40, deadline=None)
def test_the_bounds_hold_every_index_of_the_grid(skew: list[float]) -> None:
    affine = affine_of(np.eye(3) + np.array(skew).reshape(3, 3), (0.7, 0.8, 1.5))
    grid = RoiGrid((10.0, -20.0, 30.0), (4, 5, 6))
    low, high = grid_index_bounds(affine, grid)
    d, h, w = np.meshgrid(*map(np.arange, grid.size), indexing="ij")
    roi = np.stack([d, h, w, np.ones_like(d)]).reshape(4, -1)
    index = (np.linalg.inv(affine) @ grid.affine @ roi)[:3]
    np.testing.assert_allclose(index.min(axis=1), low, atol=1e-9)
    np.testing.assert_allclose(index.max(axis=1), high, atol=1e-9)
