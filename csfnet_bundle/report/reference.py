"""What stands beside the network in a cohort's report: the oracle, a simple model, another system."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.bootstrap import RESAMPLES, SEED, percentile_interval
from csfnet_bundle.evaluation.metrics import plain_number
from csfnet_bundle.evaluation.paired import resampled_areas
from csfnet_bundle.evaluation.predictions import ranking_scores
from csfnet_bundle.evaluation.weighted import area_under_curve
from csfnet_bundle.report.numbers import UNDEFINED, interval, metric


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval over patients; NaN says undefined, a value alone may have no interval."""

    value: float
    lower: float
    upper: float

    def __str__(self) -> str:
        if not np.isfinite(self.value):
            return UNDEFINED
        known = np.isfinite([self.lower, self.upper]).all()
        return f"{metric(self.value)} ({interval(self.lower, self.upper)})" if known else metric(self.value)


@dataclass(frozen=True)
class Reference:
    """The AUC of something else on the same pairs.

    Attributes:
        name: what it is, in words: ``"oracle, all inputs"``.
        auc: its area under the ROC curve.
        ahead: its area less the network's, paired over the same resamples; positive where the reference is ahead.
    """

    name: str
    auc: Interval
    ahead: Interval

    def to_plain(self) -> dict[str, dict[str, float | None]]:
        """Return plain values for JSON, null for what is undefined."""
        return {
            name: {end: plain_number(value) for end, value in asdict(interval).items()}
            for name, interval in (("auc", self.auc), ("ahead_of_network", self.ahead))
        }

    @classmethod
    def from_scores(
        cls,
        name: str,
        scores: NDArray[np.floating],
        predictions: pd.DataFrame,
        *,
        seed: int = SEED,
        resamples: int = RESAMPLES,
    ) -> Reference:
        """Compare scores with the network's, pair by pair.

        Args:
            name: what gave the scores.
            scores: higher speaks for malignant, (N,), in the order of the table's rows.
            predictions: the network's labelled predictions table.
            seed: of the bootstrap.
            resamples: of patients.

        Raises:
            BundleError: not one score for each row.
        """
        if len(scores) != len(predictions):
            raise BundleError(f"{len(scores)} scores for {len(predictions)} pairs", record=f"reference {name!r}")
        labels = predictions["label"].to_numpy(np.int64)
        both = np.stack([np.asarray(scores, np.float64), ranking_scores(predictions)])
        exact = [_area(line, labels) for line in both]
        areas = resampled_areas(both, labels, predictions["subject"].tolist(), seed=seed, resamples=resamples)
        return cls(
            name,
            Interval(exact[0], *percentile_interval(areas[0])),
            Interval(exact[0] - exact[1], *percentile_interval(areas[0] - areas[1])),
        )


def _area(scores: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    return float(area_under_curve(scores, labels, np.ones((1, len(labels))))[0])
