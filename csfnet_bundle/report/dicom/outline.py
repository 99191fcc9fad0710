"""The outline of the measured nodule as a DICOM segmentation on the scan's own images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highdicom
import numpy as np
from highdicom import seg
from pydicom import Dataset
from pydicom.sr.codedict import codes

from csfnet_bundle import __version__
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.nodule.outline import Plane, mask_on_planes
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


@dataclass(frozen=True)
class ImagePlane(Plane):
    """One image of a DICOM scan and where it lies.

    Attributes:
        header: of its instance.
    """

    header: Dataset


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
            ImagePlane(
                np.array(position, dtype=float),
                axes[0] * between_columns,
                axes[1] * between_rows,
                int(header.Rows),
                int(header.Columns),
                header,
            )
            for position in positions
        ]
    return planes


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
