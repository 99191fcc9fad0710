"""What networks of folds are worth on real nodules: areas pooled and within folds, against the diameter and with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from csfnet_bundle.evaluation.delong import area_covariance, area_difference, area_interval
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.studies.real_nodules.targets import MALIGNANCY, stratum

Floats = NDArray[np.float64]

DIAMETER = "diameter"
CLEAR_BENIGN, CLEAR_MALIGNANT = 2, 4
"""A label is clear where the majority's malignancy rating agrees with it: up to the first for benign nodules, from the
second for malignant ones. A rating of 3 is the readers' "cannot tell"."""
BANDS_MM: Mapping[str, tuple[float, float]] = {
    "below 6 mm": (0, 6),
    "6 to 8 mm": (6, 8),
    "8 to 15 mm": (8, 15),
    "15 mm and more": (15, np.inf),
}
"""Of the diameter: the bounds of the Fleischner Society's and the British guideline."""
TEXTURES: Mapping[str, tuple[float, float]] = {
    "ground glass (texture 1-2)": (1, 2),
    "part-solid (texture 3-4)": (3, 4),
    "solid (texture 5)": (5, 5),
}


@dataclass(frozen=True)
class FoldScores:
    """What systems say of one fold's nodules.

    Attributes:
        validation: logits of the validation nodules by system, (V,) each.
        test: logits of the test nodules by system, (T,) each.
        validation_labels: (V,).
        pairs: the T test nodules.
    """

    validation: dict[str, Floats]
    test: dict[str, Floats]
    validation_labels: NDArray[np.int64]
    pairs: tuple[FollowUpPair, ...]

    def calibrated(self, system: str) -> tuple[Floats, Floats]:
        """Return a system's logits on validation and test, scale and offset fitted on validation.

        Folds differ in both, and pooling their logits as they are costs a network some .005 of its area.
        """
        slope, offset = fit_scale(self.validation[system], self.validation_labels)
        return slope * self.validation[system] + offset, slope * self.test[system] + offset

    def add_mean(self, name: str, systems: Sequence[str]) -> None:
        """Add the mean of the calibrated logits of several systems as another one."""
        parts = [self.calibrated(system) for system in systems]
        self.validation[name] = np.mean([validation for validation, _ in parts], axis=0)
        self.test[name] = np.mean([test for _, test in parts], axis=0)

    def add_sum(self, name: str, systems: Sequence[str]) -> None:
        """Add the sum of the calibrated logits of several systems: with equal weights, so that nothing is fitted."""
        parts = [self.calibrated(system) for system in systems]
        self.validation[name] = np.sum([validation for validation, _ in parts], axis=0)
        self.test[name] = np.sum([test for _, test in parts], axis=0)


def fit_scale(logits: Floats, labels: NDArray[np.integer]) -> tuple[float, float]:
    """Return slope and offset of the logistic regression of labels on logits (Platt 1999), (N,) both.

    The unit ridge keeps the slope finite where one threshold parts the classes; on some 80 nodules it is weak. A
    slope is never negative: a network that ranks the validation nodules the wrong way round stays as it is.
    """
    centre, spread = float(logits.mean()), max(float(logits.std()), 1e-6)
    model = LogisticRegression(C=1.0).fit(((logits - centre) / spread)[:, None], labels)
    slope = float(model.coef_[0, 0]) / spread
    if slope <= 0:
        return 1.0, 0.0
    return slope, float(model.intercept_[0]) - slope * centre


def judge(folds: Sequence[FoldScores], systems: Sequence[str], reference: str = DIAMETER) -> dict[str, dict[str, Any]]:
    """Judge systems on the test nodules of all folds.

    Returns:
        For each system ``auc`` (pooled) with ``lower`` and ``upper`` (patients as clusters), ``within_folds`` (mean of
        the folds' areas), ``difference`` to the reference with ``difference_lower`` and ``difference_upper``; ``clear``
        with the same on clear labels; ``size`` and ``texture`` with the area within each group.
    """
    pairs = [pair for fold in folds for pair in fold.pairs]
    labels = np.array([pair.label for pair in pairs], dtype=np.int64)
    patients = np.array([pair.subject for pair in pairs])
    fold_of = np.repeat(np.arange(len(folds)), [len(fold.pairs) for fold in folds])
    ratings = np.array([stratum(pair, MALIGNANCY) for pair in pairs])
    # The label may contradict the majority's rating: two readers of five above 3 are enough for it.
    clear = np.where(labels == 1, ratings >= CLEAR_MALIGNANT, ratings <= CLEAR_BENIGN)
    pooled = {name: np.concatenate([fold.calibrated(name)[1] for fold in folds]) for name in {*systems, reference}}

    rows: dict[str, dict[str, Any]] = {}
    for name in systems:
        row = _areas(pooled[name], pooled[reference], labels, patients, same=name == reference)
        areas = [_area(pooled[name][fold_of == fold], labels[fold_of == fold]) for fold in range(len(folds))]
        row["within_folds"] = round(float(np.mean(areas)), 4)
        row["clear"] = _areas(
            pooled[name][clear], pooled[reference][clear], labels[clear], patients[clear], same=name == reference
        )
        for group, bounds, value in (("size", BANDS_MM, "diameter_mm"), ("texture", TEXTURES, "texture")):
            values = np.array([stratum(pair, value) for pair in pairs])
            row[group] = _within(pooled[name], labels, values, bounds, half_open=group == "size")
        rows[name] = row
    return rows


def _areas(
    scores: Floats, reference: Floats, labels: NDArray[np.int64], patients: NDArray[np.str_], *, same: bool
) -> dict[str, Any]:
    area, lower, upper = area_interval(scores, labels, patients.tolist())
    row = {"auc": area, "lower": lower, "upper": upper}
    if not same:
        difference = area_difference(scores, reference, labels, patients.tolist())
        row |= {
            "difference": difference.difference,
            "difference_lower": difference.lower,
            "difference_upper": difference.upper,
        }
    return {
        "nodules": len(labels),
        "malignant": int(labels.sum()),
        # An area of 1 has no interval; NaN is no JSON.
        **{key: round(float(value), 4) if np.isfinite(value) else None for key, value in row.items()},
    }


def _within(
    scores: Floats,
    labels: NDArray[np.int64],
    values: Floats,
    groups: Mapping[str, tuple[float, float]],
    *,
    half_open: bool,
) -> dict[str, Any]:
    upper: Callable[[Floats, float], NDArray[np.bool_]] = np.less if half_open else np.less_equal
    rows = {}
    for name, (low, high) in groups.items():
        inside = (values >= low) & upper(values, high)
        if 0 < labels[inside].sum() < inside.sum():
            area = round(_area(scores[inside], labels[inside]), 4)
            rows[name] = {"nodules": int(inside.sum()), "malignant": int(labels[inside].sum()), "auc": area}
    return rows


def _area(scores: Floats, labels: NDArray[np.int64]) -> float:
    return float(area_covariance(scores, labels)[0][0])
