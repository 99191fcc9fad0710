"""Checking that a series has arrived whole: as many instances as the index says, each of which opens."""

from __future__ import annotations

from pathlib import Path

import pydicom
from pydicom.errors import InvalidDicomError

from csfnet_bundle.cohort.index import IndexedSeries

_TAGS = ("SOPInstanceUID", "SeriesInstanceUID", "PatientID", "Rows", "Columns", "BitsAllocated", "PixelData")
BITS_PER_BYTE = 8


def arrival_problem(folder: Path, series: IndexedSeries) -> str | None:
    """Return what is wrong with a downloaded series, in words; None if it is whole.

    Args:
        folder: holds the files of this series and nothing else.
        series: what the index says.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    instances: set[str] = set()
    for path in files:
        problem = _file_problem(path, series, instances)
        if problem is not None:
            return f"{path.name} {problem}"
    if len(instances) != series.instances:
        return f"{len(instances)} instances arrived, the index says {series.instances}"
    return None


def _file_problem(path: Path, series: IndexedSeries, instances: set[str]) -> str | None:
    """Check one file and add its instance to ``instances``."""
    try:
        dataset = pydicom.dcmread(path, specific_tags=list(_TAGS))
        found = {name: dataset.get(name) for name in _TAGS}
    except (InvalidDicomError, OSError, ValueError, KeyError, AttributeError, NotImplementedError) as error:
        return f"does not open as DICOM: {error}"
    if found["SeriesInstanceUID"] != series.uid or found["PatientID"] != series.patient:
        return f"is of patient {found['PatientID']} and series {found['SeriesInstanceUID']}"
    if found["PixelData"] is None:
        return "has no pixel data"
    size = (found["Rows"] or 0) * (found["Columns"] or 0) * (found["BitsAllocated"] or 0) // BITS_PER_BYTE
    if not dataset.file_meta.TransferSyntaxUID.is_encapsulated and len(found["PixelData"]) < size:
        return f"has {len(found['PixelData'])} bytes of pixels, expected {size}"
    if found["SOPInstanceUID"] in instances:
        return "is an instance that has arrived under another name too"
    instances.add(str(found["SOPInstanceUID"]))
    return None
