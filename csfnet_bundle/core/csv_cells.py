"""Texts in CSV tables that a spreadsheet would run as formulas (CWE-1236)."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from csfnet_bundle.core.files import write_atomically

_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r")
MARK = "'"
"""Stands before such a text, as spreadsheets take it; also before a text that has one, so that it comes back."""


def harmless(text: str) -> str:
    """Return a text as it is written to a cell."""
    return MARK + text if text.startswith((*_BEGINNINGS, MARK)) else text


def original(cell: str) -> str:
    """Return the text that :func:`harmless` wrote to a cell."""
    return cell[1:] if cell.startswith(MARK) and cell[1:].startswith((*_BEGINNINGS, MARK)) else cell


def write_cells(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write rows as CSV in one step; columns in the order in which they first come, None as nothing.

    Without rows there is no header to write: a file of before is removed.
    """
    if not rows:
        path.unlink(missing_ok=True)
        return
    columns = list(dict.fromkeys(column for row in rows for column in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: harmless(value) if isinstance(value, str) else value for name, value in row.items()})
    write_atomically(path, text.getvalue())
