"""The mask of a measured nodule on a scan's own voxels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from csfnet_bundle.nodule.measurement import Measurement

SAMPLES = 5
"""Places across a slice's thickness at which the mask is looked up: a thin nodule between two slices is still seen."""
HALF = 0.5
"""Share of a voxel inside the nodule from which on it is counted."""


@dataclass(frozen=True)
class Plane:
    """One image of a scan: where it lies and its size.

    Attributes:
        origin: centre of the first pixel, LPS mm, (3,).
        across: mm to the next column, (3,).
        down: mm to the next row, (3,).
        rows: of the image.
        columns: of the image.
    """

    origin: NDArray[np.float64]
    across: NDArray[np.float64]
    down: NDArray[np.float64]
    rows: int
    columns: int

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit vector (3,) out of the plane."""
        product = np.cross(self.across, self.down)
        return np.asarray(product / np.linalg.norm(product))


def mask_on_scan(
    measurement: Measurement, affine: NDArray[np.float64], shape: tuple[int, int, int]
) -> NDArray[np.uint8]:
    """Return the mask on a scan's voxels, shape (I, J, K), 1 inside the nodule.

    Args:
        measurement: of the scan.
        affine: (4, 4) of the scan, from (i, j, k, 1) to LPS mm.
        shape: (I, J, K): columns, rows, slices.
    """
    planes = [
        Plane(affine[:3, 3] + k * affine[:3, 2], affine[:3, 0], affine[:3, 1], shape[1], shape[0])
        for k in range(shape[2])
    ]
    made = np.zeros(shape, np.uint8)
    for k, mask in enumerate(mask_on_planes(measurement, planes)):
        if mask is not None:
            made[:, :, k] = mask.T
    return made


def mask_on_planes(measurement: Measurement, planes: Sequence[Plane]) -> list[NDArray[np.uint8] | None]:
    """Return the mask on each image's pixels (rows, columns), None where it holds none of the nodule.

    A pixel is set where half of it, across the slice's thickness, lies in the nodule. Where no pixel is (a small nodule
    in thick slices), those are that hold half as much of it as the fullest.

    Args:
        measurement: of the scan.
        planes: the scan's images, parallel to each other.
    """
    affine, mask = measurement.cube.affine, measurement.mask.astype(np.float32)
    inverse = np.asarray(np.linalg.inv(affine), np.float64)
    ends = np.argwhere(measurement.mask)
    corners = [ends.min(axis=0) - 1, ends.max(axis=0) + 1]
    box = np.array([[corners[a][0], corners[b][1], corners[c][2], 1] for a in (0, 1) for b in (0, 1) for c in (0, 1)])
    box_lps = np.asarray(box @ affine.T, np.float64)[:, :3]
    thickness = _thickness(planes)
    shares = [_share(plane, box_lps, inverse, mask, thickness) for plane in planes]
    fullest = max((float(share.max()) for share in shares if share is not None), default=0.0)
    least = HALF if fullest >= HALF else HALF * fullest
    masks = [None if share is None or not share.any() else (share >= least).astype(np.uint8) for share in shares]
    return [mask if mask is not None and mask.any() else None for mask in masks]


def _thickness(planes: Sequence[Plane]) -> float:
    """Return the distance of neighbouring planes, mm."""
    offsets = np.unique(np.round([plane.origin @ planes[0].normal for plane in planes], 3))
    return float(np.median(np.diff(offsets))) if len(offsets) > 1 else 0.0


def _share(
    plane: Plane,
    box_lps: NDArray[np.float64],
    inverse: NDArray[np.float64],
    mask: NDArray[np.float32],
    thickness: float,
) -> NDArray[np.float64] | None:
    """Return which share of each pixel lies in the nodule, shape (rows, columns); None far from it."""
    away = (box_lps - plane.origin) @ plane.normal
    if away.min() > thickness / 2 or away.max() < -thickness / 2:
        return None
    column = (box_lps - plane.origin) @ plane.across / (plane.across @ plane.across)
    row = (box_lps - plane.origin) @ plane.down / (plane.down @ plane.down)
    first_row, last_row = max(int(row.min()), 0), min(int(row.max()) + 2, plane.rows)
    first_column, last_column = max(int(column.min()), 0), min(int(column.max()) + 2, plane.columns)
    if first_row >= last_row or first_column >= last_column:
        return None
    grid = np.meshgrid(np.arange(first_row, last_row), np.arange(first_column, last_column), indexing="ij")
    flat = plane.origin + grid[0][..., None] * plane.down + grid[1][..., None] * plane.across  # (h, w, 3)
    steps = ((np.arange(SAMPLES) + HALF) / SAMPLES - HALF) * thickness
    total = np.zeros(flat.shape[:2])
    for step in steps:
        places = flat + step * plane.normal
        index = places @ inverse[:3, :3].T + inverse[:3, 3]
        total += map_coordinates(mask, np.moveaxis(index, -1, 0), order=1, mode="constant")
    share = np.zeros((plane.rows, plane.columns))
    share[first_row:last_row, first_column:last_column] = total / SAMPLES
    return share
