"""Pictures as Secondary Capture images, which every PACS shows."""

from __future__ import annotations

import io

import numpy as np
from highdicom import sc
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset

from csfnet_bundle import __version__
from csfnet_bundle.report.dicom.equipment import CAPTURE_SERIES, MANUFACTURER, MODEL, RESEARCH
from csfnet_bundle.report.dicom.outline import image_planes
from csfnet_bundle.report.dicom.result import NoduleResult
from csfnet_bundle.report.dicom.source import Source
from csfnet_bundle.report.dicom.write import take_patient_and_study


def capture_image(result: NoduleResult, number: int, title: str, png: bytes) -> sc.SCImage:
    """Return a picture as an image of the captures' series.

    Args:
        result: whose picture it is.
        number: its number in the series, from 1.
        title: what it shows, in a few words.
        png: the picture.
    """
    made = sc.SCImage(
        pixel_array=png_pixels(png),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "P"),  # asked for; taken out below, since a page of panels has none
        study_instance_uid=result.t1.instances[0].StudyInstanceUID,
        series_instance_uid=result.uids.series("captures"),
        series_number=CAPTURE_SERIES,
        sop_instance_uid=result.uids.instance("captures", number),
        instance_number=number,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MODEL,
        software_versions=__version__,
        series_description=f"{RESEARCH}: pictures of the nodule",
    )
    take_patient_and_study(made, result.t1)
    made.PatientOrientation = []
    made.Laterality = ""  # a page of panels does not tell the side
    made.ConversionType = "WSD"
    made.BurnedInAnnotation = "YES"  # the pair's name
    made.ImageComments = f"{title}. {RESEARCH}."
    made.SourceImageSequence = [_reference(result.t1)]
    return made


def png_pixels(png: bytes) -> NDArray[np.uint8]:
    """Return the pixels of a picture, shape (rows, columns, 3)."""
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGB"))


def _reference(source: Source) -> Dataset:
    """Return a reference to the image nearest to the nodule's point; for a multi-frame scan to its file."""
    point = np.array(source.point)
    nearest = min(image_planes(source), key=lambda plane: abs(float((point - plane.origin) @ plane.normal)))
    item = Dataset()
    item.ReferencedSOPClassUID = nearest.header.SOPClassUID
    item.ReferencedSOPInstanceUID = nearest.header.SOPInstanceUID
    return item
