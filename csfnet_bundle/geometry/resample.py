"""Linear interpolation of a block of voxels on a ROI's grid, through the block's own affine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.geometry.grid import RoiGrid

OUTSIDE_HU = -1024.0
"""HU given to grid points outside the scan: air, as scanners pad the corners of their field of view."""

AXIS_ALIGNED_TOLERANCE = 1e-9
"""Largest off-axis share of an index step that still counts as parallel: floating-point noise of the inverse, far
below 1e-3 voxel over any scan."""

EDGE_TOLERANCE = 1e-6
"""Voxels by which a grid point may lie outside of the outermost voxel and still be in it (rounding of mm)."""

HALF_VOXEL = 0.5
"""Voxels beyond the outermost voxel centres that still belong to the scan: a voxel reaches half its size outward. Grid
points there have the outermost voxel's value, as in ITK."""


def sample_grid(
    block: NDArray[np.generic],
    affine: NDArray[np.float64],
    grid: RoiGrid,
    fill: float = OUTSIDE_HU,
) -> NDArray[np.float32]:
    """Sample ``block`` linearly on ``grid``.

    Args:
        block: values, shape (I, J, K).
        affine: (4, 4) from (i, j, k, 1) of the block to LPS mm; may be oblique, reversed or sheared.
        grid: the ROI's grid.
        fill: value of grid points outside of the outermost voxels, half a voxel beyond their centres.

    Returns:
        float32, shape (D, H, W).
    """
    index_from_roi = np.linalg.inv(affine) @ grid.affine  # (d, h, w, 1) -> (i, j, k, 1)
    steps = index_from_roi[:3, :3]
    source_axes = np.abs(steps).argmax(axis=0)  # which of i, j, k each of d, h, w runs along
    off_axis = np.abs(steps).sum() - np.abs(steps[source_axes, [0, 1, 2]]).sum()
    if off_axis <= AXIS_ALIGNED_TOLERANCE * np.abs(steps).max() and len(set(source_axes.tolist())) == 3:
        return _sample_separable(block, index_from_roi, source_axes, grid.size, fill)
    return _sample_general(block, index_from_roi, grid.size, fill)


def grid_index_bounds(affine: NDArray[np.float64], grid: RoiGrid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the smallest and the largest continuous (i, j, k) that the grid touches, two arrays of shape (3,)."""
    index_from_roi = np.linalg.inv(affine) @ grid.affine
    last = np.array(grid.size, dtype=float) - 1
    corners = np.array([[*(last * (a, b, c)), 1.0] for a in (0, 1) for b in (0, 1) for c in (0, 1)])
    indices = (index_from_roi @ corners.T)[:3]
    return indices.min(axis=1), indices.max(axis=1)


def _weights(
    index: NDArray[np.float64], length: int
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.bool_]]:
    """Lower neighbour, weight of the upper neighbour, and whether the index lies in a voxel of 0 .. length - 1."""
    margin = HALF_VOXEL + EDGE_TOLERANCE
    inside = (index >= -margin) & (index <= length - 1 + margin)
    clipped = np.clip(index, 0, length - 1)
    lower = np.minimum(clipped.astype(np.intp), max(length - 2, 0))
    return lower, clipped - lower, inside


def _sample_separable(
    block: NDArray[np.generic],
    index_from_roi: NDArray[np.float64],
    source_axes: NDArray[np.intp],
    size: tuple[int, int, int],
    fill: float,
) -> NDArray[np.float32]:
    values: NDArray[np.generic] = block.transpose(source_axes)  # axes now follow d, h, w
    inside_axes = {}
    # The axis that shrinks most comes first, so that the others have less to do.
    for axis in sorted(range(3), key=lambda axis: size[axis] / values.shape[axis]):
        source = source_axes[axis]
        index = index_from_roi[source, 3] + index_from_roi[source, axis] * np.arange(size[axis])
        lower, upper_weight, inside = _weights(index, values.shape[axis])
        upper = np.minimum(lower + 1, values.shape[axis] - 1)
        shape = [1, 1, 1]
        shape[axis] = -1
        below = values.take(lower, axis, mode="clip")
        between = values.take(upper, axis, mode="clip").astype(np.float64)
        between -= below
        between *= upper_weight.reshape(shape)
        between += below
        values = between
        inside_axes[axis] = inside
    inside_grid = inside_axes[0][:, None, None] & inside_axes[1][None, :, None] & inside_axes[2][None, None, :]
    return np.where(inside_grid, values, fill).astype(np.float32)


def _sample_general(
    block: NDArray[np.generic],
    index_from_roi: NDArray[np.float64],
    size: tuple[int, int, int],
    fill: float,
) -> NDArray[np.float32]:
    roi_index = np.stack(np.meshgrid(*(np.arange(n, dtype=float) for n in size), indexing="ij"))  # (3, D, H, W)
    index = np.tensordot(index_from_roi[:3, :3], roi_index, axes=1) + index_from_roi[:3, 3][:, None, None, None]
    (i, wi, in_i), (j, wj, in_j), (k, wk, in_k) = (_weights(index[a], block.shape[a]) for a in range(3))
    i1, j1, k1 = (np.minimum(low + 1, n - 1) for low, n in zip((i, j, k), block.shape, strict=True))
    result = np.zeros(size)
    for ii, weight_i in ((i, 1 - wi), (i1, wi)):
        for jj, weight_j in ((j, 1 - wj), (j1, wj)):
            for kk, weight_k in ((k, 1 - wk), (k1, wk)):
                result += block[ii, jj, kk] * (weight_i * weight_j * weight_k)
    return np.where(in_i & in_j & in_k, result, fill).astype(np.float32)
