"""Two systems on the same pairs: alignment, difference of areas over patients, McNemar's test, Holm's correction."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.bootstrap import RESAMPLES, SEED, PatientResamples
from csfnet_bundle.evaluation.decision import Floats
from csfnet_bundle.evaluation.predictions import check_predictions
from csfnet_bundle.evaluation.weighted import area_under_curve

KEY = ["subject", "nodule"]


def align(systems: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Check the tables of several systems and put their rows in one order, by subject and nodule.

    Raises:
        BundleError: a table is refused, or two systems do not have the same pairs with the same labels; the first
            pair that differs is named.
    """
    aligned = {
        name: check_predictions(table, name).sort_values(KEY, ignore_index=True) for name, table in systems.items()
    }
    if not aligned:
        raise BundleError("there is no system to compare", remedy="Give at least one predictions table.")
    first_name, first = next(iter(aligned.items()))
    keys = pd.MultiIndex.from_frame(first[KEY])
    for name, table in aligned.items():
        others = pd.MultiIndex.from_frame(table[KEY])
        odd = keys.symmetric_difference(others)
        if len(odd):
            holder, other = (first_name, name) if odd[0] in keys else (name, first_name)
            raise BundleError(
                f"pair {'/'.join(map(str, odd[0]))} is in {holder} and not in {other}",
                record="comparison",
                remedy="A paired comparison needs the same pairs: evaluate both on one datalist.",
            )
        differ = np.flatnonzero(table["label"].to_numpy(int) != first["label"].to_numpy(int))
        if differ.size:
            row = int(differ[0])
            raise BundleError(
                f"pair {'/'.join(map(str, keys[row]))} has label {first['label'][row]} in {first_name} and "
                f"{table['label'][row]} in {name}",
                record="comparison",
                remedy="Evaluate both on one datalist.",
            )
    return aligned


def resampled_areas(
    scores: Floats,
    labels: NDArray[np.integer],
    subjects: Sequence[str],
    *,
    seed: int = SEED,
    resamples: int = RESAMPLES,
) -> Floats:
    """Compute the areas under K ROC curves in the same resamples of patients.

    Args:
        scores: (K, N).
        labels: 0 or 1, (N,).
        subjects: the patient of each row, (N,).
        seed: of the bootstrap.
        resamples: how many.

    Returns:
        Areas, (K, R); NaN in a resample with one class only. Differences of lines are paired differences.
    """
    draws = PatientResamples.of(subjects, resamples, seed)
    chunks = [np.stack([area_under_curve(line, labels, weights) for line in scores]) for weights in draws.weights()]
    return np.concatenate(chunks, axis=1)


def mcnemar_p(first_right: NDArray[np.bool_], second_right: NDArray[np.bool_]) -> float:
    """Test whether two decisions are right equally often (McNemar 1947), exactly, by the binomial law, two-sided.

    Only rows on which the two disagree count; with none p is 1. Rows are taken as independent, so several nodules of a
    patient make p too small: read it beside the difference's interval over patients.

    Args:
        first_right: whether the first decision is right, (N,).
        second_right: whether the second is, (N,).
    """
    first_only = int((first_right & ~second_right).sum())
    second_only = int((~first_right & second_right).sum())
    if first_only + second_only == 0:
        return 1.0
    return float(binomtest(first_only, first_only + second_only, 0.5).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for their number by Holm's step-down method (Holm 1979); NaN stays NaN and is not counted.

    Args:
        p_values: as tested.

    Returns:
        Corrected values in the same order; below .05 they hold together at that level.
    """
    tested = sorted((p, place) for place, p in enumerate(p_values) if not math.isnan(p))
    corrected = [math.nan] * len(p_values)
    largest = 0.0
    for rank, (p, place) in enumerate(tested):
        largest = max(largest, min(1.0, p * (len(tested) - rank)))
        corrected[place] = largest
    return corrected
