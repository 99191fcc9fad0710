import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csfnet_bundle.geometry import RoiGrid, sample_grid
from csfnet_bundle.geometry.area import average, subdivide


def scan(pixel: float, step: float) -> np.ndarray:
    return np.diag([pixel, pixel, step, 1.0])


@pytest.mark.parametrize(
    ("pixel", "step", "factors"),
    [(0.5, 2.5, (1, 2, 2)), (0.7, 1.0, (1, 1, 1)), (0.4, 0.5, (2, 3, 3)), (0.6, 0.6, (1, 1, 1))],
)
def test_only_small_voxels_are_averaged(pixel: float, step: float, factors: tuple[int, int, int]) -> None:
    grid = RoiGrid((20.0, 20.0, 20.0), (5, 6, 7))
    fine = subdivide(grid, scan(pixel, step))
    assert fine.size == tuple(n * factor for n, factor in zip(grid.size, factors, strict=True))
    assert fine.center == grid.center


def test_what_is_small_depends_on_the_grids_spacing() -> None:
    fine, coarse = (RoiGrid((20.0, 20.0, 20.0), (5, 6, 7), (mm, mm, mm)) for mm in (0.5, 2.0))
    assert subdivide(fine, scan(0.5, 0.5)).size == fine.size
    assert subdivide(coarse, scan(0.9, 2.5)).size == (5, 18, 21)


@given(
    size=st.tuples(*[st.integers(1, 6)] * 3),
    pixel=st.floats(0.3, 0.9),
    slope=st.tuples(*[st.floats(-20, 20)] * 3),
)
def test_a_linear_field_is_the_same_averaged_or_sampled(
    size: tuple[int, int, int], pixel: float, slope: tuple[float, float, float]
) -> None:
    affine = scan(pixel, 1.3)
    index = np.stack(np.meshgrid(*map(np.arange, (40, 40, 16)), indexing="ij"), axis=-1)
    block = (index * np.diag(affine)[:3]) @ np.array(slope)
    grid = RoiGrid((20 * pixel, 20 * pixel, 10.0), size)
    fine = subdivide(grid, affine)
    averaged = average(sample_grid(block, affine, fine, fill=np.nan), size)
    expected = sample_grid(block, affine, grid, fill=np.nan)
    inside = np.isfinite(averaged)
    np.testing.assert_allclose(averaged[inside], expected[inside], atol=1e-2)


def test_averaging_quietens_noise() -> None:
    affine = scan(0.4, 1.0)
    block = np.random.default_rng(0).normal(size=(60, 60, 12))
    grid = RoiGrid((12.0, 12.0, 5.0), (8, 16, 16))
    sampled = sample_grid(block, affine, grid)
    averaged = average(sample_grid(block, affine, subdivide(grid, affine)), grid.size)
    assert averaged.std() < 0.7 * sampled.std()
