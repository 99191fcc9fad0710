"""The panels of a case: both scans in whole and in three planes, and maps of the network over the later one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.report.case_images import CaseImages, Plane, section
from csfnet_bundle.report.panel import BOX, OUTLINE, Label, Line, Panel, rectangle, window_grey
from csfnet_bundle.report.scan_pictures import ScanPictures, Slice

WHOLE_BAR_MM, VIEW_BAR_MM = 50.0, 10.0
MARK_MM = 4.0
"""Length of the marks at a panel's edges that point at the nodule point without covering it."""
FULL_COLOUR_SHARE = 2.0
"""Attention, in even shares, that gets the full colour at the least: an even map is not stretched into a bright one."""
STRONGEST_ALPHA = 178
"""Of 255: grey tissue stays visible below."""

_EDGES = {Plane.AXIAL: ("A", "R", "L"), Plane.CORONAL: ("S", "R", "L"), Plane.SAGITTAL: ("S", "A", "P")}
_ROI_AXES = {Plane.AXIAL: (2, 1), Plane.CORONAL: (2, 0), Plane.SAGITTAL: (1, 0)}
"""Which of (D, H, W) runs along a panel's width and height."""


def whole_panel(name: str, pictures: ScanPictures) -> Panel:
    """Return the whole axial slice with the ROI's box.

    Args:
        name: the scan.
        pictures: of the scan.
    """
    shown, (_, height, width) = pictures.whole, pictures.roi_mm
    place = slice_words(pictures)
    return Panel(
        grey=window_grey(shown.hu),
        width_mm=shown.width_mm,
        height_mm=shown.height_mm,
        alt=f"{name}: whole axial slice with a box of {width:g} x {height:g} mm around the nodule point. {place}.",
        caption=place,
        lines=(Line(rectangle(shown.point_mm, width, height), BOX, closed=True), _bar(shown, WHOLE_BAR_MM)),
        labels=(*_orientation(Plane.AXIAL), _name(name, "axial"), _bar_label(WHOLE_BAR_MM)),
    )


def plane_panel(name: str, pictures: ScanPictures, plane: Plane) -> Panel:
    """Return a plane of 60 mm with the ROI's box and the measured nodule's outline.

    Args:
        name: the scan.
        pictures: of the scan.
        plane: which one.
    """
    shown = pictures.planes[plane]
    box = tuple(pictures.roi_mm[axis] for axis in _ROI_AXES[plane])
    outlines = [Line(tuple(map(tuple, line)), OUTLINE, closed=True) for line in pictures.outlines[plane]]
    outlined = ", the measured nodule outlined" if outlines else ""
    return Panel(
        grey=window_grey(shown.hu),
        width_mm=shown.width_mm,
        height_mm=shown.height_mm,
        alt=f"{name}: {plane} plane of {shown.width_mm:.0f} mm through the nodule point with the ROI's box{outlined}.",
        lines=(
            Line(rectangle(shown.point_mm, *box), BOX, closed=True),
            *outlines,
            *_marks(shown.width_mm, shown.height_mm),
            _bar(shown, VIEW_BAR_MM),
        ),
        labels=(*_orientation(plane), _name(name, str(plane)), _bar_label(VIEW_BAR_MM)),
    )


def roi_panel(name: str, images: CaseImages, plane: Plane) -> Panel:
    """Return a plane of the ROI as the network saw it.

    Args:
        name: ``"t0"`` or ``"t1"``.
        images: the ROIs.
        plane: which one.
    """
    shown = _roi_slice(images, images.hounsfield(0 if name == "t0" else 1), plane)
    return Panel(
        grey=window_grey(shown.hu),
        width_mm=shown.width_mm,
        height_mm=shown.height_mm,
        alt=f"{name}: {plane} plane of the ROI through the nodule point.",
        lines=(*_marks(shown.width_mm, shown.height_mm), _bar(shown, VIEW_BAR_MM)),
        labels=(*_orientation(plane), _name(name, str(plane)), _bar_label(VIEW_BAR_MM)),
    )


def map_panel(
    images: CaseImages, values: NDArray[np.float64], full: float, zero: float, plane: Plane, what: str
) -> Panel:
    """Return a plane of t1's ROI with a map over it: clear up to ``zero``, amber in full from ``full`` on.

    Args:
        images: the ROIs.
        values: the map on the ROI's voxels, (D, H, W).
        full: value that gets the full colour.
        zero: value up to which nothing is coloured.
        plane: which one.
        what: the map in words.
    """
    base = roi_panel("t1", images, plane)
    shares = np.clip((section(values, plane) - zero) / max(full - zero, 1e-12), 0, 1)
    overlay = np.zeros((*shares.shape, 4), np.uint8)
    overlay[..., 0], overlay[..., 1] = 255, (127 + 38 * shares).astype(np.uint8)
    overlay[..., 3] = (STRONGEST_ALPHA * shares).astype(np.uint8)
    return Panel(
        grey=base.grey,
        width_mm=base.width_mm,
        height_mm=base.height_mm,
        alt=f"t1: {plane} plane of the ROI with {what} in amber.",
        lines=base.lines,
        labels=base.labels,
        overlay=overlay,
    )


def slice_words(pictures: ScanPictures) -> str:
    """Return the slice as a PACS names it: its number and its position."""
    number = "" if pictures.slice_number is None else f"image {pictures.slice_number}, "
    return f"{number}z {pictures.point_lps[2]:.1f} mm, {pictures.slices} slices".replace("-", "\N{MINUS SIGN}")


def _roi_slice(images: CaseImages, volume: NDArray[np.float64], plane: Plane) -> Slice:
    across, down = (images.size[axis] * images.spacing[axis] for axis in _ROI_AXES[plane])
    return Slice(section(volume, plane).astype(np.float32), across, down, (across / 2, down / 2))


def _marks(width: float, height: float) -> tuple[Line, ...]:
    mark = min(MARK_MM, height / 8)
    x, y = width / 2, height / 2
    ends = (
        ((x, 0.0), (x, mark)),
        ((x, height - mark), (x, height)),
        ((0.0, y), (mark, y)),
        ((width - mark, y), (width, y)),
    )
    return tuple(Line(points) for points in ends)


def _bar(shown: Slice, length_mm: float) -> Line:
    left, bottom = 0.04 * shown.width_mm, shown.height_mm - 0.05 * shown.width_mm
    return Line(((left, bottom), (left + length_mm, bottom)), bold=True)


def _bar_label(length_mm: float) -> Label:
    return Label(f"{length_mm:.0f} mm", 0.04, 0.93, "left", "bottom")


def _name(name: str, plane: str) -> Label:
    return Label(f"{name} {plane}", 0.02, 0.01)


def _orientation(plane: Plane) -> tuple[Label, ...]:
    top, left, right = _EDGES[plane]
    return (
        Label(top, 0.53, 0.01, "left", "top"),
        Label(left, 0.02, 0.44, "left", "middle"),
        Label(right, 0.98, 0.44, "right", "middle"),
    )
