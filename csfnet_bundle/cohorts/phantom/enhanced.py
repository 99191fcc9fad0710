"""A series of classic slices as one Enhanced CT instance."""

from __future__ import annotations

from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import EnhancedCTImageStorage

_PER_FRAME = {
    "PlanePositionSequence": ("ImagePositionPatient",),
    "PlaneOrientationSequence": ("ImageOrientationPatient",),
    "PixelMeasuresSequence": ("PixelSpacing", "SliceThickness"),
    "PixelValueTransformationSequence": ("RescaleSlope", "RescaleIntercept", "RescaleType"),
}
"""Functional groups and the attributes that they take from a classic slice (DICOM PS3.3, C.7.6.16.2)."""


def write_enhanced(source: Path, target: Path) -> Path:
    """Write the classic slices of a folder as one multi-frame file; return it."""
    slices = [dcmread(file) for file in sorted(source.iterdir())]
    data = slices[0]
    pixels = b"".join(item.PixelData for item in slices)
    groups = [_groups(item) for item in slices]
    for keywords in _PER_FRAME.values():
        for keyword in keywords:
            delattr(data, keyword)
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = EnhancedCTImageStorage
    data.NumberOfFrames = len(slices)
    data.PerFrameFunctionalGroupsSequence = DicomSequence(groups)
    data.SharedFunctionalGroupsSequence = DicomSequence([Dataset()])
    data.PixelData = pixels
    target.parent.mkdir(parents=True, exist_ok=True)
    data.save_as(target, enforce_file_format=True)
    return target


def _groups(item: Dataset) -> Dataset:
    group = Dataset()
    for name, keywords in _PER_FRAME.items():
        part = Dataset()
        for keyword in keywords:
            setattr(part, keyword, item[keyword].value)
        setattr(group, name, DicomSequence([part]))
    return group
