"""References without a network: what a benchmark's networks have to beat, on the same splits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from csfnet_bundle.benchmark.fitting import EXTERNAL, TEST, VALIDATION
from csfnet_bundle.benchmark.splits import Split, without_reads_of
from csfnet_bundle.evaluation.metrics import probability_log_odds
from csfnet_bundle.evaluation.predictions import prediction_table
from csfnet_bundle.evaluation.threshold import choose_decision
from csfnet_bundle.pairs import FollowUpPair
from csfnet_bundle.phantom.oracle import SUBSETS
from csfnet_bundle.phantom.progress import progress_bar
from csfnet_bundle.phantom.simple_reference import (
    FEATURES,
    clinical_features,
    pair_features,
    simple_reference_scores,
)
from csfnet_bundle.phantom.truth import read_oracle
from csfnet_bundle.roi import RoiCache

Features = NDArray[np.float64]
DIAMETER = "diameter_mm"


@dataclass(frozen=True)
class Measured:
    """Pairs with what a segmentation by threshold measures in their ROIs.

    Attributes:
        pairs: the pairs.
        images: their measurements, (N, 14): those of t0, then those of t1.
    """

    pairs: tuple[FollowUpPair, ...]
    images: Features

    @classmethod
    def of(cls, pairs: Sequence[FollowUpPair], folder: Path, cache: RoiCache) -> Measured:
        """Measure every pair, with a progress bar."""
        rows = []
        with progress_bar("measuring nodules", len(pairs)) as advance:
            for pair in pairs:
                roi0, roi1 = cache.read(pair, folder).array
                rows.append(pair_features(roi0, roi1, cache.settings.spacing))
                advance(1)
        return cls(tuple(pairs), np.array(rows).reshape(len(rows), 2 * len(FEATURES)))

    def of_pairs(self, pairs: Sequence[FollowUpPair]) -> Measured:
        """Return the part that is these pairs, in their order."""
        place = {pair.name: number for number, pair in enumerate(self.pairs)}
        return Measured(tuple(pairs), self.images[[place[pair.name] for pair in pairs]])


def _volume_change(measured: Measured) -> Features:
    volume = FEATURES.index("log_volume")
    return measured.images[:, [len(FEATURES) + volume]] - measured.images[:, [volume]]


def _clinical(measured: Measured) -> Features:
    return clinical_features([pair.clinical for pair in measured.pairs])


def _clinical_without_reads(measured: Measured) -> Features:
    return clinical_features([without_reads_of(pair).clinical for pair in measured.pairs])


def _diameter(measured: Measured) -> Features:
    return np.array([[float(str(pair.strata[DIAMETER]))] for pair in measured.pairs])


def _segmented_volume(measured: Measured) -> Features:
    return measured.images[:, [len(FEATURES) + FEATURES.index("log_volume")]]


def _simple(measured: Measured) -> Features:
    return np.hstack([measured.images, _clinical(measured)])


def _simple_t1(measured: Measured) -> Features:
    return measured.images[:, len(FEATURES) :]


def references_for(pairs: Sequence[FollowUpPair]) -> dict[str, Callable[[Measured], Features]]:
    """Return the references that these pairs have the inputs of; each is a logistic regression on its features.

    Those of growth need a t0 in every pair; the diameter is the datalist's where every pair has it.
    """
    chosen: dict[str, Callable[[Measured], Features]] = {"clinical (logistic)": _clinical}
    if any(set(pair.clinical) != set(without_reads_of(pair).clinical) for pair in pairs):
        chosen["clinical without reads (logistic)"] = _clinical_without_reads
    if all(isinstance(pair.strata.get(DIAMETER), int | float) for pair in pairs):
        chosen["diameter (datalist)"] = _diameter
    chosen["volume (segmentation)"] = _segmented_volume
    chosen["simple reference, t1 image"] = _simple_t1
    if all(pair.t0 is not None for pair in pairs):
        chosen["volume change (segmentation)"] = _volume_change
        chosen["simple reference, all inputs"] = _simple
    return chosen


def reference_tables(
    features: Callable[[Measured], Features], split: Split, measured: Measured, external: Measured | None = None
) -> dict[str, pd.DataFrame]:
    """Fit a reference on a split's training pairs and predict the others, as a network's fit does."""
    training = measured.of_pairs(split.training)
    labels = np.array([pair.label for pair in training.pairs])

    def scores(part: Measured) -> Features:
        return simple_reference_scores(features(training), labels, features(part))

    parts = {VALIDATION: measured.of_pairs(split.validation), TEST: measured.of_pairs(split.test)}
    if external is not None:
        parts[EXTERNAL] = external
    return decided({name: (part.pairs, scores(part)) for name, part in parts.items()})


def oracle_tables(subset: str, split: Split, cohort: Path) -> dict[str, pd.DataFrame] | None:
    """Return the predictions of a phantom's oracle; None where the cohort has no truth."""
    parts = {}
    for name, pairs in ((VALIDATION, split.validation), (TEST, split.test)):
        scores = read_oracle(cohort, [pair.subject for pair in pairs], subset)
        if scores is None:
            return None
        parts[name] = (pairs, scores)
    return decided(parts)


def decided(parts: Mapping[str, tuple[Sequence[FollowUpPair], Features]]) -> dict[str, pd.DataFrame]:
    """Return predictions tables from probabilities, temperature and threshold chosen on validation."""
    pairs, scores = parts[VALIDATION]
    decision = choose_decision(probability_log_odds(scores), np.array([pair.label for pair in pairs]))
    return {
        name: prediction_table(
            [pair.subject for pair in pairs],
            [pair.nodule for pair in pairs],
            probability_log_odds(scores),
            [pair.label for pair in pairs],
            temperature=decision.temperature,
            threshold=decision.threshold,
        )
        for name, (pairs, scores) in parts.items()
    }


ORACLES = {f"oracle: {subset}": subset for subset in SUBSETS}
"""Rows of a phantom: the best that any classifier can reach with these inputs."""
