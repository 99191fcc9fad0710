"""Pictures of a cohort: a montage of ROIs, and contact sheets of boxes on their slices."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from csfnet_bundle.cohorts.nlst.sighting import PixelBox
from csfnet_bundle.scans.dicom.instance import Instance
from csfnet_bundle.scans.dicom.pixels import read_stored, to_hu

LUNG_WINDOW = (-1350.0, 150.0)
"""HU. The usual lung window: level -600, width 1500."""
MONTAGE_COLUMNS = 6
SHEET_COLUMNS, SHEET_ROWS = 6, 8
MARGIN_PIXELS = 48
"""Pixels shown around a box, about 35 mm: enough of the lung to see whether the box is on a nodule."""
INCHES = 1.6
"""Side of one picture."""


@dataclass(frozen=True)
class BoxOnSlice:
    """A box, the slice that it is on, and what is written above it."""

    name: str
    instance: Instance
    box: PixelBox


def montage(rois: Sequence[tuple[str, NDArray[np.float32]]]) -> bytes:
    """Return a PNG with the middle axial slice of t0 (left) and t1 (right) of each pair.

    Args:
        rois: what is written above a pair, and its ROIs in HU, shape (2, D, H, W).
    """
    figure, axes = _grid(len(rois), MONTAGE_COLUMNS // 2, 2.0)
    for axis, (name, array) in zip(axes, rois, strict=False):
        middle = array[:, array.shape[1] // 2]  # (2, H, W)
        gap = np.full((middle.shape[1], 1), LUNG_WINDOW[1], np.float32)
        axis.imshow(np.hstack([middle[0], gap, middle[1]]), cmap="gray", vmin=LUNG_WINDOW[0], vmax=LUNG_WINDOW[1])
        axis.set_title(name, fontsize=6, pad=2)
    return _png(figure)


def contact_sheets(boxes: Sequence[BoxOnSlice]) -> Iterator[bytes]:
    """Yield PNGs, 48 boxes on each, every box drawn on its slice as the file has it.

    Raises:
        Refusal: a slice that cannot be decoded.
    """
    for start in range(0, len(boxes), SHEET_COLUMNS * SHEET_ROWS):
        page = boxes[start : start + SHEET_COLUMNS * SHEET_ROWS]
        figure, axes = _grid(len(page), SHEET_COLUMNS, 1.0)
        for axis, one in zip(axes, page, strict=False):
            hu = to_hu(next(read_stored([one.instance])), one.instance)  # (rows, columns)
            axis.imshow(hu, cmap="gray", vmin=LUNG_WINDOW[0], vmax=LUNG_WINDOW[1])
            box = one.box
            # Pixel centres are at whole numbers, so that the first pixel's edge is half a pixel before it.
            corner = (box.column - 0.5, box.row - 0.5)
            axis.add_patch(Rectangle(corner, box.width, box.height, fill=False, edgecolor="red", linewidth=0.6))
            column, row = box.centre
            reach = max(box.width, box.height) / 2 + MARGIN_PIXELS
            axis.set_xlim(column - reach, column + reach)
            axis.set_ylim(row + reach, row - reach)
            axis.set_title(one.name, fontsize=5, pad=2)
        yield _png(figure)


def _grid(number: int, columns: int, aspect: float) -> tuple[Figure, list]:  # type: ignore[type-arg]
    rows = max(1, math.ceil(number / columns))
    figure = Figure(figsize=(columns * INCHES * aspect, rows * (INCHES + 0.2)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = list(np.ravel(figure.subplots(rows, columns, squeeze=False)))
    for axis in axes:
        axis.set_axis_off()
    return figure, axes


def _png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=130)
    return stream.getvalue()
