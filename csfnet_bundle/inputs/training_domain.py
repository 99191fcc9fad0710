"""What weights were trained on: sizes of nodules, and what their ROIs look like; stored with the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.alarm import CHECK_INPUT
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs.roi_statistics import STATISTICS, pair_statistics

DOMAIN_KEY = "trained_domain"
"""Key of model.json."""
FLAGGED_SHARE = 0.05
"""At most so many of the validation pairs may be called unlike the training set."""
OF_PHANTOMS = " These were computer-made phantoms: a real scan is expected to be unlike them."
DIGITS = 6
"""Significant digits of what is stored."""


@dataclass(frozen=True)
class TrainingDomain:
    """Sizes and looks of what weights were trained on.

    The score is the Mahalanobis distance of :data:`csfnet_bundle.inputs.roi_statistics.STATISTICS` from the training
    pairs' mean.

    Attributes:
        diameters_mm: smallest and largest diameter of the training nodules, both scans; None where they are not known.
        center: means of the statistics over the training pairs, (S,).
        precision: inverse covariance, (S, S).
        limit: scores above it are unlike the training set; at most 5 % of the validation pairs lie above.
        training_pairs: how many the mean and the covariance are of.
        validation_pairs: how many the limit was chosen on.
        validation_flagged: how many of those lie above it.
    """

    diameters_mm: tuple[float, float] | None
    center: NDArray[np.float64]
    precision: NDArray[np.float64]
    limit: float
    training_pairs: int
    validation_pairs: int
    validation_flagged: int

    def score(self, rois: NDArray[np.float32], spacing: tuple[float, float, float]) -> float:
        """Return the distance of a pair's ROIs (2, D, H, W), HU, from the training set."""
        return float(self.scores(pair_statistics(rois, spacing)[None])[0])

    def scores(self, statistics: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the distances (N,) of statistics (N, S)."""
        away = statistics - self.center
        return np.asarray(np.sqrt(np.einsum("ns,st,nt->n", away, self.precision, away)))

    def unlike_finding(
        self, rois: NDArray[np.float32], spacing: tuple[float, float, float], *, phantoms: bool = False
    ) -> str | None:
        """Return what to say where a pair's ROIs are unlike the training set; None where they are like it.

        Args:
            rois: HU, (2, D, H, W).
            spacing: mm along (D, H, W).
            phantoms: whether the weights were trained on phantoms, which tells why a real scan is unlike them.
        """
        score = self.score(rois, spacing)
        if score <= self.limit:
            return None
        return (
            f"{CHECK_INPUT}: the ROIs are unlike those that the weights were trained on (distance {score:.1f}; "
            f"at most {self.limit:.1f} in {1 - FLAGGED_SHARE:.0%} of the validation pairs)."
            f"{OF_PHANTOMS if phantoms else ''}"
        )

    def size_finding(self, name: str, diameter_mm: float) -> str | None:
        """Return what to say where a nodule's size lies outside of the training nodules'; None where it does not.

        Args:
            name: the scan.
            diameter_mm: as measured, of the sphere with the nodule's volume.
        """
        if self.diameters_mm is None or self.diameters_mm[0] <= diameter_mm <= self.diameters_mm[1]:
            return None
        low, high = self.diameters_mm
        return (
            f"{name}: {CHECK_INPUT}: the nodule measures {diameter_mm:.1f} mm; the weights were trained on nodules of "
            f"{low:.1f} to {high:.1f} mm."
        )

    def to_plain(self) -> dict[str, object]:
        """Return plain values, for model.json."""
        return {
            "diameters_mm": None if self.diameters_mm is None else list(self.diameters_mm),
            "statistics": list(STATISTICS),
            "center": _rounded(self.center),
            "precision": [_rounded(row) for row in self.precision],
            "limit": _rounded([self.limit])[0],
            "training_pairs": self.training_pairs,
            "validation_pairs": self.validation_pairs,
            "validation_flagged": self.validation_flagged,
        }

    @classmethod
    def from_plain(cls, values: object) -> TrainingDomain:
        """Return what :meth:`to_plain` made values of.

        Raises:
            BundleError: other values, or statistics of another version.
        """
        remedy = "Make it anew with `csfnet describe-model`."
        if not isinstance(values, Mapping) or values.get("statistics") != list(STATISTICS):
            raise BundleError("its statistics are not those of this version", record=DOMAIN_KEY, remedy=remedy)
        try:
            diameters = values["diameters_mm"]
            domain = cls(
                None if diameters is None else (float(diameters[0]), float(diameters[1])),
                np.array(values["center"], dtype=np.float64),
                np.array(values["precision"], dtype=np.float64),
                float(values["limit"]),
                *(int(values[name]) for name in ("training_pairs", "validation_pairs", "validation_flagged")),
            )
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise BundleError(f"cannot be read: {error}", record=DOMAIN_KEY, remedy=remedy) from None
        size = len(STATISTICS)
        if domain.center.shape != (size,) or domain.precision.shape != (size, size):
            raise BundleError(f"is not of {size} statistics", record=DOMAIN_KEY, remedy=remedy)
        return domain


def fit_domain(
    training: NDArray[np.float64],
    validation: NDArray[np.float64],
    diameters_mm: Sequence[float],
) -> TrainingDomain:
    """Return the domain of training pairs, its limit chosen on validation pairs.

    Args:
        training: statistics, (N, S).
        validation: statistics, (M, S).
        diameters_mm: of the training nodules in both scans; empty where they are not known.

    Raises:
        BundleError: fewer pairs than statistics, or no validation pair.
    """
    from sklearn.covariance import LedoitWolf

    if len(training) <= training.shape[1] or not len(validation):
        raise BundleError(
            f"{len(training)} training and {len(validation)} validation pairs are too few to describe a training set",
            remedy=f"Give more than {training.shape[1]} training pairs.",
        )
    scale = np.maximum(training.std(axis=0), 1e-6)
    fitted = LedoitWolf().fit((training - training.mean(axis=0)) / scale)
    precision = np.asarray(fitted.precision_) / np.outer(scale, scale)
    diameters = (float(min(diameters_mm)), float(max(diameters_mm))) if diameters_mm else None
    draft = TrainingDomain(diameters, training.mean(axis=0), precision, 0.0, len(training), len(validation), 0)
    scores = draft.scores(validation)
    limit = float(np.quantile(scores, 1 - FLAGGED_SHARE, method="higher"))
    flagged = int((scores > limit).sum())
    return TrainingDomain(diameters, draft.center, precision, limit, len(training), len(validation), flagged)


def _rounded(values: Sequence[float] | NDArray[np.float64]) -> list[float]:
    return [float(f"{value:.{DIGITS}g}") for value in values]
