"""The cube around the click that every method of segmentation works on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.geometry import Point, RoiGrid, Volume, sample_grid
from csfnet_bundle.geometry.inside import check_point_inside
from csfnet_bundle.geometry.resample import grid_index_bounds
from csfnet_bundle.nodule.beyond_scan import REACH, continue_beyond
from csfnet_bundle.nodule.network_input import SPACING_MM

SIZE = 64
"""Voxels along each axis: 51 mm, which holds nodules up to 30 mm (what is larger is a mass) with lung around them."""
MARGIN_VOXELS = 2
"""Read beyond the cube's corners, so that the interpolation has its neighbours."""


@dataclass(frozen=True)
class Cube:
    """A scan around a click.

    Attributes:
        hu: HU, shape (D, H, W); 64 voxels of .8 mm along each axis for the network. What lies beyond the scan is made
            up, see :func:`csfnet_bundle.nodule.beyond_scan.continue_beyond`.
        inside: which voxels lie in the scan, same shape.
        affine: (4, 4) from (d, h, w, 1) to LPS mm.
        spacing_mm: edge of a voxel.
        slice_spacing_mm: between the scan's slices; NaN where it is not known.
        click: where the click is, mm (d, h, w) from the cube's middle.
    """

    hu: NDArray[np.float32]
    inside: NDArray[np.bool_]
    affine: NDArray[np.float64]
    spacing_mm: float = SPACING_MM
    slice_spacing_mm: float = float("nan")
    click: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def clicked(self, click: tuple[float, float, float]) -> Cube:
        """Return the same cube with the click elsewhere, mm (d, h, w) from its middle."""
        return replace(self, click=click)

    @property
    def click_voxels(self) -> tuple[float, float, float]:
        """The click's index (d, h, w)."""
        d, h, w = (
            (size - 1) / 2 + away / self.spacing_mm for size, away in zip(self.hu.shape, self.click, strict=True)
        )
        return d, h, w

    @property
    def voxel_mm3(self) -> float:
        """Volume of a voxel."""
        return self.spacing_mm**3

    def distance_mm(self) -> NDArray[np.float64]:
        """Return every voxel's distance from the click, shape (D, H, W)."""
        axes = [
            (np.arange(size) - place) * self.spacing_mm
            for size, place in zip(self.hu.shape, self.click_voxels, strict=True)
        ]
        return np.sqrt(sum(axis**2 for axis in np.meshgrid(*axes, indexing="ij", sparse=True)))


def cube_grid(center: tuple[float, float, float], size: int = SIZE, spacing_mm: float = SPACING_MM) -> RoiGrid:
    """Return the grid of the cube around a click in LPS mm."""
    return RoiGrid(center, (size,) * 3, (spacing_mm,) * 3)


def cube_of_volume(
    volume: Volume,
    point: Point,
    record: str = "",
    *,
    size: int = SIZE,
    spacing_mm: float = SPACING_MM,
    reach: float = REACH,
) -> Cube:
    """Cut the cube from a volume in memory; its outermost voxels count to their outer faces.

    Args:
        volume: HU and affine.
        point: the click, in any space.
        record: which scan, for errors.
        size: voxels along each axis; the network and the shown axes need the default.
        spacing_mm: edge of a voxel.
        reach: see :func:`csfnet_bundle.nodule.beyond_scan.continue_beyond`.

    Raises:
        BundleError: the point lies outside of the volume.
    """
    center = check_point_inside(point, volume.affine, volume.array.shape, series=record)
    x, y, z = (float(value) for value in center)
    grid = cube_grid((x, y, z), size, spacing_mm)
    low, high = grid_index_bounds(volume.affine, grid)
    first = np.floor(low).astype(int) - MARGIN_VOXELS
    last = np.ceil(high).astype(int) + MARGIN_VOXELS + 1
    shape = np.array(volume.array.shape)
    start, stop = np.clip(first, 0, shape - 1), np.clip(last, 1, shape)
    block = volume.array[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))]
    around = [(max(a - f, 0), max(e - b, 0)) for a, f, e, b in zip(start, first, last, stop, strict=True)]
    affine = volume.affine.copy()
    affine[:3, 3] += volume.affine[:3, :3] @ start
    padded = continue_beyond(block, around, affine, center, reach)
    affine[:3, 3] -= volume.affine[:3, :3] @ [before for before, _ in around]
    hu = sample_grid(padded, affine, grid)
    return Cube(hu, _inside(volume, grid), grid.affine, spacing_mm, slice_spacing(volume.affine))


def slice_spacing(affine: NDArray[np.float64]) -> float:
    """Return the distance in mm between a scan's slices: its longest step, whichever axis it is along."""
    return float(np.linalg.norm(affine[:3, :3], axis=0).max())


def _inside(volume: Volume, grid: RoiGrid) -> NDArray[np.bool_]:
    """Return which voxels of the grid lie within the faces of the volume's voxels, (D, H, W)."""
    index_from_grid = np.linalg.inv(volume.affine) @ grid.affine
    places = np.stack(np.meshgrid(*(np.arange(size, dtype=float) for size in grid.size), indexing="ij"))
    index = np.tensordot(index_from_grid[:3, :3], places, axes=1) + index_from_grid[:3, 3][:, None, None, None]
    limits = np.array(volume.array.shape)[:, None, None, None] - 0.5
    return np.asarray(((index >= -0.5) & (index <= limits)).all(axis=0), dtype=bool)
