"""How this bundle names itself in the DICOM objects that it makes."""

from __future__ import annotations

MANUFACTURER = "csfnet_bundle developers"
MODEL = "csfnet_bundle"
ALGORITHM = "CSF-Net"

REPORT_SERIES, MAP_SERIES, OUTLINE_SERIES, PRIOR_OUTLINE_SERIES, CAPTURE_SERIES, DOCUMENT_SERIES = range(9001, 9007)
"""Series numbers, far above those that a scanner gives."""

DIGEST_SHOWN = 16
"""Hexadecimal digits of the weights' SHA-256 that stand as serial number: enough to tell weights apart."""

RESEARCH = "RESEARCH USE ONLY"
"""How the description of every series begins: the list of series is what a reader sees first."""
