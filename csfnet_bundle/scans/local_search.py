"""The full-resolution surroundings of a place in two scans, and a template of one sought in the other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.geometry import Volume
from csfnet_bundle.scans.correlation import Peak, find_peak
from csfnet_bundle.scans.lungs import Lungs
from csfnet_bundle.scans.thinned import ThinnedScan

LOWEST_HU, HIGHEST_HU = -1000.0, -100.0
"""Values are clipped to these: vessels and nodules stand out of the lung, and contrast medium changes nothing."""

SMOOTHING_MM = 1.0
"""Standard deviation of the Gaussian over both scans before they are compared, along the axes of their voxels: half the
first search's spacing. Without it each sample has the noise of a single voxel, and thin slices of a low dose correlate
with nothing. Thick slices are means already."""

NODULE_MM, NODULE_FADE_MM = 16.0, 3.0
"""Radius of the ball around the place that a search may leave out, and over which it comes to count in full: as much as
the largest nodule of the series of docs/matching.md. Where a nodule has come or gone, what shows it finds nothing."""

SURFACE_MM, FADE_MM = 5.0, 2.0
"""Depth in the closed lung, known at 4 mm, from which a voxel counts, and over which it comes to count in full. Its
surface looks alike along the ribs and in every patient: a template with some of it finds that and nothing else."""


@dataclass(frozen=True)
class SearchLevel:
    """One search.

    Attributes:
        half_width_mm: of the template.
        spacing_mm: of template and search window.
        reach_mm: how far the template may move along each axis.
        deviation_mm: of the Gaussian weight.
    """

    half_width_mm: float
    spacing_mm: float
    reach_mm: float
    deviation_mm: float


COARSE = SearchLevel(half_width_mm=24.0, spacing_mm=2.0, reach_mm=20.0, deviation_mm=10.0)
FINE = SearchLevel(half_width_mm=16.0, spacing_mm=1.5, reach_mm=6.0, deviation_mm=7.0)


@dataclass(frozen=True)
class Surroundings:
    """Both scans around a place.

    Attributes:
        block0: t0's own voxels.
        block1: t1's own voxels.
        matrix: (4, 4) from LPS mm in t1 to LPS mm in t0.
        scan1: t1 thinned, on whose grid its lungs lie.
        lungs1: its lungs.
    """

    block0: Volume
    block1: Volume
    matrix: NDArray[np.float64]
    scan1: ThinnedScan
    lungs1: Lungs

    @cached_property
    def smooth0(self) -> Volume:
        """t0's voxels, clipped and smoothed."""
        return _smoothed(self.block0)

    @cached_property
    def smooth1(self) -> Volume:
        """t1's voxels, clipped and smoothed."""
        return _smoothed(self.block1)

    def search(
        self,
        point1: NDArray[np.float64],
        start: NDArray[np.float64],
        level: SearchLevel,
        without: NDArray[np.float64] | None = None,
    ) -> tuple[Peak, NDArray[np.float64]]:
        """Search t0 for what lies around a point of t1.

        Args:
            point1: LPS mm in t1, shape (3,).
            start: LPS mm in t1, shape (3,): where the search begins, before the matrix takes it to t0.
            level: how wide to search.
            without: LPS mm in t1, shape (3,): leave out what lies within :data:`NODULE_MM` of it; None: nothing.

        Returns:
            The peak, and the place found, LPS mm in t1 before the matrix takes it to t0, shape (3,).
        """
        half, reach = (round(mm / level.spacing_mm) for mm in (level.half_width_mm, level.reach_mm))
        template_grid = _offsets(half, level.spacing_mm)
        window_grid = _offsets(half + reach, level.spacing_mm)
        template = _sample_smoothed(self.smooth1, point1[:, None, None, None] + template_grid)
        distance = (template_grid**2).sum(axis=0)
        weight = np.exp(-distance / (2 * level.deviation_mm**2)) * self._lung_share(point1, template_grid)
        if without is not None:
            away = np.linalg.norm((point1 - without)[:, None, None, None] + template_grid, axis=0)
            weight = weight * np.clip((away - NODULE_MM) / NODULE_FADE_MM, 0, 1)
        places = np.tensordot(self.matrix[:3, :3], start[:, None, None, None] + window_grid, axes=1)
        window = _sample_smoothed(self.smooth0, places + self.matrix[:3, 3][:, None, None, None])
        peak = find_peak(template, weight.astype(np.float32), window)
        return peak, start + peak.offset[::-1] * level.spacing_mm

    def _lung_share(self, point1: NDArray[np.float64], grid: NDArray[np.float64]) -> NDArray[np.float32]:
        places = point1[:, None, None, None] + grid
        depth = sample(self.lungs1.depth_mm, self.scan1.grid.affine, places, fill=0.0)
        return np.clip((depth - SURFACE_MM) / FADE_MM, 0, 1)


def _offsets(half: int, spacing: float) -> NDArray[np.float64]:
    """Return LPS mm from the centre of a cube of voxels, shape (3, D, H, W); D runs along z, H along y, W along x."""
    line = np.arange(-half, half + 1) * spacing
    z, y, x = np.meshgrid(line, line, line, indexing="ij")
    return np.stack([x, y, z])


def sample(
    array: NDArray[np.float32], affine: NDArray[np.float64], places: NDArray[np.float64], fill: float
) -> NDArray[np.float32]:
    """Interpolate linearly at LPS places, shape (3, ...); ``affine`` (4, 4) takes the array's index to LPS mm."""
    inverse = np.linalg.inv(affine)
    index = np.tensordot(inverse[:3, :3], places, axes=1) + inverse[:3, 3].reshape(3, *(1,) * (places.ndim - 1))
    values: NDArray[np.float32] = ndimage.map_coordinates(array, index, order=1, cval=fill)
    return values


def _smoothed(block: Volume) -> Volume:
    clipped = np.clip(block.array, LOWEST_HU, HIGHEST_HU).astype(np.float32)
    edges = np.linalg.norm(block.affine[:3, :3], axis=0)  # mm of a voxel along its three axes
    return Volume(ndimage.gaussian_filter(clipped, SMOOTHING_MM / edges, truncate=3.0), block.affine)


def _sample_smoothed(block: Volume, places: NDArray[np.float64]) -> NDArray[np.float32]:
    """Interpolate HU at LPS places (3, ...); what lies out of the block is air."""
    return sample(block.array, block.affine, places, fill=LOWEST_HU)
