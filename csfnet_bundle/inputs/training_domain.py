"""What weights were trained on: sizes of nodules, and what their ROIs look like; stored with the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.alarm import CHECK_INPUT
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs.roi_statistics import OF_ONE, STATISTICS, pair_statistics, scan_statistics

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

    The score is the Mahalanobis distance of statistics of ROIs from their mean over the training set. Weights that were
    trained on pairs have :data:`csfnet_bundle.inputs.roi_statistics.STATISTICS` of pairs. Weights that were trained on
    single scans have those of one scan, and judge each scan of a pair by itself: how much two scans of a nodule are
    alike, single scans do not tell.

    Attributes:
        diameters_mm: smallest and largest diameter of the training nodules, both scans; None where they are not known.
        center: means of the statistics over the training pairs or scans, (S,).
        precision: inverse covariance, (S, S).
        limit: scores above it are unlike the training set; at most 5 % of the validation pairs or scans lie above.
        training_pairs: how many pairs or scans the mean and the covariance are of.
        validation_pairs: how many the limit was chosen on.
        validation_flagged: how many of those lie above it.
        statistics: their names, of pairs or of one scan.
    """

    diameters_mm: tuple[float, float] | None
    center: NDArray[np.float64]
    precision: NDArray[np.float64]
    limit: float
    training_pairs: int
    validation_pairs: int
    validation_flagged: int
    statistics: tuple[str, ...] = STATISTICS

    def distances(self, rois: NDArray[np.float32], spacing: tuple[float, float, float]) -> dict[str, float]:
        """Return the distances of a pair's ROIs from the training set.

        Args:
            rois: HU, (2, D, H, W).
            spacing: mm along (D, H, W).

        Returns:
            One distance under the name ``""`` if pairs are judged. If each scan is judged by itself, one under ``t0``
            and one under ``t1``, or ``t1`` alone if it stands in both channels.
        """
        if self.statistics != OF_ONE:
            return {"": self._score(pair_statistics(rois, spacing))}
        scans = {"t1": rois[1]} if np.array_equal(*rois) else {"t0": rois[0], "t1": rois[1]}
        return {name: self._score(scan_statistics(roi, spacing)) for name, roi in scans.items()}

    def scores(self, statistics: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the distances (N,) of statistics (N, S)."""
        return _mahalanobis(statistics, self.center, self.precision)

    def _score(self, statistics: NDArray[np.float64]) -> float:
        return float(self.scores(statistics[None])[0])

    def unlike_findings(
        self, rois: NDArray[np.float32], spacing: tuple[float, float, float], *, phantoms: bool = False
    ) -> tuple[str, ...]:
        """Return what to say where a pair's ROIs are unlike the training set; nothing where they are like it.

        Args:
            rois: HU, (2, D, H, W).
            spacing: mm along (D, H, W).
            phantoms: whether the weights were trained on phantoms, which tells why a real scan is unlike them.
        """
        return tuple(
            self._unlike(name, distance) + (OF_PHANTOMS if phantoms else "")
            for name, distance in self.distances(rois, spacing).items()
            if distance > self.limit
        )

    def _unlike(self, name: str, distance: float) -> str:
        start, unlike, counted = (f"{name}: ", "ROI is", "scans") if name else ("", "ROIs are", "pairs")
        return (
            f"{start}{CHECK_INPUT}: the {unlike} unlike those that the weights were trained on (distance "
            f"{distance:.1f}; at most {self.limit:.1f} in {1 - FLAGGED_SHARE:.0%} of the validation {counted})."
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
            "statistics": list(self.statistics),
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
        if not isinstance(values, Mapping) or values.get("statistics") not in (list(STATISTICS), list(OF_ONE)):
            raise BundleError("its statistics are not those of this version", record=DOMAIN_KEY, remedy=remedy)
        try:
            diameters = values["diameters_mm"]
            domain = cls(
                None if diameters is None else (float(diameters[0]), float(diameters[1])),
                np.array(values["center"], dtype=np.float64),
                np.array(values["precision"], dtype=np.float64),
                float(values["limit"]),
                int(values["training_pairs"]),
                int(values["validation_pairs"]),
                int(values["validation_flagged"]),
                tuple(values["statistics"]),
            )
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise BundleError(f"cannot be read: {error}", record=DOMAIN_KEY, remedy=remedy) from None
        size = len(domain.statistics)
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
    if not len(validation):
        raise BundleError("no validation pair describes a training set", remedy="Give validation pairs.")
    center, precision = _mean_and_precision(training)
    return _with_limit(center, precision, _mahalanobis(validation, center, precision), diameters_mm, len(training))


def fit_scan_domain(
    scans: NDArray[np.float64],
    folds: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]],
    diameters_mm: Sequence[float],
) -> TrainingDomain:
    """Return the domain of single scans that were all trained on, its limit chosen out of fold.

    Mean and covariance are of all scans. The limit must not come from scans that gave them: every fold's validation
    scans get their distance from that fold's training scans, and the limit is the quantile over all folds.

    Args:
        scans: :data:`csfnet_bundle.inputs.roi_statistics.OF_ONE` of each, (N, 10).
        folds: rows of training and of validation scans.
        diameters_mm: of the nodules; empty where they are not known.

    Raises:
        BundleError: fewer scans than statistics in a fold, or no validation scan.
    """
    scores = [_mahalanobis(scans[judged], *_mean_and_precision(scans[fitted])) for fitted, judged in folds]
    return _with_limit(*_mean_and_precision(scans), np.concatenate(scores), diameters_mm, len(scans), OF_ONE)


def _mahalanobis(
    statistics: NDArray[np.float64], center: NDArray[np.float64], precision: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the Mahalanobis distances (N,) of statistics (N, S)."""
    away = statistics - center
    return np.asarray(np.sqrt(np.einsum("ns,st,nt->n", away, precision, away)))


def _mean_and_precision(training: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    from sklearn.covariance import LedoitWolf

    if len(training) <= training.shape[1]:
        raise BundleError(
            f"{len(training)} training pairs are too few to describe a training set",
            remedy=f"Give more than {training.shape[1]} training pairs.",
        )
    scale = np.maximum(training.std(axis=0), 1e-6)
    fitted = LedoitWolf().fit((training - training.mean(axis=0)) / scale)
    return training.mean(axis=0), np.asarray(fitted.precision_) / np.outer(scale, scale)


def _with_limit(
    center: NDArray[np.float64],
    precision: NDArray[np.float64],
    scores: NDArray[np.float64],
    diameters_mm: Sequence[float],
    training: int,
    statistics: tuple[str, ...] = STATISTICS,
) -> TrainingDomain:
    diameters = (float(min(diameters_mm)), float(max(diameters_mm))) if diameters_mm else None
    limit = float(np.quantile(scores, 1 - FLAGGED_SHARE, method="higher"))
    flagged = int((scores > limit).sum())
    return TrainingDomain(diameters, center, precision, limit, training, len(scores), flagged, statistics)


def _rounded(values: Sequence[float] | NDArray[np.float64]) -> list[float]:
    return [float(f"{value:.{DIGITS}g}") for value in values]
