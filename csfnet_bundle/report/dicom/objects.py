"""All DICOM objects of one result."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from csfnet_bundle.report.case_images import CaseImages
from csfnet_bundle.report.dicom.attention_map import attention_parametric_map, has_focus
from csfnet_bundle.report.dicom.capture import capture_image
from csfnet_bundle.report.dicom.document import encapsulated_pdf
from csfnet_bundle.report.dicom.outline import outline_segmentation
from csfnet_bundle.report.dicom.result import NoduleResult
from csfnet_bundle.report.dicom.structured_report import structured_report
from csfnet_bundle.report.drawing import png_bytes
from csfnet_bundle.report.measurement_files import measurement_figure


def result_objects(
    result: NoduleResult, images: CaseImages, roi_affine: NDArray[np.float64], pictures: Mapping[str, bytes]
) -> dict[str, Dataset]:
    """Return the objects by name: report, outlines, attention, captures and document.

    Args:
        result: the prediction and the measurements.
        images: what the network saw, and its attention.
        roi_affine: (4, 4) of the t1 ROI, from (d, h, w, 1) to LPS mm.
        pictures: PNG of the page by what it shows; those of the measurements are added.
    """
    with warnings.catch_warnings():
        # highdicom about a patient's name of one part, which only the hospital can change; it would print the name
        warnings.filterwarnings("ignore", "The string .* is unlikely to represent the intended person name")
        return _result_objects(result, images, roi_affine, pictures)


def _result_objects(
    result: NoduleResult, images: CaseImages, roi_affine: NDArray[np.float64], pictures: Mapping[str, bytes]
) -> dict[str, Dataset]:
    objects: dict[str, Dataset] = {
        f"outline_{scan}": outline_segmentation(result, scan) for scan in result.scans if scan in result.measured
    }
    attention = images.attention
    if attention is not None and has_focus(attention):
        objects["attention"] = attention_parametric_map(result, attention, roi_affine, images.size)
    report = structured_report(result, list(objects.values()))
    measured = {
        f"Measured nodule, {scan}": png_bytes(measurement_figure(f"Measured nodule, {scan}", one))
        for scan, one in sorted(result.measured.items())
    }
    shown = {**pictures, **measured}
    for number, (title, png) in enumerate(shown.items(), start=1):
        objects[f"capture_{number}"] = capture_image(result, number, title, png)
    return {"report": report, **objects, "document": encapsulated_pdf(result, shown)}
