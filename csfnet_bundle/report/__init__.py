"""Pictures and HTML reports of one case; NIfTI of the network's attention.

The report of a cohort run is imported from its own module: it needs scikit-learn, which one prediction does not.
"""

from csfnet_bundle.core.files import file_stem
from csfnet_bundle.report.attention_nifti import write_attention_nifti
from csfnet_bundle.report.case import Case, Weights
from csfnet_bundle.report.case_images import CaseImages
from csfnet_bundle.report.case_picture import write_case_picture
from csfnet_bundle.report.case_report import write_case_report
from csfnet_bundle.report.patient_report import NodulePage, write_patient_report

__all__ = [
    "Case",
    "CaseImages",
    "NodulePage",
    "Weights",
    "file_stem",
    "write_attention_nifti",
    "write_case_picture",
    "write_case_report",
    "write_patient_report",
]
