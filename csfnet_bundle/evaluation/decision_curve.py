"""Decision curve analysis: what a prediction is worth to somebody who would act from a given risk on."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from csfnet_bundle.evaluation.decision import Floats

THRESHOLDS: Floats = np.arange(1, 100) / 100
"""Risks from which on somebody would act, in steps of one hundredth; at 0 and 1 nothing is to be decided."""


def net_benefit(probability: Floats, labels: NDArray[np.integer], thresholds: Floats = THRESHOLDS) -> pd.DataFrame:
    """Compute the net benefit TP/N - FP/N t/(1 - t) at each threshold t (Vickers and Elkin 2006).

    Args:
        probability: calibrated, (N,).
        labels: 0 or 1, (N,).
        thresholds: each in (0, 1), (T,).

    Returns:
        A table (T rows): ``threshold``, ``model``, ``act_on_all`` and ``act_on_none`` (always 0), in true positives
        per pair.
    """
    malignant = np.asarray(labels) == 1
    odds = thresholds / (1 - thresholds)
    called = probability[None, :] >= thresholds[:, None]  # (T, N)
    true_positive = (called & malignant).mean(axis=1)
    false_positive = (called & ~malignant).mean(axis=1)
    return pd.DataFrame(
        {
            "threshold": thresholds,
            "model": true_positive - false_positive * odds,
            "act_on_all": malignant.mean() - (~malignant).mean() * odds,
            "act_on_none": np.zeros_like(thresholds),
        }
    )
