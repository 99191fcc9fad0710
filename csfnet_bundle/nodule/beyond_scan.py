"""What stands for the lung where the cube around a nodule reaches beyond the scan.

Volumes cut out around a nodule, and scans that end near it, show only a part of the cube. The outermost voxels go on:
lung stays lung, and the chest wall stays wall, where mirroring would make it a septum between two lungs. The nodule,
which would become a cylinder, is replaced by lung.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

LUNG_BELOW_HU, NO_LUNG_HU = -700.0, -850.0
"""Lung without vessels, of which its level is taken; and its level where the block shows none."""
HIGHEST_THRESHOLD_HU = -400.0
SMOOTHING_MM = 0.7
CORE_SMOOTHING_MM, CORE_WITHIN_MM = 1.3, 6.0
RADIUS_WITHIN_MM = 2.0
REACH, RIM_MM = 1.0, 1.0
"""What is replaced beyond a face is as wide as so many radii of the structure at the click, and a rim: a nodule at the
chest wall must not take the wall with it, which would then look like a large nodule in the lung. Chosen in
docs/measuring.md."""
FARTHEST = 2.0
"""Radii from the click to a face that the nodule may reach; what lies there further away is another structure."""
NOISE_HU = 20.0


def continue_beyond(
    block: NDArray[np.float32],
    around: Sequence[tuple[int, int]],
    affine: NDArray[np.float64],
    center: NDArray[np.float64],
    reach: float = REACH,
) -> NDArray[np.float32]:
    """Continue a block beyond its faces.

    Args:
        block: HU, shape (I, J, K).
        around: voxels to add before and behind, along each axis.
        affine: (4, 4) from (i, j, k, 1) of the block to LPS mm.
        center: the click, LPS mm, shape (3,).
        reach: of the structure at the click so many times its radius there are the nodule, which is replaced.

    Returns:
        Shape (I, J, K) plus what is added.
    """
    padded = np.pad(block, around, mode="edge")
    if not any(before or behind for before, behind in around):
        return padded
    nodules, lung = _nodule_at(block, affine, center, reach)
    replaced = np.zeros(padded.shape, bool)
    for axis, (before, _) in enumerate(around):
        beyond = np.ones(padded.shape[axis], bool)
        beyond[before : before + block.shape[axis]] = False
        ahead = np.pad(nodules[axis], around, mode="edge")
        replaced |= ahead & np.expand_dims(beyond, [other for other in range(3) if other != axis])
    # The same noise each time: a measurement is the same when it is made again.
    noise = np.random.default_rng(0).normal(lung, NOISE_HU, int(replaced.sum()))
    padded[replaced] = noise
    return padded


def _nodule_at(
    block: NDArray[np.float32], affine: NDArray[np.float64], center: NDArray[np.float64], reach: float
) -> tuple[list[NDArray[np.bool_]], float]:
    """Return the nodule at the click as it is replaced beyond the faces of each axis, and the lung's HU.

    Each is of shape (I, J, K): the dense structure at the click, no further than ``reach`` times its radius from the
    line through the click along that axis.
    """
    edges = np.linalg.norm(affine[:3, :3], axis=0)
    place = np.linalg.solve(affine[:3, :3], center - affine[:3, 3])
    axes = [(np.arange(size) - at) * edge for size, at, edge in zip(block.shape, place, edges, strict=True)]
    squares = np.meshgrid(*(axis**2 for axis in axes), indexing="ij", sparse=True)
    distance = np.sqrt(sum(squares))
    smooth = ndimage.gaussian_filter(block, SMOOTHING_MM / edges)
    light = smooth[smooth < LUNG_BELOW_HU]
    lung = float(np.median(light)) if light.size else NO_LUNG_HU
    cores = ndimage.gaussian_filter(block, CORE_SMOOTHING_MM / edges)
    core = np.unravel_index(np.where(distance <= CORE_WITHIN_MM, cores, -np.inf).argmax(), block.shape)
    threshold = min((float(cores[core]) + lung) / 2, HIGHEST_THRESHOLD_HU)
    labels, _ = ndimage.label(smooth > threshold)
    if not labels[core]:
        return [np.zeros(block.shape, bool)] * 3, lung
    structure = labels == labels[core]
    depth = ndimage.distance_transform_edt(structure, sampling=edges)
    near = distance <= max(RADIUS_WITHIN_MM, float(distance.min()))
    radius = float(depth[near].max())
    structure &= distance <= FARTHEST * radius + RIM_MM
    aside = [np.sqrt(sum(square for other, square in enumerate(squares) if other != axis)) for axis in range(3)]
    rim = ndimage.generate_binary_structure(3, 1)
    return [ndimage.binary_dilation(structure & (far <= reach * radius + RIM_MM), rim) for far in aside], lung
