"""The geometry of a stack of slices: their order, the affine, and every check that headers allow.

Slices are ordered by ImagePositionPatient on the stack's normal and by nothing else: not by file name, not by
InstanceNumber, not by SliceLocation. The stack's direction is taken from the positions, so that a scan with a tilted
gantry keeps its true, sheared affine (DICOM PS3.3, C.7.6.2.1.1, gives the mapping within a slice).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.scans.dicom.instance import Instance
from csfnet_bundle.scans.dicom.tolerances import (
    MIN_SLICES,
    ORIENTATION_TOLERANCE,
    PIXEL_SPACING_TOLERANCE_MM,
    POSITION_TOLERANCE_MM,
    SAME_POSITION_MM,
    SHEAR_DEGREES,
    STEP_TOLERANCE_SHARE,
    UNIT_TOLERANCE,
)


@dataclass(frozen=True)
class Stack:
    """Slices in order along their normal.

    Attributes:
        instances: the slices, ascending along the normal.
        positions: centre of each slice's first pixel, LPS mm, shape (K, 3).
        offsets: ``positions`` on the normal, mm, ascending, shape (K,).
        normal: unit vector (3,), column direction x row direction: with (i, j, k) it makes a right-handed system.
        column_step: mm from a column to the next, LPS, (3,).
        row_step: mm from a row to the next, LPS, (3,).
        step: usual distance of neighbouring slices along the normal, mm (the median).
        gaps: every k whose step to k + 1 is not the usual one.
    """

    instances: tuple[Instance, ...]
    positions: NDArray[np.float64]
    offsets: NDArray[np.float64]
    normal: NDArray[np.float64]
    column_step: NDArray[np.float64]
    row_step: NDArray[np.float64]
    step: float
    gaps: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Columns, rows, slices."""
        return self.instances[0].columns, self.instances[0].rows, len(self.instances)

    @property
    def tilt_degrees(self) -> float:
        """Angle between the stack's direction and its normal; above SHEAR_DEGREES the stack is sheared."""
        direction = self.positions[-1] - self.positions[0]
        in_plane = direction - (direction @ self.normal) * self.normal
        return float(np.degrees(np.arctan2(np.linalg.norm(in_plane), direction @ self.normal)))

    @property
    def is_sheared(self) -> bool:
        """Whether its voxels are no boxes: a tilted gantry."""
        return self.tilt_degrees > SHEAR_DEGREES

    def affine(self, first: int = 0, last: int = -1) -> NDArray[np.float64]:
        """Return (4, 4) from (i, j, k, 1) to LPS mm, k counted from slice ``first``, true for ``first`` to ``last``."""
        last = range(len(self.instances))[last]
        matrix = np.eye(4)
        matrix[:3, 0] = self.column_step
        matrix[:3, 1] = self.row_step
        matrix[:3, 2] = (self.positions[last] - self.positions[first]) / (last - first)
        matrix[:3, 3] = self.positions[first]
        return matrix

    def run_around(self, first: int, last: int) -> tuple[int, int] | None:
        """Return the ends of the longest gapless run that holds slices ``first`` to ``last``; None if a gap does."""
        if any(first <= gap < last for gap in self.gaps):
            return None
        start = max((gap + 1 for gap in self.gaps if gap < first), default=0)
        end = min((gap for gap in self.gaps if gap >= last), default=len(self.instances) - 1)
        return start, end

    def uneven(self, first: int, last: int) -> float:
        """Return how far the farthest of slices ``first`` to ``last`` lies from their straight, even line, mm."""
        places = np.linspace(0.0, 1.0, last - first + 1)[:, None]
        start, end = self.positions[first], self.positions[last]
        return float(np.linalg.norm(self.positions[first : last + 1] - (start + places * (end - start)), axis=1).max())

    def gap_figures(self) -> dict[str, object]:
        """Return the usual step and the positions on the normal on both sides of each gap, mm."""
        sides = [(round(float(self.offsets[k]), 3), round(float(self.offsets[k + 1]), 3)) for k in self.gaps]
        return {"step_mm": round(self.step, 4), "gaps_mm": sides}


def build_stack(instances: Sequence[Instance], series: str = "") -> Stack:
    """Order the slices and check that they are one stack.

    Args:
        instances: slices without duplicates, in any order.
        series: SeriesInstanceUID, for the refusal.

    Raises:
        Refusal: NO_GEOMETRY, TOO_FEW_SLICES, INCONSISTENT_GEOMETRY or DUPLICATE_POSITION.
    """
    bare = [item for item in instances if None in (item.position, item.orientation, item.pixel_spacing)]
    if bare:
        missing = [
            name
            for name, value in (
                ("ImagePositionPatient", bare[0].position),
                ("ImageOrientationPatient", bare[0].orientation),
                ("PixelSpacing", bare[0].pixel_spacing),
            )
            if value is None
        ]
        raise Refusal(
            RefusalCode.NO_GEOMETRY,
            f"{len(bare)} of {len(instances)} slices have no valid {' and '.join(missing)}",
            series=series,
            figures={"slices": len(instances), "without": len(bare), "missing": missing, "first": bare[0].path},
            remedy="Export the series again with its geometry, or take another reconstruction.",
        )
    if len(instances) < MIN_SLICES:
        raise _too_few(instances, series)
    frames = {item.frame_of_reference for item in instances if item.frame_of_reference}
    if 1 < len(frames) < len(instances):  # where every slice has its own, a de-identifier made them up
        _refuse_inconsistent("FrameOfReferenceUID", sorted(frames), series)
    orientation = _one_orientation(instances, series)
    column_direction, row_direction = orientation[:3], orientation[3:]
    normal = np.cross(column_direction, row_direction)
    normal /= np.linalg.norm(normal)
    positions = np.array([item.position for item in instances], dtype=np.float64)
    offsets = positions @ normal
    order = np.argsort(offsets, kind="stable")
    positions, offsets = positions[order], offsets[order]
    ordered = tuple(instances[index] for index in order)
    steps = np.diff(offsets)
    if (steps < SAME_POSITION_MM).any():
        _refuse_duplicate(ordered, offsets, steps, series)
    _check_origin(positions, offsets, series)
    assert ordered[0].pixel_spacing is not None
    between_rows, between_columns = ordered[0].pixel_spacing
    step = float(np.median(steps))
    tolerance = min(2 * POSITION_TOLERANCE_MM, STEP_TOLERANCE_SHARE * step)  # both slices may be off
    return Stack(
        instances=ordered,
        positions=positions,
        offsets=offsets,
        normal=normal,
        column_step=column_direction * between_columns,
        row_step=row_direction * between_rows,
        step=step,
        gaps=tuple(np.flatnonzero(np.abs(steps - step) > tolerance).tolist()),
    )


def _too_few(instances: Sequence[Instance], series: str) -> Refusal:
    count = f"{len(instances)} {'slice' if len(instances) == 1 else 'slices'}"
    if len(instances) > 1 and len({item.position for item in instances}) == 1:
        count += " at one place"
    return Refusal(
        RefusalCode.TOO_FEW_SLICES,
        f"{count}, at least {MIN_SLICES} at as many places are needed to see that none is missing",
        series=series,
        figures={"slices": len(instances)},
        remedy="Give the whole series; where this is all of it, give the axial series of the study.",
    )


def _one_orientation(instances: Sequence[Instance], series: str) -> NDArray[np.float64]:
    """Return the stack's orientation (6,), after checking that matrix, spacing and orientation are the same in all."""
    first = instances[0]
    kinds = {(item.rows, item.columns, item.pixel_spacing, item.orientation) for item in instances}
    orientation = np.array(first.orientation)
    for rows, columns, spacing, other in kinds:
        assert spacing is not None
        assert first.pixel_spacing is not None
        if (rows, columns) != (first.rows, first.columns):
            _refuse_inconsistent("matrix", [f"{c} x {r}" for r, c in {(k[0], k[1]) for k in kinds}], series)
        if np.abs(np.subtract(spacing, first.pixel_spacing)).max() > PIXEL_SPACING_TOLERANCE_MM:
            _refuse_inconsistent("PixelSpacing", [k[2] for k in kinds], series)
        if np.abs(orientation - np.array(other)).max() > ORIENTATION_TOLERANCE:
            _refuse_inconsistent("ImageOrientationPatient", [k[3] for k in kinds], series)
    column_direction, row_direction = orientation[:3], orientation[3:]
    lengths = np.linalg.norm([column_direction, row_direction], axis=1)
    if np.abs(lengths - 1).max() > UNIT_TOLERANCE or abs(column_direction @ row_direction) > UNIT_TOLERANCE:
        raise Refusal(
            RefusalCode.NO_GEOMETRY,
            f"ImageOrientationPatient {first.orientation} is not two unit vectors at a right angle",
            series=series,
            figures={"orientation": first.orientation},
            remedy="Export the series again with its geometry, or take another reconstruction.",
        )
    return np.concatenate([column_direction / lengths[0], row_direction / lengths[1]])


def _check_origin(positions: NDArray[np.float64], offsets: NDArray[np.float64], series: str) -> None:
    """Refuse slices shifted within their plane: first pixels must lie on one straight line, gaps or not."""
    along = ((offsets - offsets[0]) / (offsets[-1] - offsets[0]))[:, None]
    line = positions[0] + along * (positions[-1] - positions[0])
    distance = np.linalg.norm(positions - line, axis=1)
    if distance.max() > POSITION_TOLERANCE_MM:
        _refuse_inconsistent(
            "the in-plane origin",
            [f"{distance.max():.2f} mm off the line of the others"],
            series,
        )


def _refuse_inconsistent(what: str, values: Sequence[object], series: str) -> None:
    shown = sorted(str(value) for value in values)
    raise Refusal(
        RefusalCode.INCONSISTENT_GEOMETRY,
        f"{what} changes within the series: {', '.join(dict.fromkeys(shown[:4]))}",
        series=series,
        figures={"what": what, "values": shown},
        remedy="Take another reconstruction, or separate the files if they are two.",
    )


def _refuse_duplicate(
    ordered: Sequence[Instance], offsets: NDArray[np.float64], steps: NDArray[np.float64], series: str
) -> None:
    places = np.flatnonzero(steps < SAME_POSITION_MM)
    k = int(places[0])
    if len(places) == len(steps):
        problem = f"all {len(ordered)} slices lie at one place"
        remedy = "Give the axial series: bolus tracking, a test injection or a series in time is no volume."
    else:
        times = "once" if len(places) == 1 else f"{len(places)} times, first"
        problem = f"two slices lie at one place, {times} at {offsets[k]:.2f} mm along the normal"
        remedy = "Keep one of the two sets of slices (repeated scans and phases of a cardiac scan look like this)."
    raise Refusal(
        RefusalCode.DUPLICATE_POSITION,
        problem,
        series=series,
        figures={
            "places": len(places),
            "offset_mm": round(float(offsets[k]), 3),
            "files": sorted(item.path for item in ordered[k : k + 2]),
        },
        remedy=remedy,
    )
