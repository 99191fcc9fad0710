"""Whole ROIs from tight boxes: what lies outside of a box is filled so that the box's size cannot be read.

On LIDC nodule volumes the box alone ranks nodules nearly as well as their diameter does. Padding shows the box; filling
hides it. In plane the box is mirrored. Along the slices its end slices go on, with the central dense component fading
into lung over 1-2 mm, since a nodule ends there and a vessel or the chest wall does not; noise of the volume's own
strength is added, because a smooth region would show where the box ended.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.geometry import RoiGrid, Volume, sample_grid
from csfnet_bundle.geometry.resample import grid_index_bounds

Floats = NDArray[np.float64]

LUNG_BELOW_HU = -700.0
"""Aerated lung at full inspiration lies near -850 HU; soft tissue, vessels and most ground glass lie above this."""
USUAL_LUNG_HU = -850.0
"""Taken for lung where a box shows none."""
DENSE_ABOVE_LUNG_HU = 200.0
"""From so far above lung a voxel belongs to something dense; ground glass lies 200-500 HU above lung."""
SEED_MM = 4.0
"""The component at the nodule point is looked for within this distance: the points are .2 mm off in the median."""
SMALLEST_REACH_MM, REACH_RADII = 5.0, 2.0
"""How far from the point the component may reach, in mm and in radii of the largest disc in it. A nodule at the chest
wall is one component with the wall, and the wall goes on beyond the box."""
FADE_MM = (1.0, 2.0)
"""The component's end beyond the box, drawn between these."""


@dataclass(frozen=True)
class Crop:
    """The share of a box that is cut off before it is filled, of each of I, J and K at its low and its high end."""

    low: tuple[float, float, float] = (0.0, 0.0, 0.0)
    high: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @classmethod
    def draw(cls, generator: np.random.Generator, largest: tuple[float, float, float]) -> Crop:
        """Draw each of the six shares between 0 and the largest of its axis."""
        low, high = (generator.uniform(0, largest).tolist() for _ in range(2))
        return cls(tuple(low), tuple(high))


def fill_roi(
    volume: Volume, grid: RoiGrid, generator: np.random.Generator, crop: Crop | None = None
) -> NDArray[np.float32]:
    """Sample a boxed volume on a ROI's grid, with everything outside of the box filled.

    Args:
        volume: the box in HU, (I, J, K), slices along K.
        grid: the ROI, its centre the nodule point.
        generator: of the noise and of how fast the nodule fades.
        crop: what is cut off the box before; never so much that the nodule point lies outside or that fewer than two
            slices are left.

    Returns:
        HU, (D, H, W).
    """
    block, affine = _cropped(volume, np.array(grid.center), crop or Crop())
    low, high = grid_index_bounds(affine, grid)
    before = np.maximum(0, np.ceil(-low)).astype(int)
    after = np.maximum(0, np.ceil(high - (np.array(block.shape) - 1))).astype(int)
    center = (np.linalg.inv(affine) @ [*grid.center, 1.0])[:3]
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    block = _continue_slices(block, center, spacing, (int(before[2]), int(after[2])), generator)
    in_plane = [(int(before[0]), int(after[0])), (int(before[1]), int(after[1])), (0, 0)]
    block = np.pad(block, in_plane, mode="symmetric")
    shifted = affine.copy()
    shifted[:3, 3] = (affine @ [*(-before), 1.0])[:3]
    return sample_grid(block.astype(np.float32), shifted, grid)


def _cropped(volume: Volume, center: Floats, crop: Crop) -> tuple[Floats, Floats]:
    shape = np.array(volume.array.shape)
    index = (np.linalg.inv(volume.affine) @ [*center, 1.0])[:3]
    lowest = np.floor(index).astype(int)  # the voxels on both sides of the point stay
    start = np.minimum((np.array(crop.low) * shape).astype(int), np.clip(lowest, 0, shape - 2))
    stop = np.maximum(shape - (np.array(crop.high) * shape).astype(int), np.clip(lowest + 2, 2, shape))
    (i0, j0, k0), (i1, j1, k1) = start, stop
    affine = volume.affine.copy()
    affine[:3, 3] = (volume.affine @ [*start, 1.0])[:3]
    return volume.array[i0:i1, j0:j1, k0:k1].astype(np.float64), affine


def _continue_slices(
    block: Floats, center: Floats, spacing: Floats, counts: tuple[int, int], generator: np.random.Generator
) -> Floats:
    """Let both end slices of (I, J, K) go on by ``counts`` slices."""
    lung_voxels = block[block < LUNG_BELOW_HU]
    lung = float(np.median(lung_voxels)) if lung_voxels.size else USUAL_LUNG_HU
    noise = noise_level(block)
    parts = [block]
    for end, count in enumerate(counts):
        if count:
            added = _beyond(block[:, :, 0 if end == 0 else -1], count, center, spacing, lung, noise, generator)
            parts = [added[:, :, ::-1], *parts] if end == 0 else [*parts, added]
    return np.concatenate(parts, axis=2)


def _beyond(
    last: Floats, count: int, center: Floats, spacing: Floats, lung: float, noise: float, generator: np.random.Generator
) -> Floats:
    """Return ``count`` slices that follow the end slice ``last``, (I, J, count), the nearest first."""
    component = central_component(last, center[:2], spacing[:2], lung)
    soft = ndimage.gaussian_filter(component.astype(np.float64), 0.7)  # no edge where the component is taken out
    quiet = ndimage.gaussian_filter(last, 0.7)
    fade = generator.uniform(*FADE_MM)
    depth = spacing[2] * np.arange(1, count + 1)  # mm beyond the end slice
    gone = np.clip(depth / fade, 0, 1)  # (count,)
    share = soft[:, :, None] * gone  # (I, J, count)
    return quiet[:, :, None] * (1 - share) + lung * share + generator.normal(0, noise, share.shape)


def central_component(image: Floats, center: Floats, spacing: Floats, lung: float) -> NDArray[np.bool_]:
    """Return the dense component at the nodule point in one slice, without what lies far from the point.

    Args:
        image: HU, (I, J).
        center: the point's (i, j).
        spacing: mm along I and J.
        lung: HU of the lung in this volume.
    """
    offsets = [mm * (np.arange(n) - c) for n, c, mm in zip(image.shape, center, spacing, strict=True)]
    distance = np.hypot(offsets[0][:, None], offsets[1][None, :])  # mm
    dense = ndimage.gaussian_filter(image, 0.5) > lung + DENSE_ABOVE_LUNG_HU
    radius = ndimage.distance_transform_edt(dense, sampling=spacing)
    near = np.where(distance <= SEED_MM, radius, 0.0)
    if not near.any():
        return np.zeros_like(dense)
    reach = max(SMALLEST_REACH_MM, REACH_RADII * float(near.max()))
    labels, _ = ndimage.label(dense)
    at_point: NDArray[np.bool_] = labels == labels[np.unravel_index(int(near.argmax()), near.shape)]
    return at_point & (distance <= reach)


def noise_level(block: Floats) -> float:
    """Return the SD of the noise in HU: of the differences between neighbours along I within lung, over the root of 2.

    The median absolute deviation stands for the SD, so that edges of vessels do not count.
    """
    differences = np.diff(block, axis=0)[(block[1:] < LUNG_BELOW_HU) & (block[:-1] < LUNG_BELOW_HU)]
    if not differences.size:
        return 0.0
    return float(1.4826 * np.median(np.abs(differences)) / np.sqrt(2))
