"""Positions from NLSTx: pixel boxes on one slice of each yearly screen, one nodule a participant."""

from __future__ import annotations

from pathlib import Path

from csfnet_bundle.cohorts.nlst.sighting import SCREEN_DATES, PixelBox, Sighting
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records.rows import Row, parse_rows

LABELS = {"B": 0, "M": 1}
COLUMNS = (
    "fold",
    "PID",
    "study_yr",
    "malignancy",
    "seriesinstanceuids",
    "Abnormality UID",
    "Slice number",
    "Bounding box x (pixels)",
    "Bounding box y (pixels)",
    "Bounding box width (pixels)",
    "Bounding box height (pixels)",
)
NODULE = "nodule"
"""The abnormality number is given anew at every screen and is no identity over time, so the participant's one nodule
has one name, and its screens are linked by participant."""


def read_nlstx(path: Path) -> list[Sighting]:
    """Read the NLSTx table.

    Raises:
        BundleError: a cell that is not what its column should hold, with the row.
    """
    return parse_rows(path, COLUMNS, _sighting)


def _sighting(row: Row) -> Sighting:
    screen = row.whole("study_yr")
    if not 0 <= screen < len(SCREEN_DATES):
        raise BundleError(f"study_yr is {screen}, expected 0, 1 or 2", record=row.record)
    box = PixelBox(
        slice_number=row.whole("Slice number"),
        column=row.number_in("Bounding box x (pixels)"),
        row=row.number_in("Bounding box y (pixels)"),
        width=row.number_in("Bounding box width (pixels)"),
        height=row.number_in("Bounding box height (pixels)"),
    )
    if min(box.width, box.height) <= 0 or min(box.column, box.row) < 0:
        raise BundleError(f"the box {box} has no area or starts before the image", record=row.record)
    return Sighting(
        subject=row.name("PID"),
        nodule=NODULE,
        series_uid=row.uid("seriesinstanceuids"),
        place=box,
        label=row.choice("malignancy", LABELS),
        date=SCREEN_DATES[screen],
        screen=screen,
        row=row.number,
        strata={"source_fold": row.whole("fold"), "abnormality": row.whole("Abnormality UID")},
    )
