"""Results as DICOM: a Structured Report of the nodule and the attention as a parametric map (extra ``dicom-sr``).

Importing this package needs highdicom.
"""

from csfnet_bundle.report.dicom.attention_map import attention_parametric_map
from csfnet_bundle.report.dicom.source import Source, read_source
from csfnet_bundle.report.dicom.structured_report import structured_report, write_dataset

__all__ = ["Source", "attention_parametric_map", "read_source", "structured_report", "write_dataset"]
