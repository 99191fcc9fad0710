"""Variance and covariance of areas under ROC curves, and the test of their difference, without resampling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import norm, rankdata

from csfnet_bundle.evaluation.bootstrap import CONFIDENCE
from csfnet_bundle.evaluation.decision import Floats

ZERO_VARIANCE = 1e-15
"""Below it a variance is rounding: placements are ratios of integers, and their smallest variance is far above."""


@dataclass(frozen=True)
class AreaDifference:
    """The difference of two areas under ROC curves on the same pairs, first minus second.

    Attributes:
        difference: of the areas.
        lower: lower end of the 95 % interval.
        upper: upper end of the 95 % interval.
        p: two-sided p-value of no difference; NaN where there is no variance to test against.
    """

    difference: float
    lower: float
    upper: float
    p: float


def area_covariance(
    scores: Floats, labels: NDArray[np.integer], patients: Sequence[str] | None = None
) -> tuple[Floats, Floats]:
    """Compute the areas under K ROC curves on the same rows, and their covariance.

    Placements come from midranks (Sun and Xu 2014, IEEE Signal Processing Letters 21:1389, algorithm 2). Without
    ``patients`` the covariance is that of DeLong, DeLong and Clarke-Pearson (1988, Biometrics 44:837, eq. 5 and 6).
    With ``patients`` it is that of Obuchowski (1997, Biometrics 53:567), which allows for nodules of one patient being
    alike and equals DeLong's where every patient has one row.

    Args:
        scores: (K, N); higher speaks for malignant.
        labels: 0 or 1, (N,).
        patients: the patient of each row, (N,).

    Returns:
        Areas (K,) and covariance (K, K); NaN where a class has no row, and for the covariance fewer than two
        patients (rows) of a class.
    """
    scores = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    systems = len(scores)
    malignant = np.asarray(labels) == 1
    positives, negatives = int(malignant.sum()), int((~malignant).sum())
    undefined = np.full((systems, systems), np.nan)
    if not positives or not negatives:
        return np.full(systems, np.nan), undefined
    together = rankdata(scores, axis=1)
    # Share of the other class that a row is on the right side of: malignant above benign, benign below malignant.
    above = (together[:, malignant] - rankdata(scores[:, malignant], axis=1)) / negatives  # (K, positives)
    below = 1 - (together[:, ~malignant] - rankdata(scores[:, ~malignant], axis=1)) / positives  # (K, negatives)
    areas = above.mean(axis=1)

    names = np.arange(malignant.size) if patients is None else np.asarray(patients, dtype=str)
    cluster = np.unique(names, return_inverse=True)[1]
    clusters = int(cluster.max()) + 1
    positive_sum = _cluster_sums(above - areas[:, None], cluster[malignant], clusters)  # (K, clusters)
    negative_sum = _cluster_sums(below - areas[:, None], cluster[~malignant], clusters)
    with_positive = np.unique(cluster[malignant]).size
    with_negative = np.unique(cluster[~malignant]).size
    if with_positive < 2 or with_negative < 2:
        return areas, undefined
    cross = positive_sum @ negative_sum.T / (positives * negatives) * clusters / (clusters - 1)
    covariance = (
        positive_sum @ positive_sum.T * with_positive / (with_positive - 1) / positives**2
        + negative_sum @ negative_sum.T * with_negative / (with_negative - 1) / negatives**2
        + cross
        + cross.T
    )
    return areas, covariance


def area_interval(
    scores: Floats, labels: NDArray[np.integer], patients: Sequence[str] | None = None
) -> tuple[float, float, float]:
    """Return the area under one ROC curve and its 95 % interval, computed on the logit scale.

    logit(area) +- z standard error / (area (1 - area)), turned back (Qin and Hotilovac 2008, Statistical Methods in
    Medical Research 17:207, compare it with others). The plain Wald interval of many programs holds the true area in
    88 % instead of 95 % of samples of 64 at an area of .95, and can pass 1; tests/evaluation/test_delong.py simulates
    this one.

    Args:
        scores: (N,).
        labels: 0 or 1, (N,).
        patients: see :func:`area_covariance`.

    Returns:
        Area, lower and upper end; the ends are NaN where the area is undefined, where its variance is estimated as
        zero (an area of 0 or 1, equal scores), which says nothing, or a class has fewer than two patients.
    """
    areas, covariance = area_covariance(scores, labels, patients)
    area, variance = float(areas[0]), float(covariance[0, 0])
    half = _half_width(variance)
    if math.isnan(half) or variance <= ZERO_VARIANCE or not 0 < area < 1:
        return area, math.nan, math.nan
    middle, width = logit(area), half / (area * (1 - area))
    return area, float(expit(middle - width)), float(expit(middle + width))


def area_difference(
    first: Floats, second: Floats, labels: NDArray[np.integer], patients: Sequence[str] | None = None
) -> AreaDifference:
    """Test whether two scores of the same rows have the same area under the ROC curve.

    Args:
        first: (N,).
        second: (N,).
        labels: 0 or 1, (N,).
        patients: see :func:`area_covariance`.

    Returns:
        The difference first - second. Where it has no variance there is no interval; two equal areas have p = 1, and
        unequal ones none.
    """
    areas, covariance = area_covariance(np.stack([first, second]), labels, patients)
    difference = float(areas[0] - areas[1])
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    half = _half_width(variance)
    if math.isnan(half):
        return AreaDifference(difference, math.nan, math.nan, math.nan)
    if variance <= ZERO_VARIANCE:
        equal = abs(difference) <= math.sqrt(ZERO_VARIANCE)
        return AreaDifference(difference, math.nan, math.nan, 1.0 if equal else math.nan)
    p = float(2 * norm.sf(abs(difference) / math.sqrt(variance)))
    return AreaDifference(difference, difference - half, difference + half, p)


def _half_width(variance: float) -> float:
    return (
        float(norm.ppf((1 + CONFIDENCE) / 2)) * math.sqrt(max(variance, 0.0)) if math.isfinite(variance) else math.nan
    )


def _cluster_sums(values: Floats, cluster: NDArray[np.intp], clusters: int) -> Floats:
    return np.stack([np.bincount(cluster, weights=line, minlength=clusters) for line in values])
