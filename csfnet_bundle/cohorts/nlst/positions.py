"""From a box on a slice, or a point, to LPS mm in the scan's own frame, by the headers of the scan.

A box is on the slice whose InstanceNumber is the box's slice number; if no slice or several have it, the sighting is
refused, since a wrong base of counting would put every ROI beside its nodule without a word.

Here too: the folders of series below a folder of images, and movements of a nodule that are implausible.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.cohorts.nlst.index import IndexedSeries
from csfnet_bundle.cohorts.nlst.sighting import PixelBox, Sighting
from csfnet_bundle.core.errors import BundleError, Refusal, RefusalCode
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.geometry.inside import check_point_inside
from csfnet_bundle.records.rows import UID
from csfnet_bundle.scans.dicom import Series, scan_folder, select_series
from csfnet_bundle.scans.dicom.header import Header, read_header
from csfnet_bundle.scans.dicom.instance import Instance
from csfnet_bundle.scans.dicom.stack import Stack
from csfnet_bundle.scans.dicom.tags import text
from csfnet_bundle.scans.volume_files import is_volume_file, open_volume_file

INSTANCE_NUMBER = 0x00200013
DECIMALS = 3
"""A thousandth of a mm is far below what a box of whole pixels says."""

IN_PLANE_MM = 60.0
"""mm. Relative to the middle of the image. In the boxes of NLSTx 99 of 100 pairs move less (docs/nlst.md): the patient
lies elsewhere, breathes in differently, or the image is centred elsewhere."""
ALONG_MM = 75.0
"""mm. Relative to the middle of the stack, which moves with how much of neck and abdomen was scanned."""
BESIDE_MIDLINE_MM = 20.0
"""mm. A nodule farther than this from the middle on one side, and then on the other, has changed lungs."""


@dataclass(frozen=True)
class Located:
    """A nodule's place in its scan.

    Attributes:
        point: the nodule's centre; LPS mm where it came from a box.
        offset_mm: the point relative to the middle of the stack, LPS mm, (3,); None where the scan is no DICOM.
        diameter_mm: longer side of the box, mm; None without a box.
        instance: the slice that a box is drawn on; None without a box.
    """

    point: Point
    offset_mm: tuple[float, float, float] | None = None
    diameter_mm: float | None = None
    instance: Instance | None = None


def locate(sighting: Sighting, scan: Path) -> Located:
    """Return where a nodule is.

    Args:
        sighting: its box or point; a place that matching is to find cannot be located.
        scan: folder of the DICOM series, or a volume file.

    Raises:
        Refusal: the headers make no stack, are of another patient or date, or the point lies outside of the scan.
        BundleError: no slice, or several, with the box's slice number; a box that leaves the image.
    """
    try:
        if not scan.is_dir():
            point = _as_point(sighting)
            if is_volume_file(scan):
                file = open_volume_file(scan)
                check_point_inside(point, file.affine, file.shape, series=str(scan))
            return Located(point)
        series = select_series(scan_folder(scan), sighting.series_uid or None)
        _check_record(sighting, series)
        return _in_series(sighting, series)
    except BundleError as error:
        raise error.for_record(sighting.record) from None


def _check_record(sighting: Sighting, series: Series) -> None:
    """Compare the table with the images.

    Raises:
        Refusal: ``PAIR_MISMATCH``, another patient or date.
    """
    for what, recorded, found in (
        ("of patient", sighting.subject, series.patient_id),
        ("dated", sighting.date, series.study_date or sighting.date),
    ):
        if recorded != found:
            raise Refusal(
                RefusalCode.PAIR_MISMATCH,
                f"the table's scan is {what} {recorded!r}, the images are {what} {found!r}",
                series=series.uid,
                figures={"table": recorded, "images": found},
                remedy="Correct the table, or the path.",
            )


def _as_point(sighting: Sighting) -> Point:
    if isinstance(sighting.place, PixelBox):
        raise BundleError("a pixel box needs the scan as DICOM", remedy="Give the folder of the series.")
    assert sighting.place is not None
    return sighting.place


def _in_series(sighting: Sighting, series: Series) -> Located:
    stack = series.stack
    columns, rows, slices = stack.shape
    affine = stack.affine()
    middle = affine @ [(columns - 1) / 2, (rows - 1) / 2, (slices - 1) / 2, 1.0]
    if isinstance(sighting.place, Point):
        if not stack.gaps:  # of a scan with gaps the ROI says
            check_point_inside(sighting.place, affine, stack.shape, series=series.uid)
        return Located(sighting.place, _offset(sighting.place.lps(affine), middle))
    assert sighting.place is not None
    box = sighting.place
    k = _slice_with_number(stack, box.slice_number)
    if box.column + box.width > columns or box.row + box.height > rows:
        raise BundleError(f"the box {box} leaves the image of {columns} x {rows} pixels")
    column, row = box.centre
    point = stack.positions[k] + column * stack.column_step + row * stack.row_step
    width = box.width * float(np.linalg.norm(stack.column_step))
    height = box.height * float(np.linalg.norm(stack.row_step))
    x, y, z = (round(float(value), DECIMALS) for value in point)
    return Located(
        Point((x, y, z), Space.LPS), _offset(point, middle), round(max(width, height), 1), stack.instances[k]
    )


def _offset(point: NDArray[np.float64], middle: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in point - middle[:3])
    return x, y, z


def _slice_with_number(stack: Stack, number: int) -> int:
    """Return which slice of the stack has an InstanceNumber."""
    found = [k for k, instance in enumerate(stack.instances) if instance_number(instance.path) == number]
    if len(found) != 1:
        raise BundleError(
            f"slice number {number}: {len(found)} slices of the series have this InstanceNumber, expected one",
            remedy="The box cannot be placed; leave the row out.",
        )
    return found[0]


def instance_number(path: str) -> int | None:
    """Return a file's InstanceNumber, None if it has none."""
    header = read_header(path, frozenset({INSTANCE_NUMBER}))
    if not isinstance(header, Header):
        return None
    try:
        return int(text(header.values, INSTANCE_NUMBER))
    except ValueError:
        return None


def find_series(images: Path, uids: Iterable[str]) -> Mapping[str, Path]:
    """Return the folders of the series that are below ``images``, by SeriesInstanceUID.

    A folder holds a series if its name is the UID, or ends in it after ``_`` (``CT_1.2.3``, as idc-index has it).
    Folders whose names start with a dot are left out: a download in progress.
    """
    wanted = set(uids)
    found: dict[str, Path] = {}
    for parent, names, _ in os.walk(images):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in names:
            uid = name.rpartition("_")[2]
            if uid in wanted and UID.fullmatch(uid):
                found.setdefault(uid, Path(parent, name))
    return found


def missing_instances(here: Mapping[str, Path], found: Mapping[str, IndexedSeries]) -> dict[str, str]:
    """Return what is wrong with series that have fewer files than the index has instances, by SeriesInstanceUID."""
    problems = {}
    for uid, folder in here.items():
        expected = found[uid].instances
        with os.scandir(folder) as entries:
            files = sum(entry.is_file() for entry in entries)
        if files < expected:
            problems[uid] = f"{files} files are in {folder}, the index says {expected} instances"
    return problems


def movement_problem(before: tuple[float, float, float | None], after: tuple[float, float, float | None]) -> str | None:
    """Return what is implausible about a nodule's movement, None if nothing is.

    Args:
        before: the point at t0 relative to the middle of its scan, LPS mm; z None where it is not known.
        after: the same at t1.
    """
    if min(abs(before[0]), abs(after[0])) > BESIDE_MIDLINE_MM and before[0] * after[0] < 0:
        return f"changed sides: {before[0]:.0f} mm from the middle at t0, {after[0]:.0f} mm at t1 (+ is left)"
    in_plane = math.hypot(after[0] - before[0], after[1] - before[1])
    if in_plane > IN_PLANE_MM:
        return f"moved {in_plane:.0f} mm within the axial plane"
    if before[2] is not None and after[2] is not None and abs(after[2] - before[2]) > ALONG_MM:
        return f"moved {abs(after[2] - before[2]):.0f} mm along the body"
    return None
