"""The pairs that the network got most wrong."""

from __future__ import annotations

import pandas as pd

SHOWN_ERRORS = 6
"""Errors with pictures in a cohort's report: enough to see a pattern, few enough to be looked at."""


def worst_errors(predictions: pd.DataFrame, count: int = SHOWN_ERRORS) -> pd.DataFrame:
    """Return the pairs on the wrong side of the threshold, the one furthest from its label first.

    Args:
        predictions: a labelled predictions table with ``probability`` and ``threshold``.
        count: how many at most.

    Returns:
        Rows of ``predictions``, with ``distance`` = |probability - label|. Ties keep the table's order.
    """
    called = predictions["probability"] >= predictions["threshold"]
    wrong = predictions[called != (predictions["label"] == 1)]
    wrong = wrong.assign(distance=(wrong["probability"] - wrong["label"].astype(float)).abs())
    return wrong.sort_values("distance", ascending=False, kind="stable").head(count)
