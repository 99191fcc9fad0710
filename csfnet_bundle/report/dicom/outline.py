"""The outline of the measured nodule as a DICOM segmentation on the scan's own images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highdicom
import numpy as np
from highdicom import seg
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.sr.codedict import codes
from scipy.ndimage import map_coordinates

from csfnet_bundle import __version__
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.nodule.measurement import Measurement
from csfnet_bundle.report.dicom.codes import PULMONARY_NODULE
from csfnet_bundle.report.dicom.equipment import (
    ALGORITHM,
    DIGEST_SHOWN,
    MANUFACTURER,
    MODEL,
    OUTLINE_SERIES,
    PRIOR_OUTLINE_SERIES,
    RESEARCH,
)
from csfnet_bundle.report.dicom.result import NoduleResult
from csfnet_bundle.report.dicom.source import MULTI_FRAME, Source
from csfnet_bundle.report.dicom.write import into_study

PATIENT = highdicom.CoordinateSystemNames.PATIENT
COLOUR_CIELAB = (65535 * 80 // 100, 35000, 51000)
"""Amber, as in the pictures."""
SAMPLES = 5
"""Places across a slice's thickness at which the mask is looked up: a thin nodule between two slices is still seen."""
HALF = 0.5
"""Share of a voxel inside the nodule from which on it is counted."""


@dataclass(frozen=True)
class ImagePlane:
    """One image of a scan and where it lies.

    Attributes:
        header: of its instance.
        origin: centre of the first pixel, LPS mm, (3,).
        across: mm to the next column, (3,).
        down: mm to the next row, (3,).
    """

    header: Dataset
    origin: NDArray[np.float64]
    across: NDArray[np.float64]
    down: NDArray[np.float64]

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit vector (3,) out of the plane."""
        product = np.cross(self.across, self.down)
        return np.asarray(product / np.linalg.norm(product))


def outline_segmentation(result: NoduleResult, scan: str) -> seg.Segmentation:
    """Return the outline of the nodule in a scan, binary, with one frame for each image that shows it.

    It belongs to the study of t1 whatever the scan, so that a closed prior study is not changed; its frame of reference
    and its images are the scan's.

    Args:
        result: with a measurement of the scan.
        scan: ``"t0"`` or ``"t1"``.

    Raises:
        BundleError: no image of the scan shows the outline.
    """
    source, measurement = result.scans[scan], result.measured[scan]
    planes = image_planes(source)
    shown = [
        (plane, mask)
        for plane, mask in zip(planes, mask_on_planes(measurement, planes), strict=True)
        if mask is not None
    ]
    if not shown:
        raise BundleError("no image of the scan shows the outline of the nodule", record=scan)
    made = seg.Segmentation(
        pixel_array=np.stack([mask for _, mask in shown]),
        segmentation_type=seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[_description(result)],
        series_instance_uid=result.uids.series(f"outline {scan}"),
        series_number=OUTLINE_SERIES if scan == "t1" else PRIOR_OUTLINE_SERIES,
        sop_instance_uid=result.uids.instance(f"outline {scan}"),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MODEL,
        software_versions=__version__,
        device_serial_number=result.weights_sha256[:DIGEST_SHOWN],
        content_label="NODULE",
        content_description=f"Nodule at {scan}, segmented automatically",
        series_description=f"{RESEARCH}: nodule outline {scan}",
        **_geometry([plane for plane, _ in shown]),
    )
    return made if scan == "t1" else into_study(made, source, result.t1)


def image_planes(source: Source) -> list[ImagePlane]:
    """Return every image of a scan: instances, or frames of multi-frame instances."""
    planes = []
    for header in source.instances:
        if header.SOPClassUID in MULTI_FRAME:
            shared = header.SharedFunctionalGroupsSequence[0]
            orientation = shared.PlaneOrientationSequence[0].ImageOrientationPatient
            spacing = shared.PixelMeasuresSequence[0].PixelSpacing
            positions = [
                group.PlanePositionSequence[0].ImagePositionPatient for group in header.PerFrameFunctionalGroupsSequence
            ]
        else:
            orientation, spacing = header.ImageOrientationPatient, header.PixelSpacing
            positions = [header.ImagePositionPatient]
        axes = np.array(orientation, dtype=float).reshape(2, 3)
        between_rows, between_columns = (float(value) for value in spacing)
        planes += [
            ImagePlane(header, np.array(position, dtype=float), axes[0] * between_columns, axes[1] * between_rows)
            for position in positions
        ]
    return planes


def mask_on_planes(measurement: Measurement, planes: list[ImagePlane]) -> list[NDArray[np.uint8] | None]:
    """Return the mask on each image's pixels (rows, columns), None where it holds none of the nodule.

    A pixel is set where half of it, across the slice's thickness, lies in the nodule. Where no pixel is (a small nodule
    in thick slices), those are that hold half as much of it as the fullest.
    """
    affine, mask = measurement.cube.affine, measurement.mask.astype(np.float32)
    inverse = np.asarray(np.linalg.inv(affine), np.float64)
    ends = np.argwhere(measurement.mask)
    corners = [ends.min(axis=0) - 1, ends.max(axis=0) + 1]
    box = np.array([[corners[a][0], corners[b][1], corners[c][2], 1] for a in (0, 1) for b in (0, 1) for c in (0, 1)])
    box_lps = np.asarray(box @ affine.T, np.float64)[:, :3]
    thickness = _thickness(planes)
    shares = [_share(plane, box_lps, inverse, mask, thickness) for plane in planes]
    fullest = max((float(share.max()) for share in shares if share is not None), default=0.0)
    least = HALF if fullest >= HALF else HALF * fullest
    masks = [None if share is None or not share.any() else (share >= least).astype(np.uint8) for share in shares]
    return [mask if mask is not None and mask.any() else None for mask in masks]


def _thickness(planes: list[ImagePlane]) -> float:
    """Return the distance of neighbouring planes, mm."""
    offsets = np.unique(np.round([plane.origin @ planes[0].normal for plane in planes], 3))
    return float(np.median(np.diff(offsets))) if len(offsets) > 1 else 0.0


def _share(
    plane: ImagePlane,
    box_lps: NDArray[np.float64],
    inverse: NDArray[np.float64],
    mask: NDArray[np.float32],
    thickness: float,
) -> NDArray[np.float64] | None:
    """Return which share of each pixel lies in the nodule, shape (rows, columns); None far from it."""
    away = (box_lps - plane.origin) @ plane.normal
    if away.min() > thickness / 2 or away.max() < -thickness / 2:
        return None
    rows, columns = int(plane.header.Rows), int(plane.header.Columns)
    column = (box_lps - plane.origin) @ plane.across / (plane.across @ plane.across)
    row = (box_lps - plane.origin) @ plane.down / (plane.down @ plane.down)
    first_row, last_row = max(int(row.min()), 0), min(int(row.max()) + 2, rows)
    first_column, last_column = max(int(column.min()), 0), min(int(column.max()) + 2, columns)
    if first_row >= last_row or first_column >= last_column:
        return None
    grid = np.meshgrid(np.arange(first_row, last_row), np.arange(first_column, last_column), indexing="ij")
    flat = plane.origin + grid[0][..., None] * plane.down + grid[1][..., None] * plane.across  # (h, w, 3)
    steps = ((np.arange(SAMPLES) + HALF) / SAMPLES - HALF) * thickness
    total = np.zeros(flat.shape[:2])
    for step in steps:
        places = flat + step * plane.normal
        index = places @ inverse[:3, :3].T + inverse[:3, 3]
        total += map_coordinates(mask, np.moveaxis(index, -1, 0), order=1, mode="constant")
    share = np.zeros((rows, columns))
    share[first_row:last_row, first_column:last_column] = total / SAMPLES
    return share


def _description(result: NoduleResult) -> seg.SegmentDescription:
    described = seg.SegmentDescription(
        segment_number=1,
        segment_label=f"Nodule {result.case.nodule}",
        segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=PULMONARY_NODULE,
        algorithm_type=seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=highdicom.AlgorithmIdentificationSequence(
            name=f"{ALGORITHM} measuring", family=codes.DCM.ArtificialIntelligence, version=f"{MODEL} {__version__}"
        ),
        tracking_uid=result.uids.tracking,
        tracking_id=f"nodule {result.case.nodule}",
        anatomic_regions=[codes.SCT.Lung],
    )
    described.RecommendedDisplayCIELabValue = list(COLOUR_CIELAB)
    return described


def _geometry(planes: list[ImagePlane]) -> dict[str, Any]:
    """Return what highdicom needs to place the frames: classic images place them, frames need their positions."""
    headers = [plane.header for plane in planes]
    if headers[0].SOPClassUID not in MULTI_FRAME:
        return {"source_images": headers}
    down, across = planes[0].down, planes[0].across
    spacing = (float(np.linalg.norm(down)), float(np.linalg.norm(across)))
    shared = headers[0].SharedFunctionalGroupsSequence[0]
    return {
        "source_images": [max(headers, key=headers.count)],
        "pixel_measures": highdicom.PixelMeasuresSequence(
            pixel_spacing=spacing, slice_thickness=shared.PixelMeasuresSequence[0].SliceThickness
        ),
        "plane_orientation": highdicom.PlaneOrientationSequence(
            PATIENT, [*(across / spacing[1]).tolist(), *(down / spacing[0]).tolist()]
        ),
        "plane_positions": [highdicom.PlanePositionSequence(PATIENT, plane.origin.tolist()) for plane in planes],
    }
