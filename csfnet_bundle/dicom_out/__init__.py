"""Results as DICOM: a Structured Report of the nodule and the attention as a parametric map (extra ``dicom-sr``).

Importing this package needs highdicom.
"""

from csfnet_bundle.dicom_out.attention_map import attention_parametric_map
from csfnet_bundle.dicom_out.source import Source, read_source
from csfnet_bundle.dicom_out.structured_report import structured_report
from csfnet_bundle.dicom_out.write import write_dataset

__all__ = ["Source", "attention_parametric_map", "read_source", "structured_report", "write_dataset"]
