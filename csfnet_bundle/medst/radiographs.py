"""Radiographs with reports from a CSV, as sequences: one row is one study, with its views, its report and its date."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pandas as pd

from csfnet_bundle.cohorts.splits import SECTIONS
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst.sequences import RadiographFiles, Study, StudySequence
from csfnet_bundle.records.rows import Row, parse_rows

COLUMNS = ("patient", "date", "report", "frontal", "lateral")
SECTION = "section"


def radiograph_sequences(csv: str | Path, section: str | None = None) -> list[StudySequence]:
    """Return a sequence for each patient of a CSV, in the order of the dates.

    A row is kept whole: nothing reorders the views of a study without its report.

    Args:
        csv: columns ``patient``, ``date`` (ISO 8601: YYYY-MM-DD or YYYYMMDD, perhaps with a time of one zone for all,
            which is not written), ``report``, ``frontal`` and ``lateral`` (image files, relative to the CSV; one of the
            two may be blank). A column ``section`` splits by patient. Any further column (``change``, ``label``, ...)
            is kept for the evaluations.
        section: the rows of this section alone; None takes all rows.

    Raises:
        BundleError: a column, a file or a view is missing, a date is none, two studies of a patient have the same date,
            a section is none, a patient is in two of them, or no row is left.
    """
    csv = Path(csv)
    table = read_table(csv, COLUMNS)
    if section is not None:
        table = _section(table, section, csv)
    if table.empty:
        raise BundleError(f"no row of section {section!r}", record=str(csv), remedy="Add one.")
    table = table.assign(day=[_day(text, number, csv) for number, text in table["date"].items()])
    repeated = [key for key, count in Counter(zip(table["patient"], table["day"], strict=True)).items() if count > 1]
    if repeated:
        raise BundleError(
            f"patient {repeated[0][0]} has two studies of {repeated[0][1]}: their order is not known",
            record=str(csv),
            remedy="Give the time with the date, or keep one of them.",
        )
    return [
        StudySequence(str(patient), str(patient), tuple(_study(dict(row), csv) for row in rows.to_dict("records")))
        for patient, rows in table.sort_values("day", kind="stable").groupby("patient", sort=True)
    ]


def read_table(csv: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return a CSV as text, by the number of its row (the header is 1), blanks as empty strings.

    Raises:
        BundleError: as :func:`csfnet_bundle.records.rows.parse_rows`; or a row without a patient.
    """
    rows = parse_rows(csv, columns, _with_patient)
    return pd.DataFrame([row.cells for row in rows], index=[row.number for row in rows])


def _with_patient(row: Row) -> Row:
    """Return the row with one spelling of its patient: blanks or ``.0`` would make two of one."""
    return replace(row, cells={**row.cells, "patient": row.patient("patient")})


def image_file(text: str, csv: Path, record: str) -> Path | None:
    """Return an image that a cell names, relative to its table; None for a blank cell.

    Raises:
        BundleError: there is no such file.
    """
    if not text:
        return None
    path = csv.parent / text
    if not path.is_file():
        raise BundleError(f"there is no image {path}", record=f"{csv}, {record}", remedy="Correct the path.")
    return path


def _section(table: pd.DataFrame, section: str, csv: Path) -> pd.DataFrame:
    if SECTION not in table.columns:
        raise BundleError(
            f"column {SECTION!r} is missing", record=str(csv), remedy="Give every patient training, validation or test."
        )
    table = table.assign(**{SECTION: table[SECTION].str.strip()})
    for number, value in table[SECTION].items():
        if value not in SECTIONS:
            raise BundleError(
                f"{SECTION} is {value!r}, expected {', '.join(SECTIONS)}",
                record=f"{csv}, row {number}",
                remedy="Correct it, or leave the row out.",
            )
    sections = table.groupby("patient")[SECTION].nunique()
    if (sections > 1).any():
        raise BundleError(f"patient {sections.idxmax()} is in two sections", record=str(csv), remedy="Choose one.")
    return table[table[SECTION] == section]


def _day(text: str, number: Hashable, csv: Path) -> datetime:
    """Read a date that has one meaning: 03/04/2020 has two, and of two zones nobody knows which study was first."""
    try:
        day = datetime.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.tzinfo is not None:
        raise BundleError(
            f"date is {text!r}, expected YYYY-MM-DD, perhaps with a time without a zone",
            record=f"{csv}, row {number}",
            remedy="Correct it.",
        )
    return day


def _study(row: Mapping[Hashable, object], csv: Path) -> Study:
    name = f"{row['patient']}/{row['date']}"
    frontal, lateral = (image_file(str(row[view]), csv, name) for view in ("frontal", "lateral"))
    if frontal is None and lateral is None:
        raise BundleError("the study has neither a frontal nor a lateral view", record=f"{csv}, {name}")
    if not str(row["report"]).strip():
        raise BundleError("the study has a blank report", record=f"{csv}, {name}", remedy="Leave its row out.")
    rest = {str(key): value for key, value in row.items() if key not in (*COLUMNS, "day") and value != ""}
    return Study(name, str(row["patient"]), str(row["report"]), RadiographFiles(frontal, lateral), values=rest)
