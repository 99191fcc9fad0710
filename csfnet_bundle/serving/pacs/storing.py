"""A result's objects into the study they belong to, once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.uid import Comprehensive3DSRStorage

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.report.dicom.equipment import RESEARCH
from csfnet_bundle.serving.pacs.service import DicomWebService


def store_result(service: DicomWebService, files: Sequence[Path]) -> tuple[int, int]:
    """Store what the PACS does not have yet; the report last, so that it never refers to what is not there.

    Stored again, the same result changes nothing: its objects have the same UIDs.

    Args:
        service: the PACS.
        files: the objects of one result.

    Returns:
        How many objects were stored, and how many were there already.

    Raises:
        BundleError: the PACS fails, or does not list an object after it took it; the message says what it holds.
    """
    objects = sorted((dcmread(path) for path in files), key=lambda made: made.SOPClassUID == Comprehensive3DSRStorage)
    study = str(objects[0].StudyInstanceUID)
    missing = _missing(service, study, objects)
    try:
        for made in missing:
            service.store(study, [made])
    except BundleError as error:
        raise BundleError(
            f"{error.problem}; of {len(objects)} objects it holds {_held(service, study, objects)}, the report is "
            "stored last",
            record=error.record,
            remedy="Run the same command again: it stores what is missing.",
        ) from None
    lost = _missing(service, study, objects)
    if lost:
        raise BundleError(
            f"{len(lost)} of {len(objects)} stored objects are not listed by the PACS",
            record=f"study {study}",
            remedy="Ask its administrator whether it keeps reports, segmentations, captures and PDF.",
        )
    return len(missing), len(objects) - len(missing)


def earlier_report(service: DicomWebService, study: str, tracking_uid: str) -> Dataset | None:
    """Return the latest report of this bundle on a nodule in a study; None if there is none.

    Args:
        service: the PACS.
        study: StudyInstanceUID.
        tracking_uid: of the nodule.
    """
    reports = []
    for series in service.series(study, {"Modality": "SR"}):
        if not str(series.get("SeriesDescription") or "").startswith(RESEARCH):
            continue
        for item in service.instances(study, str(series.SeriesInstanceUID)):
            report = service.instance(study, str(series.SeriesInstanceUID), str(item.SOPInstanceUID), "reports")
            if report.get("SOPClassUID") == Comprehensive3DSRStorage and tracking_uid in _uids(report):
                reports.append(report)
    return max(reports, key=lambda report: (str(report.ContentDate), str(report.ContentTime)), default=None)


def _uids(item: Dataset) -> set[str]:
    """Return all UIDs among the content items below one."""
    found = {str(item.UID)} if "UID" in item else set()
    return found.union(*(_uids(child) for child in item.get("ContentSequence", [])))


def _missing(service: DicomWebService, study: str, objects: Sequence[Dataset]) -> list[Dataset]:
    there = {
        str(item.SOPInstanceUID)
        for series in {str(made.SeriesInstanceUID) for made in objects}
        for item in service.instances(study, series)
    }
    return [made for made in objects if made.SOPInstanceUID not in there]


def _held(service: DicomWebService, study: str, objects: Sequence[Dataset]) -> str:
    try:
        return str(len(objects) - len(_missing(service, study, objects)))
    except BundleError:
        return "an unknown number"
