"""Texts in CSV tables that a spreadsheet would run as formulas (CWE-1236)."""

from __future__ import annotations

_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r")
MARK = "'"
"""Stands before such a text, as spreadsheets take it; also before a text that has one, so that it comes back."""


def harmless(text: str) -> str:
    """Return a text as it is written to a cell."""
    return MARK + text if text.startswith((*_BEGINNINGS, MARK)) else text


def original(cell: str) -> str:
    """Return the text that :func:`harmless` wrote to a cell."""
    return cell[1:] if cell.startswith(MARK) and cell[1:].startswith((*_BEGINNINGS, MARK)) else cell
