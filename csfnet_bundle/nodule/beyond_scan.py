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
REACH, RIM_MM = 1.2, 1.0
"""Of a structure at the click so many times its radius there, and a rim, are replaced: a nodule at the chest wall must
not take the wall with it, which would then look like a large nodule in the lung. Chosen in docs/measuring.md."""
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
    nodule, lung = _structure_at(block, affine, center, reach)
    replaced = np.pad(nodule, around, mode="edge")
    known = tuple(slice(before, before + size) for (before, _), size in zip(around, block.shape, strict=True))
    replaced[known] = False
    # The same noise each time: a measurement is the same when it is made again.
    noise = np.random.default_rng(0).normal(lung, NOISE_HU, int(replaced.sum()))
    padded[replaced] = noise
    return padded


def _structure_at(
    block: NDArray[np.float32], affine: NDArray[np.float64], center: NDArray[np.float64], reach: float
) -> tuple[NDArray[np.bool_], float]:
    """Return the dense structure at the click with a rim, shape (I, J, K), and the lung's HU."""
    edges = np.linalg.norm(affine[:3, :3], axis=0)
    place = np.linalg.solve(affine[:3, :3], center - affine[:3, 3])
    axes = [(np.arange(size) - at) * edge for size, at, edge in zip(block.shape, place, edges, strict=True)]
    distance = np.sqrt(sum(axis**2 for axis in np.meshgrid(*axes, indexing="ij", sparse=True)))
    smooth = ndimage.gaussian_filter(block, SMOOTHING_MM / edges)
    light = smooth[smooth < LUNG_BELOW_HU]
    lung = float(np.median(light)) if light.size else NO_LUNG_HU
    cores = ndimage.gaussian_filter(block, CORE_SMOOTHING_MM / edges)
    core = np.unravel_index(np.where(distance <= CORE_WITHIN_MM, cores, -np.inf).argmax(), block.shape)
    threshold = min((float(cores[core]) + lung) / 2, HIGHEST_THRESHOLD_HU)
    labels, _ = ndimage.label(smooth > threshold)
    if not labels[core]:
        return np.zeros(block.shape, bool), lung
    structure = labels == labels[core]
    depth = ndimage.distance_transform_edt(structure, sampling=edges)
    near = distance <= max(RADIUS_WITHIN_MM, float(distance.min()))
    nodule = structure & (distance <= reach * float(depth[near].max()) + RIM_MM)
    return ndimage.binary_dilation(nodule, ndimage.generate_binary_structure(3, 1)), lung
