"""Draw docs/images/coordinates.png: one nodule point in three spaces, and where the voxels of its ROI lie.

The scan is a phantom and the numbers in the picture are computed by the package. From the repository's root, with the
environment active: ``python scripts/draw_coordinates.py``.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from csfnet_bundle.cohorts.phantom.cohort import CohortSettings, make_cohort
from csfnet_bundle.geometry import Volume
from csfnet_bundle.geometry.points import LPS_FROM_RAS
from csfnet_bundle.inputs import RoiSettings
from csfnet_bundle.records import load_datalist
from csfnet_bundle.scans.dicom import read_volume, scan_folder, select_series

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "coordinates.png"
SETTINGS = CohortSettings(subjects=1, inference=0)
"""The one subject of the picture: the first of the default phantom cohort."""
WINDOW = (-1200.0, 600.0)
POINT_COLOUR, LPS_COLOUR, RAS_COLOUR, VOXEL_COLOUR = "#d62728", "#ff7f0e", "#2ca02c", "#1f77b4"
LETTERS = 9
SHOWN = 6
"""Voxels along H and W drawn around the middle of the ROI."""


def example() -> tuple[Volume, NDArray[np.float64]]:
    """Return the t1 scan of the phantom and the nodule point in it, LPS mm, (3,)."""
    with tempfile.TemporaryDirectory() as folder:
        cohort = make_cohort(Path(folder) / "phantom", SETTINGS, workers=1, show_progress=False)
        ((_, pair),) = load_datalist(cohort)
        volume = read_volume(select_series(scan_folder(cohort / pair.t1.path), uid=pair.t1.series_uid))
    return volume, pair.t1.point.lps(volume.affine)


def draw_scan(axes: Axes, volume: Volume, point: NDArray[np.float64], settings: RoiSettings) -> None:
    """Draw the slice through the point with the ROI's outline and the directions of the three spaces."""
    i, j, k = (np.linalg.inv(volume.affine) @ [*point, 1])[:3]
    x, y, z = point
    r, a, s = (LPS_FROM_RAS @ [*point, 1])[:3]
    picture = volume.array[:, :, round(k)].T  # rows are j, columns i
    axes.imshow(picture, cmap="gray", vmin=WINDOW[0], vmax=WINDOW[1], interpolation="nearest")
    axes.plot(i, j, "+", color=POINT_COLOUR, markersize=14, markeredgewidth=1.8)
    column, row = (float(np.linalg.norm(volume.affine[:3, axis])) for axis in (0, 1))
    height, width = (
        size * spacing / mm
        for size, spacing, mm in zip(settings.size[1:], settings.spacing[1:], (row, column), strict=True)
    )
    axes.add_patch(Rectangle((i - width / 2, j - height / 2), width, height, fill=False, color=POINT_COLOUR))
    rows, columns = picture.shape
    length = 0.16 * columns
    corners = {
        "voxel": ((0.08 * columns, 0.08 * rows), (1, 1), ("i", "j"), VOXEL_COLOUR),
        "LPS": ((0.08 * columns, 0.68 * rows), (1, 1), ("x: left", "y: posterior"), LPS_COLOUR),
        "RAS": ((0.94 * columns, 0.94 * rows), (-1, -1), ("x: right", "y: anterior"), RAS_COLOUR),
    }
    for start, signs, names, colour in corners.values():
        for axis, (sign, name) in enumerate(zip(signs, names, strict=True)):
            step = np.array([sign * length * (axis == 0), sign * length * (axis == 1)])
            end = np.array(start) + step
            axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.8})
            side = {"ha": "left" if sign > 0 else "right", "va": "top" if sign > 0 else "bottom"}
            if axis == 0:
                side = {"ha": "center", "va": "bottom" if sign > 0 else "top"}
            words = axes.text(*end, f" {name} ", color=colour, fontsize=LETTERS, fontweight="bold", **side)
            words.set_path_effects([withStroke(linewidth=2.5, foreground="black")])
    lines = (
        (f"LPS    ({x:.1f}, {y:.1f}, {z:.1f}) mm", LPS_COLOUR),
        (f"RAS    ({r:.1f}, {a:.1f}, {s:.1f}) mm", RAS_COLOUR),
        (f"voxel  ({i:.1f}, {j:.1f}, {k:.1f})", VOXEL_COLOUR),
    )
    for number, (text, colour) in enumerate(lines):
        axes.text(
            0.0, -0.07 - 0.07 * number, text, transform=axes.transAxes, color=colour, family="monospace", fontsize=10
        )
    axes.set_title("One nodule point in three spaces", fontsize=11)
    axes.set_xticks([])
    axes.set_yticks([])


def draw_plane(axes: Axes, point: NDArray[np.float64], settings: RoiSettings) -> None:
    """Draw the voxels of the ROI around the point, seen from the feet as on a screen: x to the right, y down."""
    _, y, x = settings.grid(tuple(point)).axes()
    first_h, first_w = ((size - SHOWN) // 2 for size in settings.size[1:])
    offsets_y, offsets_x = y[first_h : first_h + SHOWN] - point[1], x[first_w : first_w + SHOWN] - point[0]
    for below in offsets_y:
        for beside in offsets_x:
            axes.add_patch(Rectangle((beside - 0.5, below - 0.5), 1, 1, fill=False, color="0.6"))
            axes.plot(beside, below, "o", color=VOXEL_COLOUR, markersize=4)
    axes.plot(0, 0, "+", color=POINT_COLOUR, markersize=16, markeredgewidth=2)
    axes.set_xticks(offsets_x, [f"{mm:+.1f}\nw={first_w + n}" for n, mm in enumerate(offsets_x)], fontsize=LETTERS - 1)
    axes.set_yticks(offsets_y, [f"{mm:+.1f}\nh={first_h + n}" for n, mm in enumerate(offsets_y)], fontsize=LETTERS - 1)
    axes.set_xlim(-SHOWN / 2 - 0.3, SHOWN / 2 + 0.3)
    axes.set_ylim(SHOWN / 2 + 0.3, -SHOWN / 2 - 0.3)
    axes.set_aspect("equal")
    axes.set_xlabel("mm from the point to the left (x)", fontsize=LETTERS)
    axes.set_ylabel("mm from the point to posterior (y)", fontsize=LETTERS)
    axes.set_title("The middle of its ROI: the point lies\nbetween voxels, half a voxel from each", fontsize=11)


def draw_depth(axes: Axes, point: NDArray[np.float64], settings: RoiSettings) -> None:
    """Draw the ROI's slices along the body's axis, the first one lowest."""
    z, _, _ = settings.grid(tuple(point)).axes()
    for d, height in enumerate(z - point[2]):
        axes.add_patch(Rectangle((-1, height - 0.5), 2, 1, fill=False, color="0.6"))
        axes.plot(0, height, "o", color=VOXEL_COLOUR, markersize=4)
        axes.text(1.3, height, f"d={d}  {height:+.1f}", va="center", fontsize=LETTERS - 1)
    axes.plot(0, 0, "+", color=POINT_COLOUR, markersize=16, markeredgewidth=2)
    top = settings.size[0] / 2
    axes.annotate("", (-2, top), (-2, -top), arrowprops={"arrowstyle": "-|>", "color": LPS_COLOUR, "linewidth": 1.8})
    axes.text(-2.2, 0, "z: superior", rotation=90, ha="right", va="center", color=LPS_COLOUR, fontsize=LETTERS)
    axes.set_xlim(-3.5, 6)
    axes.set_ylim(-top - 0.5, top + 0.5)
    axes.set_axis_off()
    axes.set_title("Its slices", fontsize=11)


def main() -> None:
    """Write the picture."""
    argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0]).parse_args()
    volume, point = example()
    settings = RoiSettings()
    figure = Figure(figsize=(12, 5.4), dpi=110)
    scan, plane, depth = figure.subplots(1, 3, width_ratios=(1.25, 1.25, 0.7))
    figure.subplots_adjust(left=0.02, right=0.99, top=0.89, bottom=0.21, wspace=0.16)
    draw_scan(scan, volume, point, settings)
    draw_plane(plane, point, settings)
    draw_depth(depth, point, settings)
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(PICTURE, metadata={"Software": None})
    print(PICTURE.relative_to(PICTURE.parents[2]))


if __name__ == "__main__":
    main()
