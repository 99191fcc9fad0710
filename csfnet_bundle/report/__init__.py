"""Pictures and HTML reports of one case and of a cohort run; NIfTI of the network's attention."""

from csfnet_bundle.report.attention_nifti import write_attention_nifti
from csfnet_bundle.report.case import Case, Weights
from csfnet_bundle.report.case_images import CaseImages
from csfnet_bundle.report.case_picture import write_case_picture
from csfnet_bundle.report.case_report import write_case_report
from csfnet_bundle.report.cohort_report import write_cohort_report
from csfnet_bundle.report.file_names import file_stem
from csfnet_bundle.report.reference import Interval, Reference
from csfnet_bundle.report.worst_errors import worst_errors

__all__ = [
    "Case",
    "CaseImages",
    "Interval",
    "Reference",
    "Weights",
    "file_stem",
    "worst_errors",
    "write_attention_nifti",
    "write_case_picture",
    "write_case_report",
    "write_cohort_report",
]
