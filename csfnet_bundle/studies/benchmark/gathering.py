"""From the predictions of fits to one table a system: seeds averaged, folds pooled, decisions from validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from csfnet_bundle.evaluation.delong import area_covariance
from csfnet_bundle.evaluation.pooling import average_seeds, pool_folds
from csfnet_bundle.evaluation.predictions import ranking_scores
from csfnet_bundle.evaluation.threshold import apply_decision, choose_decision
from csfnet_bundle.studies.benchmark.common_test import COMMON, COMMON_PERMUTED
from csfnet_bundle.studies.benchmark.fitting import EXTERNAL, TEST, VALIDATION

FitTables = Mapping[str, pd.DataFrame]

OF_ALL_FOLDS = (EXTERNAL, COMMON, COMMON_PERMUTED)
"""Parts that every fold predicts; the others are the folds' own patients."""


@dataclass(frozen=True)
class SystemPredictions:
    """A system's out-of-fold predictions.

    Attributes:
        parts: by what was predicted: the test pairs, the same with changed inputs, another cohort.
        seed_areas: the area of each seed by itself, over all folds.
    """

    parts: Mapping[str, pd.DataFrame]
    seed_areas: tuple[float, ...]


def gather(fits: Sequence[Sequence[FitTables]]) -> SystemPredictions:
    """Put the fits of a system together.

    Within a fold the seeds' probabilities are averaged, and temperature and threshold of the average are chosen on the
    validation pairs, averaged likewise. Another cohort and the common test set are predicted by all folds: their
    probabilities are averaged, and so are their thresholds.

    Args:
        fits: for every fold, the predictions of each seed.
    """
    folds: list[dict[str, pd.DataFrame]] = []
    for seeds in fits:
        validation = average_seeds([tables[VALIDATION] for tables in seeds])
        decision = choose_decision(validation["logit"].to_numpy(np.float64), validation["label"].to_numpy(np.int64))
        folds.append(
            {
                part: apply_decision(average_seeds([tables[part] for tables in seeds]), decision)
                for part in seeds[0]
                if part != VALIDATION
            }
        )
    parts = {part: pool_folds([fold[part] for fold in folds]) for part in folds[0] if part not in OF_ALL_FOLDS}
    for part in folds[0].keys() & set(OF_ALL_FOLDS):
        threshold = float(np.mean([fold[part]["threshold"].iloc[0] for fold in folds]))
        parts[part] = average_seeds([fold[part] for fold in folds]).assign(threshold=threshold)
    areas = tuple(area(pool_folds([seeds[number][TEST] for seeds in fits])) for number in range(len(fits[0])))
    return SystemPredictions(parts, areas)


def area(table: pd.DataFrame) -> float:
    """Return the area under the ROC curve of a predictions table."""
    return float(area_covariance(ranking_scores(table), table["label"].to_numpy(np.int64))[0][0])
