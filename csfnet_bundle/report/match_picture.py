"""The picture of a match: t1 and t0 in three planes through the place, with its eight neighbours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.geometry import Point, Roi
from csfnet_bundle.report.drawing import add_axes, add_text, new_figure, png_bytes
from csfnet_bundle.scans.registration import Match
from csfnet_bundle.scans.scan import OpenedScan

HALF_MM = 40
"""What is shown around the place: the neighbours lie 13 mm from it along each axis."""

PANEL, MARGIN, GAP, TITLE, FOOT = 2.4, 0.2, 0.1, 0.8, 0.55
WINDOW_HU = (-1350.0, 150.0)
AGREES, STRAYS, PLACE = "#37d67a", "#ff9f1c", "#ff4d6d"
CIRCLE_POINTS = 90.0
NAMES = ("axial", "coronal", "sagittal")


def write_match_picture(path: Path, match: Match, scan0: OpenedScan, scan1: OpenedScan) -> None:
    """Write one PNG, in one step: t0 above, t1 below, 80 mm wide.

    Neighbours are numbered alike in both scans; a small mark is far from the plane shown. Green ones agree.
    """
    height = 2 * PANEL + GAP
    figure = new_figure(2 * MARGIN + 3 * PANEL + 2 * GAP, TITLE + height + FOOT)
    state = "found" if match.is_sure else f"NOT SURE: {match.doubt}"
    add_text(figure, MARGIN, FOOT + height + 0.5, f"The place of t1 in t0: {state}", fontsize=10, weight="bold")
    numbers = (
        f"{match.votes} of 8 neighbours agree, spread {match.spread:.1f} mm, peak {match.peak_from_vote:.1f} mm from "
        f"the vote"
    )
    add_text(figure, MARGIN, FOOT + height + 0.25, numbers, fontsize=8)
    rows = (
        ("t0", scan0, match.point0, match.neighbours0, PANEL + GAP),
        ("t1", scan1, match.point1, match.neighbours1, 0.0),
    )
    for name, scan, point, neighbours, bottom in rows:
        roi = scan.read_roi(point, (2 * HALF_MM + 1,) * 3, (1.0, 1.0, 1.0))
        offsets = neighbours - np.array(point.coordinates)
        for number, plane in enumerate(NAMES):
            axes = add_axes(figure, MARGIN + number * (PANEL + GAP), FOOT + bottom, PANEL, PANEL)
            _draw_plane(axes, roi, number, offsets, match.agreeing)
            axes.text(
                -HALF_MM + 2,
                HALF_MM - 2,
                f"{name} {plane}",
                color="white",
                backgroundcolor="black",
                fontsize=6,
                va="top",
            )
    add_text(figure, MARGIN, 0.3, f"t0 {_text(match.point0)}   t1 {_text(match.point1)} (LPS mm)", fontsize=7)
    add_text(
        figure, MARGIN, 0.12, "Patient's right is left in axial and coronal planes. Not a medical device.", fontsize=6
    )
    write_atomically(path, png_bytes(figure))


def _draw_plane(axes: Axes, roi: Roi, plane: int, offsets: NDArray[np.float64], agreeing: NDArray[np.bool_]) -> None:
    """Draw the plane through the middle; offsets (8, 3) are LPS mm from the place."""
    image = np.take(roi.array, HALF_MM, axis=plane)  # (rows, columns), ascending along LPS
    across, up, depth = ((0, 1, 2), (0, 2, 1), (1, 2, 0))[plane]
    sign = -1 if plane == 0 else 1  # an axial plane shows anterior on top, which is -y
    extent = (-HALF_MM - 0.5, HALF_MM + 0.5, -HALF_MM - 0.5, HALF_MM + 0.5)
    shown = image[::-1] if sign < 0 else image
    axes.imshow(shown, cmap="gray", vmin=WINDOW_HU[0], vmax=WINDOW_HU[1], origin="lower", extent=extent)
    for number, (offset, agrees) in enumerate(zip(offsets, agreeing, strict=True)):
        near = float(np.clip(1 - abs(offset[depth]) / (HALF_MM / 2), 0.15, 1))
        colour = AGREES if agrees else STRAYS
        axes.scatter(
            offset[across], sign * offset[up], s=CIRCLE_POINTS * near, facecolors="none", edgecolors=colour, lw=0.8
        )
        axes.text(
            offset[across], sign * offset[up], str(number + 1), color=colour, fontsize=5, ha="center", va="center"
        )
    axes.scatter(0, 0, s=CIRCLE_POINTS, facecolors="none", edgecolors=PLACE, lw=1.0)
    axes.set_xlim(extent[:2])
    axes.set_ylim(extent[2:])
    axes.set_axis_off()


def _text(point: Point) -> str:
    return ", ".join(f"{value:.1f}" for value in point.coordinates)
