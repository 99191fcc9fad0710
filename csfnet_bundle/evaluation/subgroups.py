"""Metrics within subgroups: size, attenuation, sex, smoking, scanner, kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

import numpy as np
import pandas as pd

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.bootstrap import RESAMPLES, SEED
from csfnet_bundle.evaluation.decision import Decision
from csfnet_bundle.evaluation.metrics import evaluate
from csfnet_bundle.evaluation.predictions import check_predictions

SIZE_EDGES: Mapping[str, tuple[float, ...]] = MappingProxyType({"diameter_mm": (6.0, 8.0, 15.0)})
"""Where a measured stratum is cut: 6, 8 and 15 mm are the limits of Lung-RADS for solid nodules."""

MISSING = "missing"

MAXIMUM_LEVELS = 12
"""More levels than this are a measurement or an identifier, and each would hold next to no patient."""


def metrics_by_subgroup(
    predictions: pd.DataFrame,
    strata: Sequence[str],
    decision: Decision | None = None,
    *,
    edges: Mapping[str, Sequence[float]] = SIZE_EDGES,
    metrics: Sequence[str] = ("auc", "recall", "specificity", "brier_score"),
    seed: int = SEED,
    resamples: int = RESAMPLES,
) -> pd.DataFrame:
    """Judge predictions within the levels of each stratum; what a level cannot define is NaN.

    Args:
        predictions: a labelled predictions table with a column for each stratum.
        strata: columns to split by, one after the other.
        decision: see :func:`csfnet_bundle.evaluation.metrics.evaluate`.
        edges: for a measured stratum, where it is cut; a level holds its lower edge.
        metrics: names of :data:`csfnet_bundle.evaluation.metrics.METRICS` to report.
        seed: of the bootstrap.
        resamples: how many.

    Returns:
        One row a level: ``stratum``, ``level``, ``pairs``, ``patients``, ``malignant``, and for each metric its value
        and ``_lower`` and ``_upper``.

    Raises:
        BundleError: a stratum is no column, or it has more than :data:`MAXIMUM_LEVELS` levels.
    """
    predictions = check_predictions(predictions, "predictions")
    rows: list[dict[str, object]] = []
    for stratum in strata:
        if stratum not in predictions.columns:
            raise BundleError(
                f"there is no column {stratum!r}",
                record="subgroups",
                remedy=f"Choose of {', '.join(map(str, predictions.columns))}.",
            )
        levels, order = _levels(predictions[stratum], edges.get(stratum))
        for level in order:
            part = predictions[levels == level]
            judged = evaluate(part, decision, seed=seed, resamples=resamples)
            row: dict[str, object] = {
                "stratum": stratum,
                "level": level,
                "pairs": judged.pairs,
                "patients": judged.patients,
                "malignant": judged.malignant,
            }
            for name in metrics:
                estimate = judged[name]
                row |= {name: estimate.value, f"{name}_lower": estimate.lower, f"{name}_upper": estimate.upper}
            rows.append(row)
    return pd.DataFrame(rows)


def _levels(column: pd.Series, edges: Sequence[float] | None) -> tuple[pd.Series, list[str]]:
    """Name the level of each row, and give the levels that occur in their order."""
    if edges is None:
        names = column.astype(object).where(column.notna(), MISSING).astype(str).replace("", MISSING)
        order = sorted(names.unique(), key=lambda name: (name == MISSING, name))
        if len(order) > MAXIMUM_LEVELS:
            raise BundleError(
                f"{column.name} has {len(order)} levels, at most {MAXIMUM_LEVELS} make subgroups",
                record="subgroups",
                remedy="Give edges to cut a measured stratum at.",
            )
        return names, order
    values = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    labels = [
        f"below {edges[0]:g}",
        *(f"{low:g} to {high:g}" for low, high in pairwise(edges)),
        f"{edges[-1]:g} and above",
        MISSING,
    ]
    place = np.where(np.isnan(values), len(labels) - 1, np.searchsorted(np.asarray(edges), values, side="right"))
    names = pd.Series([labels[int(index)] for index in place], index=column.index)
    return names, [labels[int(index)] for index in np.unique(place)]
