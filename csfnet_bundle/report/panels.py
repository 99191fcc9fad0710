"""One column of a case's picture: axial, coronal and sagittal section of one scan, all at the same scale."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from csfnet_bundle.report.case_images import CaseImages, Plane, section
from csfnet_bundle.report.drawing import add_axes, add_text

LUNG_LEVEL, LUNG_WIDTH = -600.0, 1500.0
"""The lung window in HU that the pictures are shown in; the usual one for reading nodules."""

SCALE_BAR_MM = 10.0

COLUMN_INCHES = 2.3
"""Width of a column. With letters of 9 points they are still read when a phone shows two columns beside each other."""

LETTER_POINTS = 9.0
RIM_POINTS = 1.6
HEADING_INCHES = 0.2
GAP_INCHES = 0.06

MARK_MM = 3.0
"""Length of the four marks at a panel's edges that point at the nodule point without covering it."""

FULL_COLOUR_SHARE = 2.0
"""Attention, in even shares, that gets the full colour at the least: an even map is not stretched into a bright one."""

ATTENTION_COLOURS = ListedColormap(
    np.column_stack([np.full(256, 1.0), np.linspace(0.5, 0.65, 256), np.full(256, 0.0), np.linspace(0.0, 0.7, 256)])
)
"""Amber, from clear at an even share to 70 % opaque: grey tissue stays visible below it, and one hue of growing
strength reads the same for colour-blind eyes."""

_EDGE_LETTERS = {Plane.AXIAL: ("A", "R", "L"), Plane.CORONAL: ("S", "R", "L"), Plane.SAGITTAL: ("S", "A", "P")}
_PLANE_AXES = {Plane.AXIAL: (1, 2), Plane.CORONAL: (0, 2), Plane.SAGITTAL: (0, 1)}


class Column(StrEnum):
    """What a column shows."""

    T0 = "t0"
    T1 = "t1"
    ATTENTION = "attention"
    """t1 with the attention over it."""


def column_inches(images: CaseImages) -> tuple[float, float]:
    """Return width and height of a column."""
    return COLUMN_INCHES, sum(
        HEADING_INCHES + height for _, height in (_panel_inches(images, plane) for plane in Plane)
    ) + GAP_INCHES * (len(Plane) - 1)


def full_colour_share(images: CaseImages) -> float:
    """Return the attention, in even shares, that is drawn in the full colour."""
    return max(images.highest_share or 0.0, FULL_COLOUR_SHARE)


def draw_column(figure: Figure, column: Column, images: CaseImages, left: float, bottom: float) -> None:
    """Draw the three sections of a column, its lower left corner at so many inches."""
    volume = images.hounsfield(0 if column is Column.T0 else 1)
    shares = images.attention_shares() if column is Column.ATTENTION else None
    top = bottom + column_inches(images)[1]
    for plane in Plane:
        width, height = _panel_inches(images, plane)
        top -= HEADING_INCHES
        add_text(figure, left, top + 0.05, str(plane), fontsize=LETTER_POINTS, color="0.25")
        top -= height
        axes = add_axes(figure, left, top, width, height)
        extent = (0.0, _panel_mm(images, plane)[1], _panel_mm(images, plane)[0], 0.0)
        axes.imshow(
            section(volume, plane),
            cmap="gray",
            vmin=LUNG_LEVEL - LUNG_WIDTH / 2,
            vmax=LUNG_LEVEL + LUNG_WIDTH / 2,
            extent=extent,
            interpolation="bicubic",
        )
        if shares is not None:
            axes.imshow(
                section(shares, plane),
                cmap=ATTENTION_COLOURS,
                vmin=1.0,
                vmax=full_colour_share(images),
                extent=extent,
                interpolation="bilinear",
            )
        _annotate(axes, images, plane)
        top -= GAP_INCHES


def _panel_mm(images: CaseImages, plane: Plane) -> tuple[float, float]:
    """Height and width of a section in mm."""
    row_axis, column_axis = _PLANE_AXES[plane]
    return images.size[row_axis] * images.spacing[row_axis], images.size[column_axis] * images.spacing[column_axis]


def _panel_inches(images: CaseImages, plane: Plane) -> tuple[float, float]:
    """Width and height of a panel; the widest section fills the column, all have the same scale."""
    inches_per_mm = COLUMN_INCHES / max(_panel_mm(images, each)[1] for each in Plane)
    height, width = _panel_mm(images, plane)
    return width * inches_per_mm, height * inches_per_mm


def _annotate(axes: Axes, images: CaseImages, plane: Plane) -> None:
    height, width = _panel_mm(images, plane)
    axes.set(xlim=(0, width), ylim=(height, 0), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    mark = min(MARK_MM, height / 8)
    for x, y in (
        ([width / 2] * 2, [height - mark, height]),
        ([width / 2] * 2, [0, mark]),
        ([0, mark], [height / 2] * 2),
        ([width - mark, width], [height / 2] * 2),
    ):
        _line(axes, x, y, 0.8)
    _line(axes, [2, 2 + SCALE_BAR_MM], [height - 2] * 2, 2.0)
    letters: dict[str, Any] = {
        "color": "white",
        "fontsize": LETTER_POINTS,
        "path_effects": [withStroke(linewidth=RIM_POINTS, foreground="black")],
    }
    top, left, right = _EDGE_LETTERS[plane]
    axes.text(width / 2 + 1.5, 0.6, top, ha="left", va="top", **letters)
    axes.text(1.0, height / 2 - 1.0, left, ha="left", va="bottom", **letters)
    axes.text(width - 1.0, height / 2 - 1.0, right, ha="right", va="bottom", **letters)


def _line(axes: Axes, x: list[float], y: list[float], points: float) -> None:
    """Draw a white line with a dark rim, which keeps it visible on bright tissue as well."""
    for colour, width in (("black", points + RIM_POINTS), ("white", points)):
        axes.plot(x, y, color=colour, linewidth=width, solid_capstyle="butt", snap=False)
