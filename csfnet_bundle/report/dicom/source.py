"""The instances that a result was made from: what of their headers goes into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.uid import EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage
from pydicom.valuerep import format_number_as_ds

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.scans.dicom import Series
from csfnet_bundle.scans.dicom.instance import Instance

IDENTIFYING = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
EMPTY_ALLOWED = (
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
)
"""Type 2 attributes: they are present in every object, empty where nothing is known."""
MULTI_FRAME = (EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage)
OTHERS = (
    "SpecificCharacterSet",
    "IssuerOfPatientID",
    "StudyDescription",
    "PatientAge",
    "FrameOfReferenceUID",
    "PositionReferenceIndicator",
    "LossyImageCompression",
    "LossyImageCompressionMethod",
    "LossyImageCompressionRatio",
)


@dataclass(frozen=True)
class Source:
    """A scan, and the nodule's place in it.

    Attributes:
        instances: header of every instance: identity, patient, study.
        frame_of_reference: FrameOfReferenceUID, in which the point lies.
        point: the nodule's centre, LPS mm.
    """

    instances: tuple[Dataset, ...]
    frame_of_reference: str
    point: tuple[float, float, float]


def read_source(series: Series, point: Sequence[float]) -> Source:
    """Read what the results need of a series' headers.

    Args:
        series: as :func:`csfnet_bundle.scans.dicom.select_series` gives it.
        point: the nodule's centre, LPS mm.

    Raises:
        BundleError: a header cannot be read, or the series has no frame of reference.
    """
    if not series.first.frame_of_reference:
        raise BundleError(
            "the images have no FrameOfReferenceUID, so no place in them can be written down",
            record=f"series {series.uid}",
            remedy="Leave --dicom_out away for this series.",
        )
    x, y, z = (float(value) for value in point)
    files: dict[str, list[Instance]] = {}
    for instance in series.instances:
        files.setdefault(instance.path, []).append(instance)
    headers = tuple(_header(Path(path), files[path]) for path in sorted(files))
    return Source(headers, series.first.frame_of_reference, (x, y, z))


def _header(path: Path, frames: Sequence[Instance]) -> Dataset:
    """Return a file's identity, and its geometry where a classic or a multi-frame instance has it."""
    wanted = [*IDENTIFYING, *EMPTY_ALLOWED, *OTHERS]
    header = Dataset()
    try:
        read = dcmread(path, stop_before_pixels=True, specific_tags=wanted)
        for name in wanted:
            if name in read or name in EMPTY_ALLOWED:
                setattr(header, name, read.get(name, ""))
    except Exception as error:  # a damaged header raises a dozen kinds of exception
        raise BundleError(f"its header cannot be read: {error}", record=str(path)) from None
    absent = [name for name in IDENTIFYING if not header.get(name)]
    if absent:
        raise BundleError(f"its header has no {absent[0]}", record=str(path))
    header.Rows, header.Columns = frames[0].rows, frames[0].columns
    if header.SOPClassUID in MULTI_FRAME:
        header.NumberOfFrames = len(frames)
        shared = Dataset()
        shared.PixelMeasuresSequence = [_measures(frames[0])]
        shared.PlaneOrientationSequence = [_orientation(frames[0])]
        header.SharedFunctionalGroupsSequence = [shared]
        header.PerFrameFunctionalGroupsSequence = [Dataset() for _ in frames]
        for group, frame in zip(header.PerFrameFunctionalGroupsSequence, frames, strict=True):
            group.PlanePositionSequence = [_position(frame)]
    else:
        for part in (_measures(frames[0]), _orientation(frames[0]), _position(frames[0])):
            header.update(part)
    return header


def _measures(frame: Instance) -> Dataset:
    part = Dataset()
    part.PixelSpacing = _decimals(frame.pixel_spacing)
    part.SliceThickness = format_number_as_ds(frame.slice_thickness or 0.0)  # looked at, not taken over
    return part


def _orientation(frame: Instance) -> Dataset:
    part = Dataset()
    part.ImageOrientationPatient = _decimals(frame.orientation)
    return part


def _position(frame: Instance) -> Dataset:
    part = Dataset()
    part.ImagePositionPatient = _decimals(frame.position)
    return part


def _decimals(values: Sequence[float] | None) -> list[str]:
    return [format_number_as_ds(value) for value in values or ()]
