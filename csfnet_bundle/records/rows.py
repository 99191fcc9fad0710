"""Reading a CSV table row by row, with messages that name the row, the column and the value."""

from __future__ import annotations

import codecs
import csv
import logging
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from csfnet_bundle.core.csv_cells import original
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records.clinical import is_missing

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
NAME_WORDS = "letters, digits, dot, dash or underscore, at most 64"
"""What the datalist's schema takes as a nodule's name; it can also be a file's name."""
LONGEST_PATIENT = 256
"""Characters: DICOM allows 64; what exceeds that in practice is let through."""
UID = re.compile(r"[0-9]+(\.[0-9]+)*")
MAXIMUM_UID = 64

Made = TypeVar("Made")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Row:
    """One row of a table: cells by column name, and the number that a message gives it (the header is row 1)."""

    number: int
    cells: dict[str, str]
    decimal_comma: bool = False

    @property
    def record(self) -> str:
        """How a message calls the row."""
        return f"row {self.number}"

    def text(self, column: str) -> str:
        """Return a cell that must not be blank."""
        value = self.cells[column].strip()
        if is_missing(value):
            raise self._refusal(column, "a value")
        return value

    def optional(self, column: str) -> str | None:
        """Return a cell, None where it is blank or the table has no such column."""
        value = self.cells.get(column, "").strip()
        return None if is_missing(value) else value

    def name(self, column: str) -> str:
        """Return a cell that can name a patient or a nodule; a whole number loses the ``.0`` that tables give it."""
        value = re.sub(r"\.0+$", "", self.text(column))
        if not NAME.fullmatch(value):
            raise self._refusal(column, NAME_WORDS)
        return value

    def patient(self, column: str) -> str:
        """Return a cell as a PatientID: any text; a whole number loses the ``.0`` that tables give it."""
        value = re.sub(r"^([0-9]+)\.0+$", r"\1", original(self.text(column)))
        if len(value) > LONGEST_PATIENT or not value.isprintable():
            raise self._refusal(column, f"a PatientID of at most {LONGEST_PATIENT} characters")
        return value

    def uid(self, column: str) -> str:
        """Return a cell that is a DICOM UID."""
        value = self.text(column)
        if len(value) > MAXIMUM_UID or not UID.fullmatch(value):
            raise self._refusal(column, "a DICOM UID")
        return value

    def number_in(self, column: str) -> float:
        """Return a cell as a finite number."""
        try:
            value = float(self._decimal(self.text(column)))
        except ValueError:
            raise self._refusal(column, "a number") from None
        if not math.isfinite(value):
            raise self._refusal(column, "a finite number")
        return value

    def optional_number(self, column: str) -> float | None:
        """Return a cell as a finite number, None where it is blank or the table has no such column."""
        return None if self.optional(column) is None else self.number_in(column)

    def whole(self, column: str) -> int:
        """Return a cell as a whole number (``98.0`` is one)."""
        value = self.number_in(column)
        if value != int(value):
            raise self._refusal(column, "a whole number")
        return int(value)

    def choice(self, column: str, values: Mapping[str, int]) -> int:
        """Return the number that stands for the cell's word, in any case; ``1.0`` is 1."""
        value = re.sub(r"^([0-9]+)[.,]0+$", r"\1", self.text(column)).casefold()
        known = {word.casefold(): number for word, number in values.items()}
        if value not in known:
            raise self._refusal(column, "one of " + ", ".join(values))
        return known[value]

    def date(self, column: str) -> str:
        """Return a cell as ``YYYYMMDD``; ``YYYY-MM-DD`` and ``YYYY/MM/DD`` are taken too."""
        value = re.sub(r"\.0+$", "", self.text(column))
        value = re.sub(r"^([0-9]{4})([-/])([0-9]{2})\2([0-9]{2})$", r"\1\3\4", value)
        try:
            datetime.strptime(value, "%Y%m%d")
        except ValueError:
            raise self._refusal(column, "a date YYYYMMDD") from None
        return value

    def _decimal(self, text: str) -> str:
        return text.replace(",", ".") if self.decimal_comma and text.count(",") == 1 and "." not in text else text

    def _refusal(self, column: str, expected: str) -> BundleError:
        return BundleError(f"{column} is {self.cells.get(column, '')!r}, expected {expected}", record=self.record)


@dataclass(frozen=True)
class TableFormat:
    """How a table of somebody else's is written.

    Attributes:
        columns: what its columns are called, by the name that they have here.
        decimal_comma: numbers have a comma where others have a point.
        known: every column that is read; of others a warning tells, and one that is nearly of these names is rejected.
            Empty: nobody says what is known.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    decimal_comma: bool = False
    known: tuple[str, ...] = ()


PLAIN = TableFormat()
DELIMITERS = ",;\t"
NEARLY = 0.85
"""Likeness of two names (``difflib``) from which one is taken for a misspelling of the other."""


def parse_rows(
    path: Path, columns: Sequence[str], parse: Callable[[Row], Made], table: TableFormat = PLAIN
) -> list[Made]:
    """Return what ``parse`` makes of each row of a CSV table that must have ``columns``.

    Raises:
        BundleError: as :func:`read_rows`, or as ``parse``; the message names the table.
    """
    made = []
    for row in read_rows(path, columns, table):
        try:
            made.append(parse(row))
        except BundleError as error:
            raise error.for_record(str(path)) from None
    return made


def read_rows(path: Path, columns: Sequence[str], table: TableFormat = PLAIN) -> Iterator[Row]:
    """Yield the rows of a table that must have ``columns``: separated by commas, semicolons or tabs, UTF-8 or UTF-16.

    Raises:
        BundleError: no such file, no text, a column that is not there, no row, or a row with too few or many cells.
    """
    if not path.is_file():
        raise BundleError(f"there is no table {path}", remedy="Name the file where it lies.")
    with path.open("rb") as file:
        is_utf16 = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    with path.open(encoding="utf-16" if is_utf16 else "utf-8-sig", newline="") as text:
        try:
            first = text.readline()
            text.seek(0)
            reader = csv.DictReader(text, strict=True, delimiter=max(DELIMITERS, key=first.count))
            reader.fieldnames = _header([name.strip() for name in reader.fieldnames or ()], columns, path, table)
            empty = True
            for number, cells in enumerate(reader, start=2):
                empty = False
                if None in cells or None in cells.values():
                    raise BundleError(
                        f"row {number} has not as many cells as the header",
                        record=str(path),
                        remedy='Put cells that hold the separator in quotes: "1,2,3".',
                    )
                yield Row(number, cells, table.decimal_comma)
        except UnicodeError as error:
            remedy = "Save it as CSV UTF-8."
            raise BundleError(f"the table is no text in UTF-8: {error}", record=str(path), remedy=remedy) from None
        except csv.Error as error:
            raise BundleError(f"the table cannot be read as CSV: {error}", record=str(path)) from None
        if empty:
            raise BundleError("the table has no rows", record=str(path), remedy="Give it one, or get it again.")


def _header(theirs: list[str], columns: Sequence[str], path: Path, table: TableFormat) -> list[str]:
    """Return the names of the columns as they are called here."""
    absent = [f"{ours}={other}" for ours, other in table.columns.items() if other not in theirs]
    if absent:
        raise BundleError(
            f"--columns says {absent[0]}, the table has {', '.join(theirs) or 'no column'}",
            record=str(path),
            remedy="Give NAME=THEIRS, e.g. subject=pid.",
        )
    ours = {other: name for name, other in table.columns.items()}
    header = [ours.get(name, name) for name in theirs]
    twice = next((name for name in header if name and header.count(name) > 1), None)
    if twice is not None:
        raise BundleError(f"the table has two columns {twice!r}", record=str(path), remedy="Rename one.")
    missing = [column for column in columns if column not in header]
    unknown = [name for name in header if table.known and name not in table.known]
    for name in unknown:
        free = [known for known in table.known if known not in header]
        near = get_close_matches(name.strip().casefold(), [one.casefold() for one in free], 1, NEARLY)
        if near:
            meant = next(one for one in free if one.casefold() == near[0])
            raise BundleError(
                f"the table has a column {name!r}, which is nearly {meant!r}",
                record=str(path),
                remedy=f"Say --columns {meant}={name} if that is meant, or rename the column.",
            )
    if missing:
        raise BundleError(
            f"the table has no column {missing[0]!r}; it has {', '.join(header) or 'none'}",
            record=str(path),
            remedy="docs/nlst.md has the columns of each source of a cohort, docs/medst.md those of Med-ST.",
        )
    if unknown:
        logger.warning("%s: columns that nobody reads: %s", path, ", ".join(unknown))
    return header
