"""A measurement as files: JSON, the mask as NIfTI, and a picture with the outline."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import nibabel as nib
import numpy as np
from matplotlib.figure import Figure

from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.geometry.points import LPS_FROM_RAS
from csfnet_bundle.nodule.growth import Growth
from csfnet_bundle.nodule.measurement import Measurement
from csfnet_bundle.report.attention_nifti import DWH_FROM_WHD, SCANNER_SPACE
from csfnet_bundle.report.drawing import add_axes, add_text, new_figure, png_bytes
from csfnet_bundle.report.measurement_words import type_words
from csfnet_bundle.report.panel import LUNG_LEVEL, LUNG_WIDTH
from csfnet_bundle.report.words import NOT_A_DEVICE

PANEL_INCHES, MARGIN, GAP = 2.4, 0.2, 0.1
TITLE_INCHES, FOOT_INCHES = 0.95, 0.4
OUTLINE, LONG, SHORT = "#ffb000", "#00c8ff", "#ff5fa2"
SHOWN_MARGIN_MM, LEAST_SHOWN_MM = 8.0, 24.0
"""Lung shown around the nodule, and the least edge of what is shown."""
LINE_CHARACTERS = 110


def write_measurement(folder: Path, stem: str, measurement: Measurement, point_lps: tuple[float, float, float]) -> None:
    """Write ``STEM.json``, ``STEM_mask.nii.gz`` and ``STEM.png``, each in one step.

    Args:
        folder: made where it is not there.
        stem: of the file names.
        measurement: what to write.
        point_lps: the click, LPS mm.
    """
    document = {"point_lps_mm": [round(value, 3) for value in point_lps]} | measurement.to_plain()
    write_atomically(folder / f"{stem}.json", json.dumps(document, indent=1) + "\n")
    write_mask(folder / f"{stem}_mask.nii.gz", measurement)
    write_atomically(folder / f"{stem}.png", png_bytes(measurement_figure(stem, measurement)))


def write_growth(folder: Path, growth: Growth) -> None:
    """Write ``growth.json``."""
    write_atomically(folder / "growth.json", json.dumps(growth.to_plain(), indent=1) + "\n")


def write_mask(path: Path, measurement: Measurement) -> None:
    """Write the mask as NIfTI in the scan's space: axes (W, H, D), affine to RAS mm, 1 in the nodule."""
    affine = LPS_FROM_RAS @ measurement.cube.affine @ DWH_FROM_WHD
    image = nib.Nifti1Image(measurement.mask.astype(np.uint8).transpose(2, 1, 0), affine)
    image.set_sform(affine, code=SCANNER_SPACE)
    image.set_qform(affine, code=SCANNER_SPACE)
    image.header.set_xyzt_units(xyz="mm")
    image.header["descrip"] = b"nodule mask; not a medical device"
    # A fixed time stamp: the same mask gives the same file.
    write_atomically(path, gzip.compress(image.to_bytes(), mtime=0))


def measurement_figure(name: str, measurement: Measurement) -> Figure:
    """Return the picture: the nodule in three planes with its outline, and both axes in the axial one."""
    lines = [flag.text for flag in measurement.flags] or ["No flag."]
    foot = FOOT_INCHES + 0.15 * len(lines)
    width = 2 * MARGIN + 3 * PANEL_INCHES + 2 * GAP
    figure = new_figure(width, TITLE_INCHES + PANEL_INCHES + foot)
    top = foot + PANEL_INCHES
    add_text(figure, MARGIN, top + 0.68, name, fontsize=11, weight="bold")
    volume = (
        f"{measurement.volume_mm3:.0f} mm³ ({measurement.method.value}), "
        f"sphere of {measurement.equivalent_diameter_mm:.1f} mm"
    )
    axes = (
        f"axes {measurement.long_axis_mm:.1f} x {measurement.short_axis_mm:.1f} mm, mean "
        f"{measurement.mean_diameter_mm:.1f} mm; {type_words(measurement)}"
    )
    add_text(figure, MARGIN, top + 0.44, volume, fontsize=8)
    add_text(figure, MARGIN, top + 0.24, axes, fontsize=8)
    for number, (title, axis) in enumerate((("axial", 0), ("coronal", 1), ("sagittal", 2))):
        left = MARGIN + number * (PANEL_INCHES + GAP)
        add_text(figure, left, top + 0.05, title, fontsize=7)
        _draw_plane(figure, measurement, axis, left, foot)
    for number, line in enumerate(lines):
        shown = line if len(line) <= LINE_CHARACTERS else f"{line[: LINE_CHARACTERS - 3]}..."
        add_text(figure, MARGIN, foot - 0.2 - 0.15 * number, shown, fontsize=7)
    add_text(figure, MARGIN, 0.1, NOT_A_DEVICE, fontsize=6, color="0.4")
    return figure


def _draw_plane(figure: Figure, measurement: Measurement, axis: int, left: float, bottom: float) -> None:
    """Draw one plane: the axial one where the axes were measured, the others through the mask's middle."""
    mask, cube = measurement.mask, measurement.cube
    middle = [round(float(np.flatnonzero(mask.any(axis=others)).mean())) for others in ((1, 2), (0, 2), (0, 1))]
    middle[0] = measurement.axes.slice_index
    values, section = (np.take(array, middle[axis], axis) for array in (cube.hu, mask))
    panel = add_axes(figure, left, bottom, PANEL_INCHES, PANEL_INCHES)
    low, high = LUNG_LEVEL - LUNG_WIDTH / 2, LUNG_LEVEL + LUNG_WIDTH / 2
    # Coronal and sagittal slices have D first, which grows to superior: up.
    panel.imshow(values, cmap="gray", vmin=low, vmax=high, origin="upper" if axis == 0 else "lower")
    if section.any() and not section.all():
        panel.contour(section.astype(float), levels=[0.5], colors=[OUTLINE], linewidths=1.0)
    if axis == 0:
        for ends, colour in ((measurement.axes.long_ends, LONG), (measurement.axes.short_ends, SHORT)):
            panel.plot(ends[:, 1], ends[:, 0], color=colour, linewidth=0.8)
    places = np.argwhere(section) if section.any() else np.array([[size // 2 for size in section.shape]])
    center = (places.min(axis=0) + places.max(axis=0)) / 2
    extent = float((places.max(axis=0) - places.min(axis=0)).max()) * cube.spacing_mm
    half = max(extent / 2 + SHOWN_MARGIN_MM, LEAST_SHOWN_MM / 2) / cube.spacing_mm
    panel.set_xlim(center[1] - half, center[1] + half)
    rows = (center[0] - half, center[0] + half)
    panel.set_ylim(*(rows[::-1] if axis == 0 else rows))
    panel.set_facecolor("black")
    panel.set_xticks([])
    panel.set_yticks([])
