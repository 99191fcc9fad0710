"""Which real nodules could be grown, and whether the drawn change tells anything else of those that could."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.studies.real_nodules.grown_change import rank_correlation
from csfnet_bundle.studies.real_nodules.grown_nodules import GrownNodules
from csfnet_bundle.studies.real_nodules.targets import stratum


def describe_choice(pairs: Sequence[FollowUpPair], grown: GrownNodules) -> dict[str, Any]:
    """Tell what sets apart the nodules without room to grow, and what the ratio goes along with in the others.

    Args:
        pairs: all records that were to be grown.
        grown: what came of them.

    Returns:
        ``left_out``: how many ``nodules`` had no room, how many of them are ``malignant`` by opinion, and their
        ``median_diameter_mm``, None where there is none; ``ratio_rank_correlation``: Spearman's, of the drawn ratio
        with ``diameter_mm`` and ``label`` over the nodules that were kept, NaN where either is the same for all.

    Raises:
        BundleError: a record without a diameter.
    """
    left_out = {pair.name: pair for pair in pairs}
    kept = [left_out.pop(name) for name in grown.names]
    labels = np.array([float(pair.label == 1) for pair in kept])
    return {
        "left_out": {
            "nodules": len(left_out),
            "malignant": sum(pair.label == 1 for pair in left_out.values()),
            "median_diameter_mm": float(np.median(_diameters(left_out.values()))) if left_out else None,
        },
        "ratio_rank_correlation": {
            "diameter_mm": rank_correlation(grown.log_ratio, np.array(_diameters(kept))),
            "label": rank_correlation(grown.log_ratio, labels),
        },
    }


def _diameters(pairs: Iterable[FollowUpPair]) -> list[float]:
    return [stratum(pair, "diameter_mm") for pair in pairs]
