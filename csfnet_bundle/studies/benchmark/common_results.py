"""What a benchmark's fits say on the common test set: areas, differences, and what difference the set separates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from csfnet_bundle.evaluation.comparison import compare_systems
from csfnet_bundle.evaluation.pooling import average_seeds
from csfnet_bundle.studies.benchmark.common_test import COMMON, SEED, oracle_of_common_set
from csfnet_bundle.studies.benchmark.gathering import area
from csfnet_bundle.studies.benchmark.protocol import Protocol
from csfnet_bundle.studies.benchmark.running import Predictions

ORACLE = "oracle: all"


def judge_common_set(
    protocol: Protocol, predictions: Predictions, families: Mapping[str, str], resamples: int
) -> dict[str, Any]:
    """Compare the networks on the common test set.

    Args:
        protocol: the benchmark.
        predictions: its predictions.
        families: see :func:`csfnet_bundle.evaluation.comparison.compare_systems`.
        resamples: of subjects, in the bootstrap.

    Returns:
        ``pairs``, ``malignant``, ``seed`` of the set; ``systems``, rows of the comparison; ``seeds``, the area of each
        seed, averaged over folds; ``separates``, half the width of each difference's 95 % interval.
    """
    tables = {name: one.parts[COMMON] for name, one in predictions.systems.items() if COMMON in one.parts}
    areas = {name: _seed_areas(predictions, name) for name in tables}
    table = compare_systems(
        {**tables, ORACLE: oracle_of_common_set(protocol)},
        protocol.reference,
        families=families,
        seed_areas=areas,
        resamples=resamples,
    )
    rows: dict[str, dict[str, Any]] = json.loads(table.to_json(orient="index", double_precision=6))
    labels = tables[protocol.reference]["label"]
    return {
        "pairs": len(labels),
        "malignant": int(labels.sum()),
        "seed": SEED,
        "systems": rows,
        "seeds": areas,
        "separates": {
            name: round((row["difference_upper"] - row["difference_lower"]) / 2, 4)
            for name, row in rows.items()
            if row["difference_lower"] is not None
        },
    }


def _seed_areas(predictions: Predictions, system: str) -> tuple[float, ...]:
    """The area of each seed by itself, its folds' probabilities averaged."""
    fits = [(fit, parts) for fit, parts in predictions.fits.items() if fit.system == system and COMMON in parts]
    seeds = sorted({fit.seed for fit, _ in fits})
    return tuple(area(average_seeds([parts[COMMON] for fit, parts in fits if fit.seed == seed])) for seed in seeds)
