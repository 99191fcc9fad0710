"""A scan thinned to a few megabytes: what is enough to find the lungs and to lay two chests on each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.geometry import RoiGrid, sample_grid

THINNED_MM = 4.0
"""Voxel size of a thinned scan: the lungs' outline and the large vessels remain, and 300 slices become 6 MB."""

SLICES_MM = 6.0
"""About how far apart the slices are that are kept. An archive sends whole slices, and the lungs' outline needs no more
along the body: docs/matching.md has the figures."""

LOWEST_HU, HIGHEST_HU = -1000.0, 200.0
"""Values are clipped to these: air below, contrast medium and bone above differ between scans for other reasons."""


@dataclass(frozen=True)
class ThinnedScan:
    """A scan on a coarse grid along the patient's axes, whatever the orientation of its slices.

    Attributes:
        array: HU between :data:`LOWEST_HU` and :data:`HIGHEST_HU`, float32, shape (D, H, W) on ``grid``.
        grid: isotropic, :data:`THINNED_MM` apart; D to superior, H to posterior, W to the patient's left.
        in_scan: where the scan has voxels, shape (D, H, W). An oblique stack does not fill its bounding box.
        beside: what lies beside the field of view, not above or below the stack, shape (D, H, W).
    """

    array: NDArray[np.float32]
    grid: RoiGrid
    in_scan: NDArray[np.bool_]
    beside: NDArray[np.bool_]


def thinning(affine: NDArray[np.float64]) -> tuple[int, int, int]:
    """Return how many voxels along (i, j, k) become one: blocks of columns and rows are averaged, slices left out.

    Args:
        affine: (4, 4) from the scan's (i, j, k, 1) to LPS mm.
    """
    column, row, slice_ = (float(mm) for mm in np.linalg.norm(affine[:3, :3], axis=0))
    return max(1, round(THINNED_MM / column)), max(1, round(THINNED_MM / row)), max(1, round(SLICES_MM / slice_))


def kept_slices(count: int, step: int) -> range:
    """Return the slices that a thinned scan keeps: every ``step``-th, as much left out at one end as at the other."""
    return range((count - 1) % step // 2, count, step)


def thin(slices: Iterator[NDArray[np.float32]], affine: NDArray[np.float64], first: int) -> ThinnedScan:
    """Make a thinned scan of every n-th slice.

    Args:
        slices: HU of the slices kept (:func:`kept_slices`), each (I, J).
        affine: (4, 4) from the whole scan's (i, j, k, 1) to LPS mm.
        first: k of the first slice kept.
    """
    steps = thinning(affine)
    array = np.stack([_block_means(np.clip(hu, LOWEST_HU, HIGHEST_HU), steps[:2]) for hu in slices], axis=-1)
    coarse = affine.copy()
    coarse[:3, :3] *= steps
    coarse[:3, 3] = (affine @ [(steps[0] - 1) / 2, (steps[1] - 1) / 2, first, 1.0])[:3]
    grid = _grid_around(coarse, array.shape)
    values = sample_grid(array, coarse, grid, fill=np.nan)
    in_scan = np.isfinite(values)
    values[~in_scan] = LOWEST_HU
    return ThinnedScan(values, grid, in_scan, _beside(coarse, array.shape, grid, in_scan))


def _block_means(hu: NDArray[np.float32], steps: tuple[int, int]) -> NDArray[np.float32]:
    """Return the means of blocks of (i, j) pixels; what is left over at the far edges is dropped."""
    (a, b), (columns, rows) = steps, (n // step for n, step in zip(hu.shape, steps, strict=True))
    blocks = hu[: columns * a, : rows * b].reshape(columns, a, rows, b)
    means: NDArray[np.float32] = blocks.mean(axis=(1, 3), dtype=np.float32)
    return means


def _grid_around(affine: NDArray[np.float64], shape: tuple[int, ...]) -> RoiGrid:
    """The grid that fills the bounding box of the voxel centres."""
    last = np.array(shape) - 1.0
    corners = np.array([[*(last * (a, b, c)), 1.0] for a in (0, 1) for b in (0, 1) for c in (0, 1)])
    places = (affine @ corners.T)[:3]
    low, high = places.min(axis=1), places.max(axis=1)
    # A thousandth of a voxel: positions in headers are rounded, and the last voxel must not be lost for it.
    w, h, d = (int(n) + 1 for n in (high - low) / THINNED_MM + 1e-3)
    x, y, z = ((low + high) / 2).tolist()
    return RoiGrid((x, y, z), (d, h, w), (THINNED_MM,) * 3)


def _beside(
    affine: NDArray[np.float64], shape: tuple[int, ...], grid: RoiGrid, in_scan: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which voxels out of the scan lie beside it: beyond its ends on the axes that run least along the body."""
    if in_scan.all():
        return np.zeros_like(in_scan)
    d, h, w = np.nonzero(~in_scan)
    index = np.linalg.inv(affine) @ grid.affine @ np.stack([d, h, w, np.ones(len(d))])
    along_body = int(np.abs(affine[2, :3] / np.linalg.norm(affine[:3, :3], axis=0)).argmax())
    across = [axis for axis in range(3) if axis != along_body]
    beyond = [(index[axis] < 0) | (index[axis] > shape[axis] - 1) for axis in across]
    beside = np.zeros_like(in_scan)
    beside[d, h, w] = beyond[0] | beyond[1]
    return beside
