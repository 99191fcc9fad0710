"""The metrics of one system on one set of pairs, each with its interval over patients."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.bootstrap import RESAMPLES, SEED, PatientResamples, percentile_interval
from csfnet_bundle.evaluation.calibration import calibration_intercept, calibration_slope
from csfnet_bundle.evaluation.decision import Decision, Floats
from csfnet_bundle.evaluation.delong import area_interval
from csfnet_bundle.evaluation.predictions import calibrated_logits, check_predictions, ranking_scores
from csfnet_bundle.evaluation.threshold import apply_decision
from csfnet_bundle.evaluation.weighted import (
    CALIBRATION_BINS,
    area_under_curve,
    brier_score,
    calibration_error,
    threshold_metrics,
)

METRICS = (
    "auc",
    "accuracy",
    "precision",
    "recall",
    "specificity",
    "f1",
    "brier_score",
    "calibration_error",
)
"""Metrics with an interval, in the order in which tables print them."""


@dataclass(frozen=True)
class Estimate:
    """A metric and its 95 % percentile interval over patients; NaN says undefined.

    Where no resample differs (an AUC of 1, equal scores) there is no interval: one without width would look like
    certainty. For the area see also :attr:`Metrics.auc_delong`. The calibration error of a resample is biased upwards,
    so its interval may lie above the estimate.

    Attributes:
        value: on the pairs as they are.
        lower: lower end of the interval.
        upper: upper end of the interval.
        resamples: how many resamples defined it; an interval from few of them says little.
    """

    value: float
    lower: float
    upper: float
    resamples: int

    def to_plain(self) -> dict[str, float | int | None]:
        """Return plain values for JSON, None (null) for what is undefined."""
        return {
            "value": plain_number(self.value),
            "lower": plain_number(self.lower),
            "upper": plain_number(self.upper),
            "resamples": self.resamples,
        }

    def __str__(self) -> str:
        if math.isnan(self.value):
            return "undefined"
        interval = "" if math.isnan(self.lower) else f" ({self.lower:.3f}-{self.upper:.3f})"
        return f"{self.value:.3f}{interval}"


@dataclass(frozen=True)
class Metrics:
    """What the predictions of one system are worth.

    Attributes:
        estimates: by the names of :data:`METRICS`.
        auc_delong: the area's interval by DeLong, on the logit scale; for few patients it is the better of the two.
        calibration_slope: 1 is calibrated; NaN where undefined.
        calibration_intercept: calibration in the large, 0 is calibrated; NaN where undefined.
        confusion: numbers of true_positive, false_positive, false_negative and true_negative pairs.
        pairs: rows judged.
        patients: patients among them.
        malignant: malignant rows.
        seed: of the bootstrap.
        resamples: drawn in all.
        one_class_resamples: of them with one class only, in which no metric is taken.
    """

    estimates: Mapping[str, Estimate]
    auc_delong: tuple[float, float]
    calibration_slope: float
    calibration_intercept: float
    confusion: Mapping[str, int]
    pairs: int
    patients: int
    malignant: int
    seed: int
    resamples: int
    one_class_resamples: int

    def __getitem__(self, name: str) -> Estimate:
        return self.estimates[name]

    def to_plain(self) -> dict[str, object]:
        """Return plain values for JSON, null for what is undefined."""
        return {
            "metrics": {name: estimate.to_plain() for name, estimate in self.estimates.items()},
            "auc_delong": {"lower": plain_number(self.auc_delong[0]), "upper": plain_number(self.auc_delong[1])},
            "calibration_slope": plain_number(self.calibration_slope),
            "calibration_intercept": plain_number(self.calibration_intercept),
            "calibration_bins": CALIBRATION_BINS,
            "confusion": dict(self.confusion),
            "pairs": self.pairs,
            "patients": self.patients,
            "malignant": self.malignant,
            "bootstrap": {
                "unit": "patient",
                "stratified": False,
                "interval": "percentile, 95 %",
                "seed": self.seed,
                "resamples": self.resamples,
                "one_class_resamples": self.one_class_resamples,
            },
        }


def evaluate(
    predictions: pd.DataFrame, decision: Decision | None = None, *, seed: int = SEED, resamples: int = RESAMPLES
) -> Metrics:
    """Judge predictions.

    Args:
        predictions: a labelled predictions table.
        decision: temperature and threshold chosen on validation; None takes the columns ``probability`` and
            ``threshold`` as they are (pooled folds have one threshold each).
        seed: of the bootstrap.
        resamples: how many resamples of patients.

    Raises:
        BundleError: the table is refused, or there is neither a decision nor a column ``threshold``.
    """
    predictions = check_predictions(predictions, "predictions")
    if decision is not None:
        predictions = apply_decision(predictions, decision)
    elif "threshold" not in predictions.columns:
        raise BundleError(
            "there is neither a decision nor a column threshold",
            record="predictions",
            remedy="Choose the decision on validation predictions with choose_decision.",
        )
    labels = predictions["label"].to_numpy(np.int64)
    probability = predictions["probability"].to_numpy(np.float64)
    ranks = ranking_scores(predictions)
    called = probability >= predictions["threshold"].to_numpy(np.float64)
    subjects = predictions["subject"].tolist()
    draws = PatientResamples.of(subjects, resamples, seed)

    values = {
        name: float(value[0]) for name, value in _all(ranks, probability, called, labels, np.ones((1, len(labels))))
    }
    resampled = _resample(ranks, probability, called, labels, draws)
    undefined = np.isnan(resampled["auc"])
    estimates = {}
    for name in METRICS:
        low, high = percentile_interval(resampled[name])
        known = not math.isnan(values[name]) and draws.patients > 1
        estimates[name] = Estimate(
            values[name],
            low if known else math.nan,
            high if known else math.nan,
            int(np.isfinite(resampled[name]).sum()),
        )
    log_odds = calibrated_logits(predictions)
    malignant = labels == 1
    return Metrics(
        estimates=estimates,
        auc_delong=area_interval(ranks, labels, subjects)[1:],
        calibration_slope=calibration_slope(log_odds, labels),
        calibration_intercept=calibration_intercept(log_odds, labels),
        confusion={
            "true_positive": int((called & malignant).sum()),
            "false_positive": int((called & ~malignant).sum()),
            "false_negative": int((~called & malignant).sum()),
            "true_negative": int((~called & ~malignant).sum()),
        },
        pairs=len(labels),
        patients=draws.patients,
        malignant=int(malignant.sum()),
        seed=seed,
        resamples=resamples,
        one_class_resamples=int(undefined.sum()),
    )


def plain_number(value: float) -> float | None:
    """Return the number, or None (null in JSON) where it is undefined."""
    return float(value) if math.isfinite(value) else None


def _all(
    ranks: Floats, probability: Floats, called: NDArray[np.bool_], labels: NDArray[np.integer], weights: Floats
) -> list[tuple[str, Floats]]:
    return [
        ("auc", area_under_curve(ranks, labels, weights)),
        *threshold_metrics(called, labels, weights).items(),
        ("brier_score", brier_score(probability, labels, weights)),
        ("calibration_error", calibration_error(probability, labels, weights)),
    ]


def _resample(
    ranks: Floats, probability: Floats, called: NDArray[np.bool_], labels: NDArray[np.integer], draws: PatientResamples
) -> dict[str, Floats]:
    parts: dict[str, list[Floats]] = {name: [] for name in METRICS}
    for weights in draws.weights():
        chunk = dict(_all(ranks, probability, called, labels, weights))
        one_class = np.isnan(chunk["auc"])
        for name, values in chunk.items():
            parts[name].append(np.where(one_class, np.nan, values))
    return {name: np.concatenate(values) for name, values in parts.items()}
