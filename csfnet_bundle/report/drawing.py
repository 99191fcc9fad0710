"""Matplotlib figures measured in inches from the lower left corner, without a window system."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font

DOTS_PER_INCH = 200
REPLACEMENT = "?"


def new_figure(width: float, height: float) -> Figure:
    """Return an empty white figure of so many inches."""
    figure = Figure((width, height), dpi=DOTS_PER_INCH, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def add_axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Add axes whose corner and size are given in inches."""
    inches = figure.get_size_inches()
    return figure.add_axes((left / inches[0], bottom / inches[1], width / inches[0], height / inches[1]))


def add_text(figure: Figure, left: float, bottom: float, text: str, **style: Any) -> None:
    """Write one line of text, taken literally, its base line's left end at so many inches."""
    width, height = figure.get_size_inches()
    figure.text(left / width, bottom / height, printable(text), parse_math=False, **style)


def png_bytes(figure: Figure) -> bytes:
    """Return the figure as PNG; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def printable(text: str) -> str:
    """Replace what the font cannot show, line breaks included: a patient's name may be in any script."""
    glyphs = _glyphs()
    text = text.replace("\N{NO-BREAK SPACE}", " ")
    return "".join(letter if ord(letter) in glyphs and letter.isprintable() else REPLACEMENT for letter in text)


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())
