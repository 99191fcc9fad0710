"""Metrics of weighted rows, for many weightings at once: weights of one give the metric, resamples its distribution."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.evaluation.decision import Floats

CALIBRATION_BINS = 10
"""Bins of equal mass of the calibration error; ten is what most papers use (Guo et al. 2017 took 15 of equal width)."""


def threshold_metrics(called: NDArray[np.bool_], labels: NDArray[np.integer], weights: Floats) -> dict[str, Floats]:
    """Compute the metrics of a decision.

    Args:
        called: whether each row is called malignant, (N,).
        labels: 0 or 1, (N,).
        weights: of the rows, one weighting a line, (R, N).

    Returns:
        accuracy, precision, recall, specificity and f1, each (R,), NaN where the denominator is zero.
    """
    malignant = labels == 1
    true_positive = weights @ (called & malignant).astype(np.float64)  # (R,)
    false_positive = weights @ (called & ~malignant).astype(np.float64)
    false_negative = weights @ (~called & malignant).astype(np.float64)
    true_negative = weights @ (~called & ~malignant).astype(np.float64)
    return {
        "accuracy": _ratio(true_positive + true_negative, weights.sum(axis=1)),
        "precision": _ratio(true_positive, true_positive + false_positive),
        "recall": _ratio(true_positive, true_positive + false_negative),
        "specificity": _ratio(true_negative, true_negative + false_positive),
        "f1": _ratio(2 * true_positive, 2 * true_positive + false_positive + false_negative),
    }


def area_under_curve(scores: Floats, labels: NDArray[np.integer], weights: Floats) -> Floats:
    """Compute the area under the ROC curve, P(score of a malignant > of a benign) + half P(equal) (Bamber 1975).

    Args:
        scores: (N,); only their order matters.
        labels: 0 or 1, (N,).
        weights: (R, N).

    Returns:
        The areas, (R,); NaN where a class has no weight.
    """
    malignant, benign, _ = _by_value(scores, labels, weights)  # (R, G)
    below = np.cumsum(benign, axis=1) - benign
    concordant = (malignant * (below + benign / 2)).sum(axis=1)
    return _ratio(concordant, malignant.sum(axis=1) * benign.sum(axis=1))


def brier_score(probability: Floats, labels: NDArray[np.integer], weights: Floats) -> Floats:
    """Compute the mean squared difference of probability and label (Brier 1950), (R,)."""
    return _ratio(weights @ np.square(probability - labels), weights.sum(axis=1))


def calibration_error(
    probability: Floats, labels: NDArray[np.integer], weights: Floats, bins: int = CALIBRATION_BINS
) -> Floats:
    """Compute the expected calibration error over bins of equal mass (Naeini et al. 2015; Nixon et al. 2019).

    Rows in order of probability are cut into ``bins`` of equal weight; the error is the mean over bins, by weight, of
    |share of malignant - mean probability|. Rows of the same probability stay in one bin.

    Args:
        probability: (N,).
        labels: 0 or 1, (N,).
        weights: (R, N).
        bins: how many.

    Returns:
        The errors, (R,), NaN where there is no weight.
    """
    malignant, benign, values = _by_value(probability, labels, weights)  # (R, G), (R, G), (G,)
    mass = malignant + benign
    place = mass_bins(mass, bins)  # (R, G)
    lines = len(weights)
    place += bins * np.arange(lines)[:, None]
    # In a bin, weight x |share - mean probability| = |malignant weight - sum of weight x probability|.
    gap = np.bincount(place.ravel(), weights=(malignant - mass * values).ravel(), minlength=lines * bins)
    return _ratio(np.abs(gap).reshape(lines, bins).sum(axis=1), mass.sum(axis=1))


def mass_bins(mass: Floats, bins: int) -> NDArray[np.intp]:
    """Number the bin of equal mass of each value by the mass below it: (R, G) weights in order of value -> (R, G)."""
    below = np.cumsum(mass, axis=1) - mass
    total = mass.sum(axis=1, keepdims=True)
    place = np.floor(np.divide(below * bins, total, out=np.zeros_like(below), where=total > 0)).astype(np.intp)
    return np.minimum(place, bins - 1)


def _by_value(scores: Floats, labels: NDArray[np.integer], weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Sum weights by class over rows of equal score: malignant (R, G), benign (R, G), and the scores ascending (G,)."""
    order = np.argsort(scores, kind="stable")
    values, starts = np.unique(scores[order], return_index=True)
    malignant = (labels[order] == 1).astype(np.float64)
    ordered = weights[:, order]
    return (
        np.add.reduceat(ordered * malignant, starts, axis=1),
        np.add.reduceat(ordered * (1 - malignant), starts, axis=1),
        values.astype(np.float64),
    )


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Divide, giving NaN (undefined) where the denominator is zero."""
    return np.divide(numerator, denominator, out=np.full_like(numerator, np.nan), where=denominator > 0)
