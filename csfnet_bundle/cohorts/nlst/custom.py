"""Positions from a table of the user's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from csfnet_bundle.cohorts.nlst.sighting import SCREEN_DATES, Sighting, screen_of
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.records import CLINICAL_VARIABLES, encode_clinical, is_missing
from csfnet_bundle.records.rows import PLAIN, Row, TableFormat, parse_rows

COLUMNS = ("subject", "nodule", "date", "x", "y", "z", "space", "label")
"""One of ``series_uid`` (fetched from the Imaging Data Commons) and ``path`` (relative to the table) must be there."""
OTHER_COLUMNS = ("series_uid", "path", "diameter_mm", "study_year", "day", *CLINICAL_VARIABLES)
LABELS = {"0": 0, "1": 1, "benign": 0, "malignant": 1}


def read_custom(path: Path, table: TableFormat = PLAIN) -> list[Sighting]:
    """Read a table with one row for every nodule in every scan.

    Args:
        path: the table.
        table: how it is written.

    Raises:
        BundleError: a cell that is not what its column should hold, with the row; neither series nor path; or a path
            where nothing is.
    """
    known = replace(table, known=(*COLUMNS, *OTHER_COLUMNS))
    return parse_rows(path, COLUMNS, lambda row: _sighting(row, path.parent), known)


def _sighting(row: Row, folder: Path) -> Sighting:
    place = Point((row.number_in("x"), row.number_in("y"), row.number_in("z")), Space(_space(row)))
    clinical: dict[str, object] = {name: value for name in CLINICAL_VARIABLES if (value := row.optional(name))}
    try:
        encode_clinical(clinical)
    except BundleError as error:
        raise error.for_record(row.record) from None
    scan = None
    if (relative := row.optional("path")) is not None:
        scan = (folder / relative).resolve()
        if not scan.exists():
            raise BundleError(f"path is {relative!r}, which is not there", record=row.record)
    elif row.optional("series_uid") is None:
        raise BundleError("neither series_uid nor path is given", record=row.record)
    date = row.date("date")
    diameter = row.optional("diameter_mm")
    return Sighting(
        subject=row.patient("subject"),
        nodule=row.name("nodule"),
        series_uid=row.uid("series_uid") if row.optional("series_uid") else "",
        place=place,
        label=None if row.optional("label") is None else row.choice("label", LABELS),
        date=date,
        screen=screen_of(date) if row.optional("study_year") is None else _screen(row),
        day=row.optional_number("day"),
        row=row.number,
        path=None if scan is None else str(scan),
        clinical={name: value for name, value in clinical.items() if not is_missing(value)},
        strata={} if diameter is None else {"diameter_mm": row.number_in("diameter_mm")},
    )


def _screen(row: Row) -> int:
    screen = row.whole("study_year")
    if not 0 <= screen < len(SCREEN_DATES):
        raise BundleError(f"study_year is {screen}, expected 0, 1 or 2", record=row.record)
    return screen


def _space(row: Row) -> str:
    spaces = {space.value: position for position, space in enumerate(Space)}
    return list(spaces)[row.choice("space", spaces)]
