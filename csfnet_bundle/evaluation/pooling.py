"""Predictions of folds put together, and predictions of seeds averaged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.decision import probabilities
from csfnet_bundle.evaluation.paired import align
from csfnet_bundle.evaluation.predictions import calibrated_logits, check_predictions


def pool_folds(folds: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put the test predictions of a cross-validation into one table, with a column ``fold`` (from 0).

    Probabilities and thresholds stay those of their fold, which chose them on its own validation set.

    Args:
        folds: a labelled predictions table each.

    Raises:
        BundleError: there is none, one is refused, or a patient is in two folds.
    """
    tables = [check_predictions(table, f"fold {number}") for number, table in enumerate(folds)]
    if not tables:
        raise BundleError("there is no fold to pool", remedy="Give the predictions of at least one fold.")
    pooled = pd.concat([table.assign(fold=number) for number, table in enumerate(tables)], ignore_index=True)
    spread = pooled.groupby("subject")["fold"].nunique()
    twice = spread[spread > 1]
    if len(twice):
        raise BundleError(
            f"patient {twice.index[0]} is in {int(twice.iloc[0])} folds",
            record="pooling",
            remedy="Split by patient: each belongs to one test fold.",
        )
    return pooled


def average_seeds(seeds: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Average the probabilities of networks that differ only in their seed, pair by pair.

    Args:
        seeds: a labelled predictions table each, of the same pairs.

    Returns:
        The first table's rows by subject and nodule, with ``probability`` the mean, ``logit`` its log odds (from the
        logits, so that probabilities that round to 1 do not tie), ``temperature`` 1, ``probability_spread`` the
        standard deviation between seeds (NaN for one), and without ``threshold``: the average has a distribution of its
        own, so its decision is chosen on averaged validation predictions.

    Raises:
        BundleError: there is none, one is refused, or they have other pairs or labels.
    """
    tables = list(align({f"seed {number}": table for number, table in enumerate(seeds)}).values())
    logits = np.stack([calibrated_logits(table) for table in tables])  # (S, N)
    # ln of the mean of sigmoid(x) less ln of the mean of sigmoid(-x); ln sigmoid(x) = -ln(1 + exp(-x)).
    mean = np.logaddexp.reduce(-np.logaddexp(0, -logits)) - np.logaddexp.reduce(-np.logaddexp(0, logits))  # (N,)
    values = probabilities(logits)
    spread = values.std(axis=0, ddof=1) if len(tables) > 1 else np.full_like(mean, np.nan)
    return (
        tables[0]
        .drop(columns="threshold", errors="ignore")
        .assign(probability=probabilities(mean), logit=mean, temperature=1.0, probability_spread=spread)
    )
