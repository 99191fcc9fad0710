"""Checking that a series has arrived whole: as many instances as the index says, each of which opens.

The headers are read by the bundle's own reader, which takes no file's word for its lengths; pixels are not decoded.
"""

from __future__ import annotations

from pathlib import Path

from csfnet_bundle.cohorts.nlst.index import IndexedSeries
from csfnet_bundle.scans.dicom.elements import UNDEFINED_LENGTH
from csfnet_bundle.scans.dicom.header import Skip
from csfnet_bundle.scans.dicom.instance import Instance
from csfnet_bundle.scans.dicom.scan import read_instances

SEQUENCE_END = b"\xfe\xff\xdd\xe0"
"""Sequence Delimitation Item, little endian: what compressed pixel data end with."""
TAIL_BYTES = 1024
"""Where it is looked for: a file may have some padding after it."""


def arrival_problem(folder: Path, series: IndexedSeries) -> str | None:
    """Return what is wrong with a downloaded series, in words; None if it is whole.

    Args:
        folder: holds the files of this series and nothing else.
        series: what the index says.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    instances: set[str] = set()
    for path in files:
        found = read_instances(str(path))
        if isinstance(found, Skip):
            return f"{path.name} does not open as DICOM: {found.value}"
        problem = _problem(found[0], path, series, instances)
        if problem is not None:
            return f"{path.name} {problem}"
        instances.add(found[0].sop_uid)
    if len(instances) != series.instances:
        return f"{len(instances)} instances arrived, the index says {series.instances}"
    return None


def _problem(found: Instance, path: Path, series: IndexedSeries, instances: set[str]) -> str | None:
    if found.fault is not None:
        return f"does not open: {found.fault.problem}"
    if found.series_uid != series.uid or found.patient_id != series.patient:
        return f"is of patient {found.patient_id} and series {found.series_uid}"
    if found.pixel_length == UNDEFINED_LENGTH and not _ends(path):
        return "is cut off within its compressed pixels"
    if found.sop_uid in instances:
        return "is an instance that has arrived under another name too"
    return None


def _ends(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-min(TAIL_BYTES, path.stat().st_size), 2)
        return SEQUENCE_END in file.read()
