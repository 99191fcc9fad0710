"""What ``configs/metadata.json`` says of the weights that lie in the bundle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from csfnet_bundle.prediction.checkpoint import ModelCheckpoint

METRICS = ("auc", "auc_delong_lower", "auc_delong_upper", "accuracy", "recall", "specificity", "brier_score", "pairs")
"""What is taken over from docs/results/phantom_cpu.json."""
EVALUATED_ON = "phantom test pairs, not patients"
WEIGHTS = "weights"
"""Key of what each file of weights in the bundle was trained on, beside what MONAI's schema names."""
MODEL, NODULES, MEASURE = "models/model.pt", "models/nodules/model.pt", "models/measure.ts"
"""The files of weights that come with the bundle."""


def metadata_of(content: str | bytes, checkpoint: ModelCheckpoint, metrics: Mapping[str, Any] | None = None) -> bytes:
    """Return metadata.json with the shapes that these weights want, their data and their metrics.

    Args:
        content: of metadata.json.
        checkpoint: the weights that lie in models/model.pt.
        metrics: of :func:`eval_metrics`; None says nothing, for weights whose evaluation is not at hand.
    """
    metadata = json.loads(content)
    inputs = metadata["network_data_format"]["inputs"]
    inputs["image"]["spatial_shape"] = list(checkpoint.roi.size)
    inputs["clinical"]["num_channels"] = len(checkpoint.code_book.names)
    inputs["clinical"]["value_range"] = [0, max(checkpoint.code_book.sizes) - 1]
    inputs["clinical"]["channel_def"] = {str(place): name for place, name in enumerate(checkpoint.code_book.names)}
    metadata["eval_metrics"] = dict(metrics or {})
    metadata.setdefault(WEIGHTS, {})[MODEL] = _told(checkpoint)
    return _written(metadata)


def metadata_with_nodules(content: str | bytes, checkpoint: ModelCheckpoint) -> bytes:
    """Return metadata.json with the data and the ROI of the weights that lie in models/nodules/model.pt."""
    metadata = json.loads(content)
    metadata.setdefault(WEIGHTS, {})[NODULES] = _told(checkpoint)
    return _written(metadata)


def _told(checkpoint: ModelCheckpoint) -> dict[str, Any]:
    return {"trained_on": checkpoint.trained_on, "roi": list(checkpoint.roi.size)}


def _written(metadata: Mapping[str, Any]) -> bytes:
    return (json.dumps(metadata, indent=4, ensure_ascii=False) + "\n").encode()


def eval_metrics(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``eval_metrics`` of the shipped network.

    Args:
        result: docs/results/phantom_cpu.json, as ``make-model`` writes it.
    """
    return {"evaluated_on": EVALUATED_ON, **{name: result["systems"]["csfnet"][name] for name in METRICS}}
