"""What ``configs/metadata.json`` says of the weights that lie in the bundle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from csfnet_bundle.prediction.checkpoint import ModelCheckpoint

METRICS = ("auc", "auc_delong_lower", "auc_delong_upper", "accuracy", "recall", "specificity", "brier_score", "pairs")
"""What is taken over from docs/results/phantom_cpu.json."""
EVALUATED_ON = "phantom test pairs, not patients"


def metadata_of(content: str | bytes, checkpoint: ModelCheckpoint, metrics: Mapping[str, Any] | None = None) -> bytes:
    """Return metadata.json with the shapes that these weights want and their metrics.

    Args:
        content: of metadata.json.
        checkpoint: the weights.
        metrics: of :func:`eval_metrics`; None says nothing, for weights whose evaluation is not at hand.
    """
    metadata = json.loads(content)
    inputs = metadata["network_data_format"]["inputs"]
    inputs["image"]["spatial_shape"] = list(checkpoint.roi.size)
    inputs["clinical"]["num_channels"] = len(checkpoint.code_book.names)
    inputs["clinical"]["value_range"] = [0, max(checkpoint.code_book.sizes) - 1]
    inputs["clinical"]["channel_def"] = {str(place): name for place, name in enumerate(checkpoint.code_book.names)}
    metadata["eval_metrics"] = dict(metrics or {})
    return (json.dumps(metadata, indent=4, ensure_ascii=False) + "\n").encode()


def eval_metrics(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``eval_metrics`` of the shipped network.

    Args:
        result: docs/results/phantom_cpu.json, as ``make-model`` writes it.
    """
    return {"evaluated_on": EVALUATED_ON, **{name: result["systems"]["csfnet"][name] for name in METRICS}}
