"""A nodule point as a user writes it: three numbers with or without their space, or a file of control points.

The standard library alone: the command line reads points before anything heavy is imported.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

SPACES = {"lps": "LPS", "ras": "RAS", "voxel": "voxel"}
"""The spaces by their names in small letters."""
EXPECTED = "three numbers, e.g. -61.2,40,-182, or a Slicer markups file (.mrk.json, .fcsv)"
_FILE = re.compile(r"(?P<path>.*\.(?:json|fcsv))(?::(?P<label>.+))?", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s,;]+")


@dataclass(frozen=True)
class PointWords:
    """A point as it was written.

    Attributes:
        numbers: its three numbers; None where a file has it.
        space: LPS, RAS or voxel where that stands beside the numbers; None where it does not.
        file: the Slicer markups file.
        label: which of its control points.
    """

    numbers: tuple[float, float, float] | None = None
    space: str | None = None
    file: Path | None = None
    label: str | None = None


def read_point(text: str) -> PointWords:
    """Return the point that a text is.

    Numbers are separated by commas, semicolons or spaces and may stand in brackets, their space before or behind them
    in any case of letters: ``-61.2,40,-182``, ``"RAS 61.2 -40 -182"``. A file may be followed by a colon and a control
    point's label: ``marks.mrk.json:F-1``.

    Raises:
        ValueError: the text is none.
    """
    file = _FILE.fullmatch(text.strip())
    if file is not None:
        return PointWords(file=Path(file["path"]), label=file["label"])
    parts = [part for part in _SEPARATORS.split(text.strip().strip("()[]")) if part]
    spaces = [SPACES[part.casefold()] for part in (parts[0], parts[-1]) if part.casefold() in SPACES] if parts else []
    if len(spaces) == 1:
        parts = [part for part in parts if part.casefold() not in SPACES]
    numbers = tuple(map(float, parts))
    if len(numbers) != 3 or not all(map(math.isfinite, numbers)):
        raise ValueError(text)
    return PointWords(numbers, spaces[0] if spaces else None)


def read_space(text: str) -> str:
    """Return a space by its usual name, whatever the case of its letters.

    Raises:
        ValueError: there is none of that name.
    """
    space = SPACES.get(text.strip().casefold())
    if space is None:
        raise ValueError(text)
    return space


def read_pixel(text: str) -> tuple[float, float]:
    """Return column and row, ``312,240`` or ``"312 240"``.

    Raises:
        ValueError: other than two finite numbers.
    """
    column, row = (float(part) for part in _SEPARATORS.split(text.strip().strip("()[]")) if part)
    if not (math.isfinite(column) and math.isfinite(row)):
        raise ValueError(text)
    return column, row
