"""A table of unlabelled pairs to be predicted: a row each, with the options of ``predict`` as columns."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from csfnet_bundle.core.code_book import CodeBook
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs.given_point import GivenPoint, given_point
from csfnet_bundle.prediction.request import PairRequest
from csfnet_bundle.records.clinical_words import ALIASES, clinical_codes, variable_named
from csfnet_bundle.records.rows import Row, read_rows

COLUMNS = (
    *("export", "t0", "t1", "point0", "point1", "space", "image0", "pixel0", "image1", "pixel1"),
    *("patient", "study0", "study1", "series0", "series1", "subject", "nodule", "interval_days"),
)
"""What a table may have besides clinical variables; each is the option of ``predict`` of that name."""


@dataclass(frozen=True)
class ListRow:
    """A row of the table.

    Attributes:
        number: of the row; the header is row 1.
        cells: what stands in it, by column.
        request: what it asks for; None where it cannot be understood.
        error: why not.
    """

    number: int
    cells: dict[str, str]
    request: PairRequest | None = None
    error: BundleError | None = None


def read_pair_list(path: Path, code_book: CodeBook | None = None) -> list[ListRow]:
    """Return the rows of a table, those that cannot be understood with the reason.

    Args:
        path: a CSV file; paths in it are relative to its folder.
        code_book: that of the weights which will see the clinical values.

    Raises:
        BundleError: no such file, no CSV, no row, or a column that means nothing.
    """
    rows = list(read_rows(path, ()))
    columns = {column: _column(column, path, code_book) for column in rows[0].cells}
    needed = {"point1", "image1"} & set(columns.values())
    if not needed:
        raise BundleError(
            "the table has neither a column point1 nor image1",
            record=str(path),
            remedy="Say where the nodule lies in t1; `csfnet predict-list --help` has the columns.",
        )
    return [_row(row, columns, path.parent, code_book) for row in rows]


def _column(column: str, path: Path, code_book: CodeBook | None) -> str:
    """Return what a column means: one of :data:`COLUMNS`, or a clinical variable as the table calls it."""
    name = column.strip().casefold()
    if name in COLUMNS:
        return name
    if variable_named(column, code_book) is not None:
        return column.strip()
    near = difflib.get_close_matches(name, (*COLUMNS, *ALIASES), n=1)
    raise BundleError(
        f"the table has a column {column!r} that means nothing here",
        record=str(path),
        remedy=f"Is it {near[0]}?" if near else "Remove it; `csfnet predict-list --help` has the columns.",
    )


def _row(row: Row, columns: dict[str, str], folder: Path, code_book: CodeBook | None) -> ListRow:
    renamed = Row(row.number, {columns[column]: cell for column, cell in row.cells.items()})
    try:
        return ListRow(row.number, renamed.cells, _request(renamed, folder, code_book))
    except BundleError as error:
        named = error if error.record.startswith(row.record) else error.for_record(row.record)
        return ListRow(row.number, renamed.cells, error=named)


def _request(row: Row, folder: Path, code_book: CodeBook | None) -> PairRequest:
    point0, point1 = _point(row, "0", folder), _point(row, "1", folder)
    if point1 is None:
        raise BundleError("point1 is blank", remedy="Give point1 and space, or image1 and pixel1.")
    clinical = {name: cell for name, cell in row.cells.items() if name not in COLUMNS}
    return PairRequest(
        point1,
        point0,
        export=_path(row, "export", folder),
        t0=_path(row, "t0", folder),
        t1=_path(row, "t1", folder),
        patient=row.optional("patient"),
        study0=row.optional("study0"),
        study1=row.optional("study1"),
        series0=row.optional("series0"),
        series1=row.optional("series1"),
        subject=None if row.optional("subject") is None else row.patient("subject"),
        nodule="1" if row.optional("nodule") is None else row.name("nodule"),
        interval_days=row.optional_number("interval_days"),
        clinical=clinical_codes(clinical, code_book),
    )


def _path(row: Row, name: str, folder: Path) -> Path | None:
    text = row.optional(name)
    return None if text is None else folder / text


def _point(row: Row, time: str, folder: Path) -> GivenPoint | None:
    number = row.optional(f"image{time}")
    return given_point(
        row.optional(f"point{time}"),
        row.optional("space"),
        image=None if number is None else row.whole(f"image{time}"),
        pixel=row.optional(f"pixel{time}"),
        name=f"point{time}",
        folder=folder,
    )


def repeated(rows: Sequence[ListRow]) -> list[ListRow]:
    """Return the rows with an error for each that asks for the very same as one before."""
    seen: dict[str, int] = {}
    checked = []
    for row in rows:
        before = seen.setdefault(repr(row.request), row.number) if row.request is not None else row.number
        if before != row.number:
            error = BundleError(
                f"asks for the same as row {before}", record=f"row {row.number}", remedy="Take one of them out."
            )
            row = ListRow(row.number, row.cells, error=error)
        checked.append(row)
    return checked
