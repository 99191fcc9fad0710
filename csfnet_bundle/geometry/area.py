"""Averaging over a ROI's voxels where the scan's are much smaller, instead of sampling between the nearest few.

Linear interpolation takes two scan voxels along each axis. Where pixels are under 0.6 of the ROI's spacing, that leaves
part of the pixels unused and keeps more noise than coarser scans have. Sampling on a finer grid and averaging uses all
of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.geometry.grid import RoiGrid

AREA_BELOW_SHARE = 0.6
"""Voxel size of the scan, as a share of the ROI's, below which an axis is averaged: above it, linear interpolation uses
every voxel that a ROI voxel spans."""


def subdivide(grid: RoiGrid, affine: NDArray[np.float64]) -> RoiGrid:
    """Return the grid with each axis refined to the scan's voxels, where these are much smaller than the grid's.

    Much smaller means under :data:`AREA_BELOW_SHARE` of the grid's spacing.

    Args:
        grid: the ROI's grid.
        affine: (4, 4) from the scan's (i, j, k, 1) to LPS mm.

    Returns:
        A grid over the same box with the same centre; its size is a multiple of the grid's along every axis.
    """
    along = np.abs(np.linalg.inv(affine)[:3, :3])  # voxels of the scan for each mm along x, y, z
    factors = []
    for axis, spacing in zip((2, 1, 0), grid.spacing, strict=True):  # d, h, w run along z, y, x
        voxel_mm = 1 / along[:, axis].max()
        factors.append(int(np.ceil(spacing / voxel_mm - 1e-6)) if voxel_mm < AREA_BELOW_SHARE * spacing else 1)
    d, h, w = factors
    return RoiGrid(
        grid.center,
        (grid.size[0] * d, grid.size[1] * h, grid.size[2] * w),
        (grid.spacing[0] / d, grid.spacing[1] / h, grid.spacing[2] / w),
    )


def average(array: NDArray[np.float32], size: tuple[int, int, int]) -> NDArray[np.float32]:
    """Return the means of equal blocks of voxels.

    Args:
        array: values on a subdivided grid, (D * a, H * b, W * c).
        size: (D, H, W).
    """
    if array.shape == size:
        return array
    parts = [length for n, total in zip(size, array.shape, strict=True) for length in (n, total // n)]
    return array.reshape(parts).mean(axis=(1, 3, 5), dtype=np.float64).astype(np.float32)
