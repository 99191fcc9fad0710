"""A result as a PDF of A4 pages: the figures in words, then the pictures."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.image import imread

from csfnet_bundle.report.drawing import add_axes, add_text, new_figure

WIDTH, HEIGHT, MARGIN = 8.27, 11.69, 0.7
"""A4, inches."""
LINE, CHARACTERS = 0.19, 100
FOOT = 0.35
LINES = int((HEIGHT - 2 * MARGIN - 0.6) / LINE)
"""On the first page, below its title."""


def pdf_pages(title: str, lines: Sequence[str], pictures: Mapping[str, bytes], foot: str) -> bytes:
    """Return the document; the same input gives the same bytes.

    Args:
        title: of every page.
        lines: paragraphs of the first pages.
        pictures: PNG by what it shows; one page each.
        foot: the last line of every page.
    """
    wrapped = [piece for line in lines for piece in (textwrap.wrap(line, CHARACTERS) or [""])]
    buffer = io.BytesIO()
    with PdfPages(buffer, metadata={"Title": title, "CreationDate": None, "Creator": None, "Producer": None}) as pages:
        for start in range(0, max(len(wrapped), 1), LINES):
            page = _page(title, foot)
            for number, line in enumerate(wrapped[start : start + LINES]):
                add_text(page, MARGIN, HEIGHT - MARGIN - 0.5 - LINE * number, line, fontsize=9)
            pages.savefig(page)
        for name, png in pictures.items():
            page = _page(title, foot)
            add_text(page, MARGIN, HEIGHT - MARGIN - 0.4, name, fontsize=10)
            _place(page, png)
            pages.savefig(page)
    return buffer.getvalue()


def _page(title: str, foot: str) -> Figure:
    page = new_figure(WIDTH, HEIGHT)
    add_text(page, MARGIN, HEIGHT - MARGIN, title, fontsize=13, weight="bold")
    add_text(page, MARGIN, FOOT, foot, fontsize=8, weight="bold")
    return page


def _place(page: Figure, png: bytes) -> None:
    """Draw a picture as large as the page's margins allow."""
    pixels = np.asarray(imread(io.BytesIO(png)))
    rows, columns = pixels.shape[:2]
    room_width, room_height = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN - 1.0
    scale = min(room_width / columns, room_height / rows)
    top = HEIGHT - MARGIN - 0.6
    axes = add_axes(page, MARGIN, top - rows * scale, columns * scale, rows * scale)
    axes.imshow(pixels, interpolation="none", aspect="auto")
    axes.set_axis_off()
