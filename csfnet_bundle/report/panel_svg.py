"""A panel as the page shows it: SVG with the picture inside, words over it."""

from __future__ import annotations

import io

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray
from PIL import Image

from csfnet_bundle.report.page import data_uri
from csfnet_bundle.report.panel import Label, Line, Panel

WIDTHS = {False: (1.6, 3.4), True: (2.6, 4.6)}
"""Pixels of a line and of the dark rim below it; of a bold one."""
RIM = "#000000"
_SHIFTS = {"left": "0", "middle": "-50%", "right": "-100%", "top": "0", "bottom": "-100%"}


def panel_html(panel: Panel) -> Markup:
    """Return the panel as an element of class ``panel``."""
    width, height = f"{panel.width_mm:.2f}", f"{panel.height_mm:.2f}"
    pictures = _image(png_bytes(panel.grey), width, height)
    if panel.overlay is not None:
        pictures += _image(png_bytes(panel.overlay), width, height)
    lines = Markup("").join(_line(line) for line in panel.lines)
    labels = Markup("").join(_label(label) for label in panel.labels)
    return Markup(
        '<div class="panel"><svg viewBox="0 0 {} {}" role="img" aria-label="{}" preserveAspectRatio="none">{}{}</svg>{}'
        "</div>"
    ).format(width, height, panel.alt, pictures, lines, labels)


def png_bytes(pixels: NDArray[np.uint8]) -> bytes:
    """Return grey (rows, columns), RGB or RGBA (rows, columns, 3 or 4) as PNG; equal pixels give equal bytes."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, format="png")
    return buffer.getvalue()


def _image(png: bytes, width: str, height: str) -> Markup:
    return Markup('<image href="{}" width="{}" height="{}" preserveAspectRatio="none"/>').format(
        data_uri(png), width, height
    )


def _line(line: Line) -> Markup:
    path = "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in line.points) + ("Z" if line.closed else "")
    thin, rim = WIDTHS[line.bold]
    dashes = Markup(' stroke-dasharray="5 4"') if line.dashed else ""
    form = Markup('<path d="{}" fill="none" stroke="{}" stroke-width="{}" vector-effect="non-scaling-stroke"{}/>')
    return form.format(path, RIM, rim, "") + form.format(path, line.colour, thin, dashes)


def _label(label: Label) -> Markup:
    shift = f"translate({_SHIFTS[label.horizontal]},{_SHIFTS[label.vertical]})"
    place = f"left:{100 * label.x:.1f}%;top:{100 * label.y:.1f}%;transform:{shift}"
    return Markup('<span style="{}">{}</span>').format(place, escape(label.text))
