"""How this bundle names itself in the DICOM objects that it makes."""

from __future__ import annotations

MANUFACTURER = "csfnet_bundle developers"
MODEL = "csfnet_bundle"
ALGORITHM = "CSF-Net"

REPORT_SERIES, MAP_SERIES = 9001, 9002
"""Series numbers, far above those that a scanner gives."""

DIGEST_SHOWN = 16
"""Hexadecimal digits of the weights' SHA-256 that stand as serial number: enough to tell weights apart."""
