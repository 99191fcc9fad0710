"""What the page shows of one scan: a whole axial slice and three planes of 60 mm around the nodule, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.geometry import RoiGrid, sample_grid
from csfnet_bundle.nodule.measurement import Measurement
from csfnet_bundle.report.case_images import Plane
from csfnet_bundle.scans.place_words import image_number
from csfnet_bundle.scans.scan import OpenedScan

VIEW_MM = 60.0
"""Edge of the three planes: the largest nodule with as much lung on either side."""
STEP_MM = 0.5
"""Of the planes: finer than any CT's pixel of a whole chest."""
LARGEST_SLICE_PIXELS = 512
"""Along an edge of the whole slice: a CT's own matrix."""
_POINTS = round(VIEW_MM / STEP_MM) + 1
_PLANE_SIZES = {
    Plane.AXIAL: (1, _POINTS, _POINTS),
    Plane.CORONAL: (_POINTS, 1, _POINTS),
    Plane.SAGITTAL: (_POINTS, _POINTS, 1),
}
_OUTLINE_LEVEL = 0.5


@dataclass(frozen=True)
class Slice:
    """A section along the patient's axes.

    Attributes:
        hu: HU, rows from top to bottom and columns from left to right as a reader expects them: axial from the feet,
            coronal from the front, sagittal from the patient's left.
        width_mm: of the section.
        height_mm: of the section.
        point_mm: the nodule point, from the upper left corner, (x, y).
    """

    hu: NDArray[np.float32]
    width_mm: float
    height_mm: float
    point_mm: tuple[float, float]


@dataclass(frozen=True)
class ScanPictures:
    """One scan around a nodule.

    Attributes:
        whole: the axial slice through the point.
        planes: 60 mm around the point, by plane.
        outlines: by plane, the measured nodule's outline as closed lines (N, 2) of (x, y) mm from the upper left
            corner; empty where it was not measured.
        roi_mm: what the network saw, mm along (D, H, W), around the point.
        point_lps: the point, LPS mm.
        slice_number: the slice's number as a PACS shows it; None where the scan has no such numbers.
        slices: how many the scan has.
        facts: what is known of the series, name and value.
    """

    whole: Slice
    planes: Mapping[Plane, Slice]
    outlines: Mapping[Plane, tuple[NDArray[np.float64], ...]]
    roi_mm: tuple[float, float, float]
    point_lps: tuple[float, float, float]
    slice_number: int | None = None
    slices: int = 0
    facts: tuple[tuple[str, str], ...] = field(default_factory=tuple)


def read_pictures(
    scan: OpenedScan,
    point_lps: NDArray[np.float64],
    roi_mm: tuple[float, float, float],
    measurement: Measurement | None = None,
) -> ScanPictures:
    """Read what the page shows of a scan; only its slices around the point are read.

    Args:
        scan: the scan.
        point_lps: the nodule point, LPS mm, (3,).
        roi_mm: what the network saw, mm along (D, H, W).
        measurement: the nodule as it was measured, for its outline.

    Raises:
        Refusal: as reading a ROI there.
    """
    x, y, z = (float(value) for value in point_lps)
    cells = round(VIEW_MM) + 1
    block = scan.read_block(RoiGrid((x, y, z), (cells, cells, cells), (1.0, 1.0, 1.0)))
    grids = {plane: RoiGrid((x, y, z), size, (STEP_MM,) * 3) for plane, size in _PLANE_SIZES.items()}
    planes = {plane: _section(sample_grid(block.array, block.affine, grid), plane) for plane, grid in grids.items()}
    middle = (VIEW_MM / 2, VIEW_MM / 2)
    return ScanPictures(
        whole=_whole_slice(scan, x, y, z),
        planes={plane: Slice(hu, VIEW_MM, VIEW_MM, middle) for plane, hu in planes.items()},
        outlines={plane: _outline(measurement, grid, plane) for plane, grid in grids.items()},
        roi_mm=roi_mm,
        point_lps=(x, y, z),
        slice_number=image_number(scan, np.array([x, y, z])),
        slices=_slice_count(scan),
        facts=_facts(scan),
    )


def _section(roi: NDArray[np.float32], plane: Plane) -> NDArray[np.float32]:
    """Return a grid's only plane as a reader expects it: superior is up."""
    flat = np.squeeze(roi, axis=roi.shape.index(1))
    return flat if plane is Plane.AXIAL else flat[::-1]


def _outline(measurement: Measurement | None, grid: RoiGrid, plane: Plane) -> tuple[NDArray[np.float64], ...]:
    if measurement is None:
        return ()
    # Only where something was measured: it comes with matplotlib, which a prediction does not import.
    from contourpy import contour_generator

    share = sample_grid(measurement.mask.astype(np.float32), measurement.cube.affine, grid, fill=0.0)
    lines = contour_generator(z=_section(share, plane)).lines(_OUTLINE_LEVEL)
    return tuple(np.asarray(line, dtype=np.float64) * STEP_MM for line in lines)


def _whole_slice(scan: OpenedScan, x: float, y: float, z: float) -> Slice:
    """Return the axial slice at a height: the scan's own where its slices are axial, else cut through it."""
    affine, (columns, rows, slices) = _geometry(scan)
    corners = np.array([[i, j, k, 1.0] for i in (0, columns - 1) for j in (0, rows - 1) for k in (0, slices - 1)])
    places = (affine @ corners.T)[:3]
    low, high = places.min(axis=1)[:2], places.max(axis=1)[:2]
    step = max(float((high - low).max()) / (LARGEST_SLICE_PIXELS - 1), float(np.linalg.norm(affine[:3, 0])))
    width, height = (int(extent / step) + 1 for extent in high - low)
    center = (float((low[0] + high[0]) / 2), float((low[1] + high[1]) / 2), z)
    grid = RoiGrid(center, (1, height, width), (step, step, step))
    block = scan.read_block(grid)
    _, ys, xs = grid.axes()
    point = (x - float(xs[0]) + step / 2, y - float(ys[0]) + step / 2)
    return Slice(sample_grid(block.array, block.affine, grid)[0], width * step, height * step, point)


def _geometry(scan: OpenedScan) -> tuple[NDArray[np.float64], tuple[int, int, int]]:
    """Return affine and shape; those of a series with a gap too, of which a ROI can be read."""
    if scan.series is None:
        return scan.affine, scan.shape
    return scan.series.stack.affine(), scan.series.stack.shape


def _slice_count(scan: OpenedScan) -> int:
    return scan.shape[2] if scan.series is None else len(scan.series.stack.instances)


def _facts(scan: OpenedScan) -> tuple[tuple[str, str], ...]:
    series = scan.series
    if series is None:
        return (("File", scan.path.name),)
    thickness = "unknown" if series.slice_thickness is None else f"{series.slice_thickness:g} mm"
    spacing = series.pixel_spacing
    return (
        ("Description", series.description or "none"),
        ("Kernel", series.kernel or "unknown"),
        ("Slice thickness", f"{thickness}, slices {series.stack.step:.2f} mm apart"),
        ("Pixel", "unknown" if spacing is None else f"{spacing[0]:.2f} x {spacing[1]:.2f} mm"),
        ("Manufacturer", series.manufacturer or "unknown"),
        ("Series UID", series.name),
    )
