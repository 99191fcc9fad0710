"""A picture with marks, drawn by the page as SVG and elsewhere as pixels; lengths in mm from its upper left corner."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LUNG_LEVEL, LUNG_WIDTH = -600.0, 1500.0
"""The lung window in HU that the pictures are shown in; the usual one for reading nodules."""

WHITE, BOX, OUTLINE = "#ffffff", "#ffd23f", "#2ee6ff"
"""Marks, the ROI's box and the measured nodule: each has a dark rim, so that it shows on white tissue too, and they
differ in brightness for eyes that see no colours."""


@dataclass(frozen=True)
class Line:
    """A line of a colour, (x, y) mm; ``dashed`` where it stands for what cannot be seen in the picture."""

    points: tuple[tuple[float, float], ...]
    colour: str = WHITE
    closed: bool = False
    dashed: bool = False
    bold: bool = False


@dataclass(frozen=True)
class Label:
    """A word at a place given in shares of width and height.

    Attributes:
        text: the word.
        x: of its anchor, from 0 (left) to 1.
        y: of its anchor, from 0 (top) to 1.
        horizontal: ``left``, ``middle`` or ``right``: which part of the word lies at x.
        vertical: ``top``, ``middle`` or ``bottom``.
    """

    text: str
    x: float
    y: float
    horizontal: str = "left"
    vertical: str = "top"


@dataclass(frozen=True)
class Panel:
    """A picture and its marks.

    Attributes:
        grey: uint8, (rows, columns).
        width_mm: of the picture.
        height_mm: of the picture.
        alt: what it shows, in words.
        caption: a line below it; may be empty.
        lines: marks.
        labels: words.
        overlay: uint8, (rows', columns', 4) RGBA over the whole picture; None for none.
    """

    grey: NDArray[np.uint8]
    width_mm: float
    height_mm: float
    alt: str
    caption: str = ""
    lines: tuple[Line, ...] = ()
    labels: tuple[Label, ...] = ()
    overlay: NDArray[np.uint8] | None = None


def window_grey(hounsfield: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return HU in the lung window as grey values, uint8."""
    low = LUNG_LEVEL - LUNG_WIDTH / 2
    return np.clip((hounsfield - low) / LUNG_WIDTH * 255, 0, 255).round().astype(np.uint8)


def rectangle(center: tuple[float, float], width: float, height: float) -> tuple[tuple[float, float], ...]:
    """Return the corners of a rectangle around a place."""
    x, y = center
    return tuple((x + a * width / 2, y + b * height / 2) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1)))
