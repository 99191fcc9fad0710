"""Positions from LUNA25: LPS points of NLST nodules that were followed over the yearly screens."""

from __future__ import annotations

from pathlib import Path

from csfnet_bundle.cohorts.nlst.sighting import SCREEN_DATES, Sighting, screen_of
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.records.rows import Row, parse_rows

GENDERS = {"Male": 1, "Female": 2, "M": 1, "F": 2, "1": 1, "2": 2}
"""The table's words, and the NLST dictionary's codes, for NLST's codes of gender."""
COLUMNS = (
    "PatientID",
    "SeriesInstanceUID",
    "StudyDate",
    "CoordX",
    "CoordY",
    "CoordZ",
    "LesionID",
    "AnnotationID",
    "NoduleID",
    "label",
    "Age_at_StudyDate",
    "Gender",
)


def read_luna25(path: Path) -> list[Sighting]:
    """Read the LUNA25 table.

    Raises:
        BundleError: a cell that is not what its column should hold, a date that is none of NLST's, or an
            ``AnnotationID`` or ``NoduleID`` that does not say what the other columns say.
    """
    return parse_rows(path, COLUMNS, _sighting)


def _sighting(row: Row) -> Sighting:
    subject, lesion, date = row.name("PatientID"), row.name("LesionID"), row.date("StudyDate")
    for column, expected in (("NoduleID", f"{subject}_{lesion}"), ("AnnotationID", f"{subject}_{lesion}_{date}")):
        if row.text(column) != expected:
            raise BundleError(f"{column} is {row.text(column)!r}, its parts say {expected!r}", record=row.record)
    screen = screen_of(date)
    if screen is None:
        raise BundleError(f"StudyDate is {date}, expected one of {', '.join(SCREEN_DATES)}", record=row.record)
    clinical: dict[str, object] = {}
    if row.optional("Age_at_StudyDate") is not None:
        clinical["age"] = row.number_in("Age_at_StudyDate")
    if row.optional("Gender") is not None:
        clinical["gender"] = row.choice("Gender", GENDERS)
    return Sighting(
        subject=subject,
        nodule=lesion,
        series_uid=row.uid("SeriesInstanceUID"),
        place=Point((row.number_in("CoordX"), row.number_in("CoordY"), row.number_in("CoordZ")), Space.LPS),
        label=row.choice("label", {"0": 0, "1": 1, "0.0": 0, "1.0": 1}),
        date=date,
        screen=screen,
        row=row.number,
        clinical=clinical,
    )
