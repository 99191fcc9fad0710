"""The earlier report that a new one supersedes: it must be of the same patient and nodule."""

from __future__ import annotations

from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.uid import Comprehensive3DSRStorage

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.report.dicom.uids import ResultUids


def read_report(path: Path) -> Dataset:
    """Return a report that this bundle wrote.

    Raises:
        BundleError: the file cannot be read, or is no such report.
    """
    try:
        header = dcmread(path, stop_before_pixels=True)
    except Exception as error:  # a damaged file raises a dozen kinds of exception
        raise BundleError(f"the report to supersede cannot be read: {error}", record=str(path)) from None
    if header.get("SOPClassUID") != Comprehensive3DSRStorage:
        raise BundleError(
            "is no report of this bundle", record=str(path), remedy="Give a file that ends in _report.dcm."
        )
    return header


def check_supersedes(report: Dataset, new: ResultUids) -> None:
    """Check that an earlier report tracks the nodule that the new one is of.

    Args:
        report: the earlier one.
        new: the UIDs of the new one.

    Raises:
        BundleError: another patient, or another nodule.
    """
    patient = str(report.get("PatientID") or "")
    tracked = any(element.keyword == "UID" and element.value == new.tracking for element in report.iterall())
    if patient == new.patient_id and tracked:
        return
    whose = f"of patient {patient!r}, the new one of {new.patient_id!r}"
    what = whose if patient != new.patient_id else f"not of nodule {new.nodule!r} of patient {patient!r}"
    raise BundleError(
        f"the report to supersede is {what}",
        record="--supersedes",
        remedy="Give the report of an earlier run on this nodule, under the same --nodule.",
    )
