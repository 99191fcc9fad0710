"""Results as DICOM: report, outlines, attention, captures and a PDF document (extra ``dicom-sr``).

Importing this package needs highdicom.
"""

from csfnet_bundle.report.dicom.objects import result_objects
from csfnet_bundle.report.dicom.predecessor import check_supersedes, read_report
from csfnet_bundle.report.dicom.result import NoduleResult
from csfnet_bundle.report.dicom.source import Source, read_source
from csfnet_bundle.report.dicom.write import write_dataset

__all__ = [
    "NoduleResult",
    "Source",
    "check_supersedes",
    "read_report",
    "read_source",
    "result_objects",
    "write_dataset",
]
