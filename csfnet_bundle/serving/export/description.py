"""What an exported network carries besides its weights, as text."""

from __future__ import annotations

import json

from csfnet_bundle.prediction.checkpoint import ModelCheckpoint
from csfnet_bundle.prediction.seen_patients import SEEN_PATIENTS

DESCRIPTION_NAME = "csfnet_bundle"
"""Key of the description among an ONNX file's metadata; with .json, its name among TorchScript's extra files."""


def description(checkpoint: ModelCheckpoint) -> str:
    """Return architecture, ROI, code book, decision and provenance as JSON: what a program needs beside the logits."""
    document = {
        "architecture": dict(checkpoint.architecture),
        "roi": checkpoint.roi.to_plain(),
        "code_book": checkpoint.code_book.to_plain(),
        "decision": checkpoint.decision.to_plain(),
        "provenance": {key: told for key, told in checkpoint.provenance.items() if key != SEEN_PATIENTS},
        "probability": "softmax(logits / decision.temperature)[1]",
        "intended_use": "Research. Not a medical device.",
    }
    return json.dumps(document, indent=1)
