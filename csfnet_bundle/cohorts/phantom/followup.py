"""A later scan of a patient, made from a real one: the nodule grown, the noise fresh."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.cohorts.phantom.deformation import Growth, grow_nodule
from csfnet_bundle.cohorts.phantom.scanner_noise import NoiseGrain, measure_grain, noise_slices, split_slice
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import RoiGrid, Volume, sample_grid
from csfnet_bundle.geometry.hounsfield import AIR_LOWEST_HU
from csfnet_bundle.nodule.nodule_mask import lung_around, segment_nodule

BOX_VOXELS, BOX_SPACING_MM = 121, 1.0
"""The box around the nodule in which things move: 12 cm, finer than any slice thickness of these scans."""

SPLINE_MARGIN = 8
"""Voxels around a block that its cubic spline still depends on (by 1e-4 of a value)."""

KNOWN_SHARE = 0.5
"""Share of a known mask's voxel from which it counts when it is sampled on the box."""

RIM_MM, LUNG_SHELL_MM, LUNG_BELOW_HU = 2.5, 10.0, -500.0
"""What is removed with a nodule (its blurred rim and the roots of its spicules), and the shell of lung around whose
median takes its place."""

LARGEST_RATIO = 27.0
"""Three times the diameter; beyond, or below the inverse, the scan's voxels say nothing about the nodule's inside."""


@dataclass(frozen=True)
class SimulatedNodule:
    """What was done to the nodule.

    Attributes:
        growth: the deformation.
        ratio: volume in the second scan over volume in the first.
        volume_mm3: the nodule's volume in the first scan, as segmented there.
        point: the nodule point in the second scan before the patient is shifted, LPS mm, shape (3,).
    """

    growth: Growth
    ratio: float
    volume_mm3: float
    point: NDArray[np.float64]


def volume_ratio(doubling_time_days: float, interval_days: float) -> float:
    """Return 2 ** (interval / doubling time), the growth of a volume that doubles in constant time.

    Source: Schwartz, A biomathematical approach to clinical tumor growth, Cancer 1961.

    Args:
        doubling_time_days: days in which the volume doubles; below 0: in which it halves.
        interval_days: days between the scans, above 0.

    Raises:
        BundleError: an interval or a doubling time that is no such number, or a ratio outside 1/27 to 27.
    """
    if not np.isfinite([doubling_time_days, interval_days]).all() or doubling_time_days == 0 or interval_days <= 0:
        raise BundleError(
            f"doubling time {doubling_time_days} days and interval {interval_days} days cannot be",
            remedy="Give an interval above 0 and a doubling time other than 0 (below 0: the nodule shrinks).",
        )
    exponent = interval_days / doubling_time_days
    if abs(exponent) > np.log2(LARGEST_RATIO):
        raise BundleError(
            f"in {interval_days} days with a doubling time of {doubling_time_days} days the volume would change by the "
            f"factor 2^{exponent:.1f}, at most {LARGEST_RATIO:g} (or its inverse) is simulated",
            remedy="Ask for a shorter interval or a longer doubling time.",
        )
    return float(2.0**exponent)


def simulate_nodule(
    volume: Volume,
    point: NDArray[np.float64],
    ratio: float,
    record: str = "",
    *,
    known: NDArray[np.bool_] | None = None,
) -> SimulatedNodule:
    """Find the nodule at ``point`` (LPS mm, shape (3,)) and the deformation that makes it ``ratio`` times as large.

    Args:
        volume: the scan.
        point: the nodule's centre.
        ratio: volume in the second scan over volume in the first.
        record: which series, for errors.
        known: the nodule's voxels where they are known (a reader's outline, a phantom's truth), shape (I, J, K);
            without them the nodule is segmented by threshold.

    Raises:
        BundleError: no nodule at the point, one that the scan cuts off, or no room for it to grow.
    """
    center = (float(point[0]), float(point[1]), float(point[2]))
    grid = RoiGrid(center=center, size=(BOX_VOXELS,) * 3, spacing=(BOX_SPACING_MM,) * 3)
    values = sample_grid(volume.array, volume.affine, grid, fill=np.nan)
    in_scan = np.isfinite(values)
    # Beyond the scan the nearest slice stands for what is not known, so that the lung has no surface there.
    nearest = ndimage.distance_transform_edt(~in_scan, return_distances=False, return_indices=True)
    if known is None:
        mask = segment_nodule(values[tuple(nearest)], BOX_SPACING_MM, record)
    else:
        nodule = sample_grid(known.astype(np.float32), volume.affine, grid, fill=0.0) > KNOWN_SHARE
        if not nodule.any():
            raise BundleError("the nodule's mask is empty at the point", record=record, remedy="Check mask and point.")
        mask = lung_around(values[tuple(nearest)], nodule, BOX_SPACING_MM)
    if (mask.nodule & ~in_scan).any():
        raise BundleError(
            "the nodule reaches out of the scan", record=record, remedy="Take a series that holds the whole nodule."
        )
    growth = grow_nodule(mask, grid, ratio, record)
    return SimulatedNodule(
        growth=growth,
        ratio=ratio,
        volume_mm3=mask.volume_mm3,
        point=growth.forward(np.asarray(point, dtype=float)[:, None])[:, 0],
    )


def followup_slices(volume: Volume, growth: Growth, rng: np.random.Generator) -> Iterator[NDArray[np.float32]]:
    """Yield the second scan's slices in the order of k: HU, float32, shape (I, J); one volume is held in memory."""
    array = volume.array
    grain = measure_grain(array)
    start, stop = _moved_block(volume, growth)
    smooth, deviation = _deformed_block(volume, growth, grain, start, stop)
    lowest = _lowest_unpadded(array)
    window = (slice(start[0], stop[0]), slice(start[1], stop[1]))
    for k, noise in zip(range(array.shape[2]), noise_slices(grain, array.shape[:2], rng), strict=False):
        values, amount = split_slice(array[:, :, k], grain)
        if start[2] <= k < stop[2]:
            values[window] = smooth[:, :, k - start[2]]
            amount[window] = deviation[:, :, k - start[2]]
        yield np.where(amount > 0, np.maximum(values + amount * noise, lowest), values).astype(np.float32)


def without_noise(volume: Volume) -> tuple[Volume, NoiseGrain]:
    """Return the scan without the share of noise that can be told from structure, and the noise's grain."""
    grain = measure_grain(volume.array)
    smooth = np.empty_like(volume.array)
    for k in range(volume.array.shape[2]):
        smooth[:, :, k] = split_slice(volume.array[:, :, k], grain)[0]
    return Volume(smooth, volume.affine, volume.findings), grain


def grown(smooth: Volume, growth: Growth) -> Volume:
    """Return a scan without noise after a growth."""
    start, stop = _moved_block(smooth, growth)
    i, j, k = (slice(a, b) for a, b in zip(start, stop, strict=True))
    outer = np.maximum(start - SPLINE_MARGIN, 0)
    block = smooth.array[tuple(slice(a, b) for a, b in zip(outer, stop + SPLINE_MARGIN, strict=True))]
    array = smooth.array.copy()
    array[i, j, k] = _deformed(
        block, _source_index(smooth.affine, growth, start, stop) - outer[:, None], stop - start, 3
    )
    return Volume(array, smooth.affine, smooth.findings)


def removed(smooth: Volume, nodule: NDArray[np.bool_]) -> Volume:
    """Return a scan without noise in which a nodule's voxels, and :data:`RIM_MM` around, are the lung's usual HU.

    Args:
        smooth: the scan.
        nodule: its voxels, shape (I, J, K).
    """
    spacing = np.linalg.norm(smooth.affine[:3, :3], axis=0)
    places = np.argwhere(nodule)
    reach = np.ceil((RIM_MM + LUNG_SHELL_MM) / spacing).astype(int)
    low, high = np.maximum(places.min(axis=0) - reach, 0), places.max(axis=0) + reach + 1
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    values, inside = smooth.array[box], nodule[box]
    distance = ndimage.distance_transform_edt(~inside, sampling=spacing)
    lung = values[(distance > RIM_MM) & (values < LUNG_BELOW_HU)]
    level = float(np.median(lung)) if lung.size else LUNG_BELOW_HU
    share = np.clip((RIM_MM + 1.0 - distance) / 1.0, 0, 1)
    array = smooth.array.copy()
    array[box] = values + share * (np.minimum(values, level) - values)
    return Volume(array, smooth.affine, smooth.findings)


def removed_slices(
    volume: Volume, nodule: NDArray[np.bool_], rng: np.random.Generator
) -> Iterator[NDArray[np.float32]]:
    """Yield the slices of a second scan without the nodule, as :func:`followup_slices` does."""
    smooth, grain = without_noise(volume)
    smooth = removed(smooth, nodule)
    lowest = _lowest_unpadded(volume.array)
    columns, rows, count = volume.array.shape
    for k, noise in zip(range(count), noise_slices(grain, (columns, rows), rng), strict=False):
        amount = split_slice(volume.array[:, :, k], grain)[1]
        values = smooth.array[:, :, k]
        yield np.where(amount > 0, np.maximum(values + amount * noise, lowest), values).astype(np.float32)


def _moved_block(volume: Volume, growth: Growth) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The first and one past the last voxel (i, j, k) of the box that may move."""
    z, y, x = growth.grid.axes()
    moving = np.abs(growth.velocity).max(axis=0) > 0
    ends = [np.flatnonzero(moving.any(axis=tuple({0, 1, 2} - {axis})))[[0, -1]] for axis in range(3)]
    (z0, z1), (y0, y1), (x0, x1) = z[ends[0]], y[ends[1]], x[ends[2]]
    corners = np.array([[a, b, c, 1.0] for a in (x0, x1) for b in (y0, y1) for c in (z0, z1)])
    index = (np.linalg.inv(volume.affine) @ corners.T)[:3]
    last = np.array(volume.array.shape)
    start = np.clip(np.floor(index.min(axis=1)), 0, last).astype(np.intp)
    stop = np.clip(np.ceil(index.max(axis=1)) + 1, 0, last).astype(np.intp)
    return start, stop


def _deformed_block(
    volume: Volume, growth: Growth, grain: NoiseGrain, start: NDArray[np.intp], stop: NDArray[np.intp]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The moved block's smooth values and noise levels in the second scan, both of shape stop - start."""
    outer = np.maximum(start - SPLINE_MARGIN, 0)
    i, j, k = (slice(a, b) for a, b in zip(outer, stop + SPLINE_MARGIN, strict=True))
    split = [split_slice(volume.array[:, :, number], grain) for number in range(*k.indices(volume.array.shape[2]))]
    values = np.stack([smooth[i, j] for smooth, _ in split], axis=-1)
    levels = np.stack([level[i, j] for _, level in split], axis=-1)
    source = _source_index(volume.affine, growth, start, stop) - outer[:, None]
    # A cubic spline keeps edges as sharp as they were; where nothing moves it returns the voxels themselves.
    return _deformed(values, source, stop - start, 3), _deformed(levels, source, stop - start, 1)


def _source_index(
    affine: NDArray[np.float64], growth: Growth, start: NDArray[np.intp], stop: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Where each voxel of a block lay in the first scan: (i, j, k), shape (3, N)."""
    lines = (np.arange(a, b, dtype=float) for a, b in zip(start, stop, strict=True))
    index = np.stack(np.meshgrid(*lines, indexing="ij")).reshape(3, -1)
    inverse = np.linalg.inv(affine)
    source: NDArray[np.float64] = inverse[:3, :3] @ growth.backward(affine[:3, :3] @ index + affine[:3, 3:])
    return source + inverse[:3, 3:]


def _deformed(
    values: NDArray[np.float32], source: NDArray[np.float64], shape: NDArray[np.intp], order: int
) -> NDArray[np.float32]:
    deformed: NDArray[np.float32] = ndimage.map_coordinates(values, source, order=order, mode="nearest")
    return deformed.reshape(shape)


def _lowest_unpadded(array: NDArray[np.float32]) -> float:
    """The lowest HU that the scanner writes, where new noise is clipped as the old was; padding does not count."""
    lowest = float(array.min())
    if lowest < AIR_LOWEST_HU:
        lowest = float(array.min(where=array > lowest, initial=np.inf))
    return lowest
