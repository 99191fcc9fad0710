"""Cutting a ROI from a series, reading only the slices that it needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import Refusal
from csfnet_bundle.geometry import Point, Roi, RoiGrid, Space, Volume, sample_grid
from csfnet_bundle.geometry.area import average, subdivide
from csfnet_bundle.geometry.inside import check_point_inside
from csfnet_bundle.geometry.resample import EDGE_TOLERANCE, grid_index_bounds
from csfnet_bundle.scans.dicom.gaps import drift_refusal, gap_refusal
from csfnet_bundle.scans.dicom.instance import Instance
from csfnet_bundle.scans.dicom.pixel_check import check_copies
from csfnet_bundle.scans.dicom.pixels import read_stored, to_hu
from csfnet_bundle.scans.dicom.plausibility import HounsfieldCheck
from csfnet_bundle.scans.dicom.series import Series
from csfnet_bundle.scans.dicom.stack import Stack
from csfnet_bundle.scans.dicom.tolerances import POSITION_TOLERANCE_MM


def read_roi(
    series: Series,
    point: Point,
    size: tuple[int, int, int] = (16, 64, 64),
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    *,
    allow_lossy: bool = False,
    area_average: bool = False,
) -> Roi:
    """Read the ROI around a nodule point.

    A gap or an unusable slice elsewhere in the series is a finding; where the ROI needs it, it is refused.

    Args:
        series: the series.
        point: the nodule's centre; a voxel point counts the slices that exist, along the normal.
        size: voxels along (D, H, W).
        spacing: mm along (D, H, W).
        allow_lossy: read pixels that were compressed with loss.
        area_average: average over a ROI voxel where the scan's voxels are under 0.6 of its size (see
            :mod:`csfnet_bundle.geometry.area`).

    Returns:
        HU on the grid of :class:`csfnet_bundle.geometry.RoiGrid`, linearly interpolated through the true affine.

    Raises:
        Refusal: with the code of what is in the way; see docs/refusals.md.
    """
    plan = plan_roi(series, point, size, spacing, allow_lossy=allow_lossy, area_average=area_average)
    check_copies(series, plan.instances)
    block, origin = _read_block(series, plan)
    block_affine = plan.affine.copy()
    block_affine[:3, 3] += plan.affine[:3, :3] @ origin
    values = average(sample_grid(block, block_affine, plan.sampling), plan.grid.size)
    return Roi(values, plan.grid.affine, plan.findings)


def read_block(series: Series, grid: RoiGrid, *, allow_lossy: bool = False) -> Volume:
    """Read the series' own voxels that a grid lies between; nothing is interpolated.

    Args:
        series: the series.
        grid: its centre lies in the scan, its ends may not.
        allow_lossy: read pixels that were compressed with loss.

    Returns:
        HU, (I, J, K), with the block's own affine.

    Raises:
        Refusal: as :func:`read_roi`.
    """
    plan = plan_roi(series, Point(grid.center, Space.LPS), grid.size, grid.spacing, allow_lossy=allow_lossy)
    check_copies(series, plan.instances)
    block, origin = _read_block(series, plan)
    affine = plan.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ origin
    return Volume(block, affine, plan.findings)


@dataclass(frozen=True)
class RoiPlan:
    """What a ROI needs of its series.

    Attributes:
        grid: the ROI's grid.
        sampling: the grid that is sampled: the ROI's, or a finer one to average over.
        instances: the slices that the grid lies between, ascending along the normal.
        affine: (4, 4) from (i, j, k, 1) to LPS mm, k counted in ``instances``.
        findings: what was noticed and can be lived with, one sentence each.
    """

    grid: RoiGrid
    sampling: RoiGrid
    instances: tuple[Instance, ...]
    affine: NDArray[np.float64]
    findings: tuple[str, ...]

    @property
    def area(self) -> tuple[slice, slice]:
        """Columns and rows of each slice that the sampled grid lies in."""
        low, high = grid_index_bounds(self.affine, self.sampling)
        length = np.array([self.instances[0].columns, self.instances[0].rows])
        start = np.clip(np.floor(low[:2]).astype(int), 0, length - 2)
        stop = np.clip(np.ceil(high[:2]).astype(int) + 1, start + 2, length)
        return slice(int(start[0]), int(stop[0])), slice(int(start[1]), int(stop[1]))


def plan_roi(
    series: Series,
    point: Point,
    size: tuple[int, int, int] = (16, 64, 64),
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    *,
    allow_lossy: bool = False,
    area_average: bool = False,
) -> RoiPlan:
    """Make every check of :func:`read_roi` that needs no pixels.

    Raises:
        Refusal: as :func:`read_roi`, but for what only pixels show.
    """
    stack = series.stack
    series.check_syntaxes(allow_lossy=allow_lossy)
    grid = RoiGrid(_center(series, stack, point), size, spacing)
    sampling = subdivide(grid, stack.affine()) if area_average else grid
    first, last = needed_slices(series, stack, sampling)
    ends = stack.run_around(first, last)
    if ends is None:
        raise gap_refusal(stack, series.uid)
    affine = stack.affine(*ends)
    affine[:3, 3] += affine[:3, 2] * (first - ends[0])
    uneven = _uneven(stack, affine, first, last)
    if uneven > POSITION_TOLERANCE_MM:
        raise drift_refusal(stack, series.uid, uneven)
    findings = (*series.all_findings, *_elsewhere(series, stack))
    return RoiPlan(grid, sampling, stack.instances[first : last + 1], affine, findings)


def needed_slices(series: Series, stack: Stack, grid: RoiGrid) -> tuple[int, int]:
    """Return the first and the last slice that the grid lies between.

    Raises:
        Refusal: an unusable slice lies, or may lie, where the grid needs it.
    """
    low, high = _normal_range(stack, grid)
    rounding = min(EDGE_TOLERANCE * stack.step, (high - low) / 2)  # a grid that ends on a slice does not need the next
    low, high = low + rounding, high - rounding
    last_slice = len(stack.instances) - 1
    first = int(np.clip(np.searchsorted(stack.offsets, low, side="right") - 1, 0, last_slice - 1))
    last = int(np.clip(np.searchsorted(stack.offsets, high, side="left"), first + 1, last_slice))
    beyond = low < stack.offsets[0] or high > stack.offsets[-1]
    in_the_way = tuple(
        item
        for item in series.faulty
        if (beyond if item.position is None else low - stack.step < stack.normal @ item.position < high + stack.step)
    )
    if in_the_way:
        raise series.refuse_faulty(in_the_way)
    return first, last


def _normal_range(stack: Stack, grid: RoiGrid) -> tuple[float, float]:
    """Return where the grid begins and ends on the stack's normal, mm."""
    extent = np.abs(grid.affine[:3, :3].T @ stack.normal) @ (np.array(grid.size) - 1) / 2
    center = float(stack.normal @ grid.center)
    return center - float(extent), center + float(extent)


def _center(series: Series, stack: Stack, point: Point) -> tuple[float, float, float]:
    """Return the point in LPS mm, after checking that it lies in the scan."""
    affine, shape = stack.affine(), stack.shape
    if stack.gaps:
        if point.space is Space.VOXEL:
            point = _through_gaps(stack, point)
        slices = round((stack.offsets[-1] - stack.offsets[0]) / stack.step) + 1
        affine[:3, 2] = (stack.positions[-1] - stack.positions[0]) / (slices - 1)
        shape = (*shape[:2], slices)
    x, y, z = check_point_inside(point, affine, shape, series=series.uid).tolist()
    return x, y, z


def _through_gaps(stack: Stack, point: Point) -> Point:
    """Return a voxel point of a stack with gaps in LPS mm: between the slices that exist."""
    i, j, k = point.coordinates
    count = np.arange(len(stack.instances))
    if not 0 <= k <= count[-1]:
        return point
    origin = np.array([np.interp(k, count, stack.positions[:, axis]) for axis in range(3)])
    x, y, z = (origin + i * stack.column_step + j * stack.row_step).tolist()
    return Point((x, y, z), Space.LPS)


def _uneven(stack: Stack, affine: NDArray[np.float64], first: int, last: int) -> float:
    """Return how far the farthest of the slices lies from where the affine puts it, mm."""
    places = affine[:3, 3] + np.arange(last - first + 1)[:, None] * affine[:3, 2]
    return float(np.linalg.norm(stack.positions[first : last + 1] - places, axis=1).max())


def _read_block(series: Series, plan: RoiPlan) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the HU that the sampled grid lies in, (I, J, K), and the index (i, j, k) of its first voxel."""
    columns, rows = plan.area
    check = HounsfieldCheck()
    block = np.empty(
        (len(plan.instances), rows.stop - rows.start, columns.stop - columns.start), np.float32
    )  # (K, J, I)
    slices = read_stored(plan.instances, series.uid)
    for hu, instance in zip(block, plan.instances, strict=True):
        stored = next(slices)
        check.add(stored, instance)
        hu[:] = to_hu(stored[rows, columns], instance)
        del stored  # its memory serves the next slice
    check.refuse_if_implausible(series.uid)
    return block.transpose(2, 1, 0), np.array([columns.start, rows.start, 0.0])


def _elsewhere(series: Series, stack: Stack) -> list[str]:
    """Return what would have refused the volume, but does not touch the ROI."""
    found: list[Refusal] = []
    if series.faulty:
        found.append(series.refuse_faulty(series.faulty))
    if stack.gaps:
        found.append(gap_refusal(stack, series.uid))
    return [f"Elsewhere in the series, not in this ROI: {refusal.code}, {refusal.problem}." for refusal in found]
