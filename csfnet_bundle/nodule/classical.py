"""Segmentation without a network: half-way threshold, necks cut by distance, touching structures parted by watershed.

It shares no step with :mod:`csfnet_bundle.nodule.nodule_mask` but the closing of the lung, and none with the network.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.nodule.cube import Cube
from csfnet_bundle.nodule.nodule_mask import LUNG_BELOW_HU, PARENCHYMA_BELOW_HU, closed_lung

SMOOTHING_VOXELS = 0.6
LUNG_WITHIN_MM = 30.0
"""The lung's level is taken this near to the click."""
SEED_SMOOTHING_VOXELS, SEED_MM, SEED_WITHIN_MM = 1.6, 3.0, 6.0
"""The seed is the densest place of the smoothed cube, farther places the less likely; none beyond the last."""
HIGHEST_CORE_HU, HIGHEST_THRESHOLD_HU = 50.0, -350.0
"""Calcium is no measure of soft tissue; a threshold over -350 HU cuts off the rim of part-solid nodules."""
LEAST_CONTRAST_HU = 120.0
"""A nodule that is less above the lung around it cannot be told from noise at low dose."""
LUNG_BALL_MM = 12.0
GLASS_BELOW_HU, GLASS_RANGE_HU = -300.0, 400.0
CUT, GLASS_CUT = 0.4, 0.3
"""Necks up to this share of the largest inscribed ball's radius are cut."""
BASIN_DEPTH, LEAST_BASIN_MM = 0.25, 0.4
"""Depth of the watershed's basins: a share of that radius, mm at least."""
MERGED_SADDLE, MERGED_PEAK = 0.8, 1.3
"""Basins are one nodule where the pass between them is so high, unless the other's peak is a larger structure's."""


def segment_classical(cube: Cube) -> NDArray[np.bool_] | None:
    """Return the nodule's voxels, shape (D, H, W); None where nothing at the click is denser than the lung."""
    smooth = ndimage.gaussian_filter(cube.hu, SMOOTHING_VOXELS)
    distance = cube.distance_mm()
    lung_level = lung_level_of(smooth, distance)
    if lung_level is None:
        return None
    seed = _seed(cube, lung_level, distance)
    core = float(np.median(smooth[tuple(slice(max(place - 1, 0), place + 2) for place in seed)]))
    if core - lung_level < LEAST_CONTRAST_HU:
        return None
    threshold = min((min(core, HIGHEST_CORE_HU) + lung_level) / 2, HIGHEST_THRESHOLD_HU)
    tissue = (smooth > threshold) & closed_lung(smooth < LUNG_BELOW_HU, distance, cube.spacing_mm, LUNG_BALL_MM)
    is_glass = core < GLASS_BELOW_HU
    if is_glass:
        tissue &= ndimage.binary_fill_holes(tissue & (smooth < core + GLASS_RANGE_HU))
    return _part_at(tissue & cube.inside, seed, cube.spacing_mm, GLASS_CUT if is_glass else CUT)


def lung_level_of(smooth: NDArray[np.float32], distance: NDArray[np.float64]) -> float | None:
    """Return the lung's HU around the click; None where there is no lung."""
    lung = smooth[(smooth < PARENCHYMA_BELOW_HU) & (distance < LUNG_WITHIN_MM)]
    return float(np.median(lung)) if lung.size else None


def _seed(cube: Cube, lung_level: float, distance: NDArray[np.float64]) -> tuple[int, ...]:
    """Return the voxel (d, h, w) of the densest place near the click."""
    dense = ndimage.gaussian_filter(cube.hu, SEED_SMOOTHING_VOXELS) - lung_level
    likely = dense * np.exp(-(distance**2) / (2 * SEED_MM**2))
    likely[(distance > SEED_WITHIN_MM) | ~cube.inside] = -np.inf
    return tuple(int(place) for place in np.unravel_index(likely.argmax(), likely.shape))


def _part_at(
    tissue: NDArray[np.bool_], seed: tuple[int, ...], spacing: float, cut_share: float
) -> NDArray[np.bool_] | None:
    """Return the part of the tissue at the seed, without what hangs on by a neck or is a structure of its own."""
    labels, _ = ndimage.label(tissue)
    if not labels[seed]:
        return None
    component = labels == labels[seed]
    depth = ndimage.distance_transform_edt(component, sampling=spacing)
    # The ball that the nodule is: climb from the seed to the top of its hill.
    top = _climb(depth, seed)
    radius = float(depth[top])
    cut = cut_share * radius
    kept, _ = ndimage.label(depth > cut)
    if not kept[top]:
        return component
    part = kept == kept[top]
    part = _basins_at(np.where(part, depth, 0).astype(np.float32), top, max(BASIN_DEPTH * radius, LEAST_BASIN_MM))
    back = ndimage.distance_transform_edt(~part, sampling=spacing)
    mask: NDArray[np.bool_] = component & (back <= cut + spacing / 2)
    return mask


def _climb(depth: NDArray[np.float64], seed: tuple[int, ...]) -> tuple[int, ...]:
    """Return the local maximum that steepest ascent from the seed leads to."""
    place = seed
    while True:
        around = tuple(slice(max(p - 1, 0), p + 2) for p in place)
        block = depth[around]
        best = np.unravel_index(block.argmax(), block.shape)
        following = tuple(int(s.start + b) for s, b in zip(around, best, strict=True))
        if depth[following] <= depth[place]:
            return place
        place = following


def _basins_at(depth: NDArray[np.float32], top: tuple[int, ...], least_depth: float) -> NDArray[np.bool_]:
    """Return the watershed basin of a top, with the neighbours that belong to it.

    Args:
        depth: the distance map, 0 outside, shape (D, H, W).
        top: a voxel (d, h, w).
        least_depth: mm by which a basin's peak must stand above the pass to the next.
    """
    import SimpleITK  # a prediction that measures nothing does without

    image = SimpleITK.GetImageFromArray(-depth)
    found = SimpleITK.GetArrayFromImage(
        SimpleITK.MorphologicalWatershed(image, level=least_depth, markWatershedLine=False)
    )
    basins = np.where(depth > 0, found, 0)
    radius = float(depth[top])
    own = {int(basins[top])}
    passes = _passes(basins, depth)
    peaks = ndimage.maximum(depth, basins, np.arange(basins.max() + 1))
    waiting = list(own)
    while waiting:
        basin = waiting.pop()
        for other, height in passes.get(basin, {}).items():
            is_one = height > MERGED_SADDLE * min(peaks[basin], peaks[other]) and peaks[other] < MERGED_PEAK * radius
            if other not in own and is_one:
                own.add(other)
                waiting.append(other)
    return np.isin(basins, list(own))


def _passes(basins: NDArray[np.integer], depth: NDArray[np.float32]) -> dict[int, dict[int, float]]:
    """Return for each basin its neighbours and the height of the highest pass to each."""
    passes: dict[int, dict[int, float]] = {}
    for axis in range(3):
        length = basins.shape[axis]
        a, b = np.take(basins, range(length - 1), axis), np.take(basins, range(1, length), axis)
        height = np.minimum(np.take(depth, range(length - 1), axis), np.take(depth, range(1, length), axis))
        border = (a != b) & (a > 0) & (b > 0)
        for one, other, high in zip(a[border].tolist(), b[border].tolist(), height[border].tolist(), strict=True):
            for here, there in ((one, other), (other, one)):
                row = passes.setdefault(here, {})
                row[there] = max(row.get(there, 0.0), high)
    return passes
