import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from csfnet_bundle.geometry import Volume
from csfnet_bundle.scans.thinned import HIGHEST_HU, LOWEST_HU, THINNED_MM, ThinnedScan, kept_slices, thin, thinning


def thinned(volume: Volume) -> ThinnedScan:
    kept = kept_slices(volume.array.shape[2], thinning(volume.affine)[2])
    return thin((volume.array[:, :, k] for k in kept), volume.affine, kept[0])


def ramp(affine: np.ndarray, shape: tuple[int, int, int]) -> Volume:
    """HU that tell the place: -400 + x + 2 y - 1.5 z."""
    index = np.stack(np.meshgrid(*(np.arange(n, dtype=float) for n in shape), indexing="ij"))
    x, y, z = np.tensordot(affine[:3, :3], index, axes=1) + affine[:3, 3][:, None, None, None]
    return Volume((-400 + x + 2 * y - 1.5 * z).astype(np.float32), affine)


AXES = {"axial": (0, 1, 2), "sagittal": (1, 2, 0), "coronal": (0, 2, 1)}


@pytest.mark.parametrize("order", AXES.values(), ids=AXES.keys())
@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, -1), (-1, -1, 1)])
@pytest.mark.parametrize("spacing", [(0.7, 0.7, 1.25), (1.9, 1.9, 5.0), (0.6, 0.6, 2.5)])
def test_every_value_stays_in_its_place(
    order: tuple[int, int, int], signs: tuple[int, int, int], spacing: tuple[float, float, float]
) -> None:
    affine = np.eye(4)
    affine[:3, :3] = (np.eye(3) * signs)[:, order] * spacing
    affine[:3, 3] = -20, 13, 7
    shape = tuple(int(120 / mm) for mm in spacing)
    scan = thinned(ramp(affine, shape))  # type: ignore[arg-type]
    z, y, x = scan.grid.axes()
    expected = -400 + x[None, None, :] + 2 * y[None, :, None] - 1.5 * z[:, None, None]
    np.testing.assert_allclose(scan.array, np.clip(expected, LOWEST_HU, HIGHEST_HU), atol=0.05)
    assert scan.in_scan.all()
    assert not scan.beside.any()
    assert scan.grid.spacing == (THINNED_MM,) * 3


def test_a_tilted_stack_is_laid_straight_and_what_it_does_not_fill_is_known() -> None:
    affine = np.diag([1.0, 1.0, 2.0, 1.0])
    affine[1, 2] = 0.5
    scan = thinned(ramp(affine, (100, 100, 60)))
    z, y, x = scan.grid.axes()
    expected = np.broadcast_to(
        -400 + x[None, None, :] + 2 * y[None, :, None] - 1.5 * z[:, None, None], scan.array.shape
    )
    inner = ndimage.binary_erosion(scan.in_scan)  # the outer half voxel has the outermost voxel's value
    np.testing.assert_allclose(scan.array[inner], expected[inner], atol=0.05)
    assert 0.5 < scan.in_scan.mean() < 1
    assert (scan.beside == ~scan.in_scan).all()  # a shear along y leaves voxels out beside the stack only


@given(count=st.integers(2, 2000), step=st.integers(1, 10))
def test_slices_left_out_are_shared_between_both_ends(count: int, step: int) -> None:
    kept = kept_slices(count, step)
    assert len(kept) >= 1
    before, after = kept[0], count - 1 - kept[-1]
    assert abs(before - after) <= 1
    assert max(before, after) < step
