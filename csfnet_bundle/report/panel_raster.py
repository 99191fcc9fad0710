"""A panel as pixels, for pictures and for DICOM."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from csfnet_bundle.report.panel import Line, Panel
from csfnet_bundle.report.panel_svg import RIM

LETTER_SHARE = 0.05
"""Height of letters over the panel's width."""
LEAST_LETTER = 14
_ANCHORS = {"left": "l", "middle": "m", "right": "r"}
_VERTICAL = {"top": "a", "middle": "m", "bottom": "d"}


def panel_pixels(panel: Panel, width: int) -> NDArray[np.uint8]:
    """Return the panel as RGB, (rows, width, 3) uint8.

    Args:
        panel: the panel.
        width: pixels.
    """
    scale = width / panel.width_mm
    size = (width, max(1, round(panel.height_mm * scale)))
    image = Image.fromarray(panel.grey).resize(size, Image.Resampling.BICUBIC).convert("RGB")
    if panel.overlay is not None:
        over = Image.fromarray(panel.overlay).resize(size, Image.Resampling.BILINEAR)
        image.paste(over, (0, 0), over)
    draw = ImageDraw.Draw(image)
    for line in panel.lines:
        _draw_line(draw, line, scale, max(1, round(width / 300)))
    font = ImageFont.load_default(max(LEAST_LETTER, round(LETTER_SHARE * width)))
    for label in panel.labels:
        place = (label.x * (size[0] - 1), label.y * (size[1] - 1))
        anchor = _ANCHORS[label.horizontal] + _VERTICAL[label.vertical]
        draw.text(place, label.text, font=font, fill="white", anchor=anchor, stroke_width=2, stroke_fill=RIM)
    return np.asarray(image, dtype=np.uint8)


def _draw_line(draw: ImageDraw.ImageDraw, line: Line, scale: float, thin: int) -> None:
    points = [(x * scale, y * scale) for x, y in line.points]
    if line.closed:
        points.append(points[0])
    thin += int(line.bold)
    draw.line(points, fill=RIM, width=thin + 2, joint="curve")
    draw.line(points, fill=line.colour, width=thin, joint="curve")
