"""Long and short axis of a nodule in the axial plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

FINER = 4
"""The outline is interpolated to so many parts of a voxel: callipers are read to tenths of a millimetre."""
SMOOTHING_VOXELS = 0.5
"""Takes the steps off the mask before its outline is interpolated."""


@dataclass(frozen=True)
class Axes:
    """Callipers in the axial slice in which the nodule is longest.

    Attributes:
        long_mm: the longest diameter.
        short_mm: the longest diameter at right angles to it, in the same slice.
        slice_index: the slice d.
        long_ends: ends (h, w) of the long axis, in voxels, shape (2, 2).
        short_ends: ends (h, w) of the short axis, shape (2, 2).
    """

    long_mm: float
    short_mm: float
    slice_index: int
    long_ends: NDArray[np.float64]
    short_ends: NDArray[np.float64]

    @property
    def mean_mm(self) -> float:
        """The mean of both, as guidelines use it."""
        return (self.long_mm + self.short_mm) / 2


def measure_axes(mask: NDArray[np.bool_], spacing_mm: float) -> Axes:
    """Measure a mask.

    Args:
        mask: the nodule's voxels, shape (D, H, W) with D along the patient; not empty.
        spacing_mm: edge of a voxel.
    """
    slices = [(_axes_of(mask[d], spacing_mm), int(d)) for d in np.flatnonzero(mask.any(axis=(1, 2)))]
    (long_mm, short_mm, long_ends, short_ends), index = max(slices, key=lambda one: one[0][0])
    return Axes(long_mm, short_mm, index, long_ends, short_ends)


def _axes_of(
    section: NDArray[np.bool_], spacing_mm: float
) -> tuple[float, float, NDArray[np.float64], NDArray[np.float64]]:
    """Return both lengths in mm and their ends of one slice (H, W)."""
    rows, columns = (np.flatnonzero(section.any(axis=axis)) for axis in (1, 0))
    corner = np.array([rows[0], columns[0]]) - 2
    box = np.pad(section, 2)[rows[0] : rows[-1] + 5, columns[0] : columns[-1] + 5]
    points = corner + _fine_points(box)
    outline = points[_hull(points)]
    from scipy.spatial.distance import pdist, squareform  # a prediction that measures nothing does without

    apart = squareform(pdist(outline))
    a, b = np.unravel_index(apart.argmax(), apart.shape)
    long_ends = outline[[a, b]]
    direction = (long_ends[1] - long_ends[0]) / max(float(apart.max()), 1e-6)
    along, across = points @ direction, points @ np.array([-direction[1], direction[0]])
    best, short_ends = -1.0, long_ends
    bins = np.floor((along - along.min()) * FINER).astype(int)
    for number in np.unique(bins):
        here = np.flatnonzero(bins == number)
        low, high = here[across[here].argmin()], here[across[here].argmax()]
        if across[high] - across[low] > best:
            best, short_ends = float(across[high] - across[low]), points[[low, high]]
    # From the middles of the outermost parts to their faces.
    width = 1 / FINER
    return (float(apart.max()) + width) * spacing_mm, (best + width) * spacing_mm, long_ends, short_ends


def _fine_points(box: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the middles (h, w) of the parts of voxels that lie within the smoothed outline, shape (N, 2)."""
    smooth = ndimage.gaussian_filter(box.astype(np.float64), SMOOTHING_VOXELS)
    axes = [(np.arange(size * FINER) + 0.5) / FINER - 0.5 for size in box.shape]
    places = np.stack(np.meshgrid(*axes, indexing="ij"))
    inside = ndimage.map_coordinates(smooth, places, order=1) >= min(0.5, smooth.max() / 2)
    return places[:, inside].T


def _hull(points: NDArray[np.float64]) -> NDArray[np.intp]:
    from scipy.spatial import ConvexHull, QhullError

    try:
        return ConvexHull(points).vertices
    except QhullError:  # all in one line
        return np.arange(len(points))
