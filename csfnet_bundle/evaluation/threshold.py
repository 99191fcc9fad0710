"""The decision: temperature and threshold, both chosen on validation predictions and stored in the checkpoint."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.calibration import fit_temperature
from csfnet_bundle.evaluation.decision import Decision, Floats, probabilities

NO_THRESHOLD = 0.5
"""What is taken where the validation set cannot tell a threshold: one class only, or one probability only."""

TIE_TOLERANCE = 1e-12
"""Two values of Youden's index this close are one: each is a difference of two ratios of small integers."""


def choose_decision(logits: Floats, labels: NDArray[np.integer]) -> Decision:
    """Choose temperature, then threshold, on validation predictions.

    Args:
        logits: the difference logit_1 - logit_0, (N,).
        labels: 0 or 1, (N,).

    Raises:
        BundleError: no prediction, a logit that is not finite, or a label that is not 0 or 1.
    """
    logits, labels = np.asarray(logits, dtype=np.float64), np.asarray(labels)
    if logits.ndim != 1 or logits.shape != labels.shape or not logits.size:
        raise BundleError(
            f"logits of shape {logits.shape} and labels of shape {labels.shape}, expected (N,) twice",
            record="validation",
        )
    if not np.isfinite(logits).all():
        row = int(np.flatnonzero(~np.isfinite(logits))[0])
        raise BundleError(
            f"logit {row} is {logits[row]}, expected a finite number",
            record="validation",
            remedy="Training diverged: lower the learning rate, or choose an earlier epoch.",
        )
    if not np.isin(labels, (0, 1)).all():
        raise BundleError(f"labels are {np.unique(labels).tolist()}, expected 0 and 1", record="validation")
    labels = labels.astype(np.int64)
    temperature = fit_temperature(logits, labels)
    return Decision(temperature, youden_threshold(probabilities(logits, temperature), labels))


def youden_threshold(values: Floats, labels: NDArray[np.integer]) -> float:
    """Find the threshold that maximises recall + specificity - 1 (Youden 1950).

    Candidates lie half way between neighbouring probabilities. Where several are equally good the lowest is taken: a
    cancer missed weighs more than a benign nodule followed up. With one class only, or one probability only,
    :data:`NO_THRESHOLD`.

    Args:
        values: probabilities, (N,).
        labels: 0 or 1, (N,).
    """
    distinct, place = np.unique(values, return_inverse=True)
    if np.unique(labels).size < 2 or distinct.size < 2:
        return NO_THRESHOLD
    malignant = np.bincount(place[labels == 1], minlength=distinct.size)
    benign = np.bincount(place[labels == 0], minlength=distinct.size)
    # Candidate k lies between distinct values k and k + 1: those up to k are called benign.
    index = np.cumsum(benign)[:-1] / benign.sum() - np.cumsum(malignant)[:-1] / malignant.sum()
    best = int(np.flatnonzero(index >= index.max() - TIE_TOLERANCE)[0])
    middle = (distinct[best] + distinct[best + 1]) / 2
    # Between neighbouring floats there is no middle; the upper one still parts them, since `>=` decides.
    return float(middle if middle > distinct[best] else distinct[best + 1])


def apply_decision(predictions: pd.DataFrame, decision: Decision) -> pd.DataFrame:
    """Return the table with ``probability`` calibrated from ``logit``, ``temperature`` and ``threshold``."""
    return predictions.assign(
        probability=probabilities(predictions["logit"].to_numpy(np.float64), decision.temperature),
        temperature=float(decision.temperature),
        threshold=float(decision.threshold),
    )
