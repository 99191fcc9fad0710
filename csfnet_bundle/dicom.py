"""The DICOM reader under the name of version 0.1; moved to ``csfnet_bundle.scans.dicom``."""

from csfnet_bundle.scans.dicom import (
    THINNEST_SOFT_MOST,
    SelectionRule,
    Series,
    check_pair,
    read_roi,
    read_volume,
    scan_folder,
    select_pair,
    select_series,
)

__all__ = [
    "THINNEST_SOFT_MOST",
    "SelectionRule",
    "Series",
    "check_pair",
    "read_roi",
    "read_volume",
    "scan_folder",
    "select_pair",
    "select_series",
]
