"""Reading a CSV table row by row, with messages that name the row, the column and the value."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from csfnet_bundle.core.csv_cells import original
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records.clinical import is_missing

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What the datalist's schema takes as a nodule's name; it can also be a file's name."""
LONGEST_PATIENT = 256
"""Characters: DICOM allows 64; what exceeds that in practice is let through."""
UID = re.compile(r"[0-9]+(\.[0-9]+)*")
MAXIMUM_UID = 64

Made = TypeVar("Made")


@dataclass(frozen=True)
class Row:
    """One row of a table: cells by column name, and the number that a message gives it (the header is row 1)."""

    number: int
    cells: dict[str, str]

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
            raise self._refusal(column, "letters, digits, dot, dash or underscore, at most 64")
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
            value = float(self.text(column))
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

    def choice(self, column: str, values: dict[str, int]) -> int:
        """Return the number that stands for the cell's word."""
        value = self.text(column)
        if value not in values:
            raise self._refusal(column, "one of " + ", ".join(values))
        return values[value]

    def date(self, column: str) -> str:
        """Return a cell as ``YYYYMMDD``; ``YYYY-MM-DD`` is taken too."""
        value = re.sub(r"\.0+$", "", self.text(column)).replace("-", "")
        try:
            datetime.strptime(value, "%Y%m%d")
        except ValueError:
            raise self._refusal(column, "a date YYYYMMDD") from None
        return value

    def _refusal(self, column: str, expected: str) -> BundleError:
        return BundleError(f"{column} is {self.cells.get(column, '')!r}, expected {expected}", record=self.record)


def parse_rows(path: Path, columns: Sequence[str], parse: Callable[[Row], Made]) -> list[Made]:
    """Return what ``parse`` makes of each row of a CSV table that must have ``columns``.

    Raises:
        BundleError: as :func:`read_rows`, or as ``parse``; the message names the table.
    """
    made = []
    for row in read_rows(path, columns):
        try:
            made.append(parse(row))
        except BundleError as error:
            raise error.for_record(str(path)) from None
    return made


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """Yield the rows of a CSV table that must have ``columns``.

    Raises:
        BundleError: no such file, no text, a column that is not there, no row, or a row with too few or many cells.
    """
    if not path.is_file():
        raise BundleError(f"there is no table {path}", remedy="Name the file where it lies.")
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        try:
            header = [name.strip() for name in reader.fieldnames or ()]
            missing = [column for column in columns if column not in header]
            if missing:
                raise BundleError(
                    f"the table has no column {missing[0]!r}; it has {', '.join(header) or 'none'}",
                    record=str(path),
                    remedy="docs/nlst.md has the columns of each source of a cohort, docs/medst.md those of Med-ST.",
                )
            reader.fieldnames = header
            empty = True
            for number, cells in enumerate(reader, start=2):
                empty = False
                if None in cells or None in cells.values():
                    raise BundleError(f"row {number} has not as many cells as the header", record=str(path))
                yield Row(number, cells)
        except (UnicodeDecodeError, csv.Error) as error:
            raise BundleError(f"the table cannot be read as CSV: {error}", record=str(path)) from None
        if empty:
            raise BundleError("the table has no rows", record=str(path), remedy="Give it one, or get it again.")
