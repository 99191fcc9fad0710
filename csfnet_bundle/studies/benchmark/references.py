"""References without a network: what a benchmark's networks have to beat, on the same splits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from csfnet_bundle.cohorts.phantom.oracle import SUBSETS
from csfnet_bundle.cohorts.phantom.truth import read_oracle
from csfnet_bundle.evaluation.predictions import prediction_table, probability_log_odds
from csfnet_bundle.evaluation.threshold import choose_decision
from csfnet_bundle.nodule.brock import brock_log_odds, missing_inputs
from csfnet_bundle.nodule.measurements import Features, Measured, recorded_diameter
from csfnet_bundle.nodule.simple_reference import FEATURES, clinical_features, simple_reference_scores
from csfnet_bundle.records import FollowUpPair, without_reads_of
from csfnet_bundle.studies.benchmark.fitting import TEST, VALIDATION
from csfnet_bundle.studies.benchmark.splits import Split

BROCK = "Brock/PanCan (model 2b)"


def _volume_change(measured: Measured) -> Features:
    volume = FEATURES.index("log_volume")
    return measured.images[:, [len(FEATURES) + volume]] - measured.images[:, [volume]]


def _clinical(measured: Measured) -> Features:
    return clinical_features([pair.clinical for pair in measured.pairs])


def _clinical_without_reads(measured: Measured) -> Features:
    return clinical_features([without_reads_of(pair).clinical for pair in measured.pairs])


def _diameter(measured: Measured) -> Features:
    return np.array([[recorded_diameter(pair)] for pair in measured.pairs], np.float64)


def _size_and_density(measured: Measured) -> Features:
    return np.hstack([np.log(_diameter(measured)), measured.densities])


def _box(measured: Measured) -> Features:
    return np.log(measured.boxes)


def _brock(measured: Measured) -> Features:
    return np.array([[brock_log_odds(pair)] for pair in measured.pairs])


def _segmented_volume(measured: Measured) -> Features:
    return measured.images[:, [len(FEATURES) + FEATURES.index("log_volume")]]


def _simple(measured: Measured) -> Features:
    return np.hstack([measured.images, _clinical(measured)])


def _simple_t1(measured: Measured) -> Features:
    return measured.images[:, len(FEATURES) :]


def references_for(measured: Measured) -> dict[str, Callable[[Measured], Features]]:
    """Return the references that these pairs have the inputs of; each is a logistic regression on its features.

    Those of growth need a t0 in every pair, those of size the datalist's diameter of every nodule, the box volumes of
    different size that were cut out around their nodules. Brock's published log odds are the one feature of theirs, so
    that the regression only fits them to the cohort's prevalence.
    """
    pairs = measured.pairs
    chosen: dict[str, Callable[[Measured], Features]] = {}
    if any(pair.clinical for pair in pairs):
        chosen["clinical (logistic)"] = _clinical
    if any(set(pair.clinical) != set(without_reads_of(pair).clinical) for pair in pairs):
        chosen["clinical without reads (logistic)"] = _clinical_without_reads
    if np.isfinite(measured.boxes).all() and np.ptp(measured.boxes, axis=0).any():
        chosen["box alone (its three extents)"] = _box
    if all(recorded_diameter(pair) is not None for pair in pairs):
        chosen["diameter (datalist)"] = _diameter
        chosen["size and density (5 features)"] = _size_and_density
    chosen["volume (segmentation)"] = _segmented_volume
    chosen["simple reference, t1 image"] = _simple_t1
    if all(pair.t0 is not None for pair in pairs):
        chosen["volume change (segmentation)"] = _volume_change
        chosen["simple reference, all inputs"] = _simple
    if not missing_inputs(pairs):
        chosen[BROCK] = _brock
    return chosen


def left_out_references(pairs: Sequence[FollowUpPair]) -> dict[str, str]:
    """Return the published models that cannot be computed, with the inputs that not every pair has."""
    missing = missing_inputs(pairs)
    return {BROCK: f"the datalist has no {', '.join(missing)}"} if missing else {}


def reference_tables(
    features: Callable[[Measured], Features],
    split: Split,
    measured: Measured,
    others: Mapping[str, Measured] | None = None,
) -> dict[str, pd.DataFrame]:
    """Fit a reference on a split's training pairs and predict the others, as a network's fit does.

    Args:
        features: of the reference, see :func:`references_for`.
        split: of the cohort.
        measured: all pairs of the cohort.
        others: what else the split's regression predicts, by part: another cohort, the common test set.
    """
    training = measured.of_pairs(split.training)
    labels = np.array([pair.label for pair in training.pairs])

    def scores(part: Measured) -> Features:
        return simple_reference_scores(features(training), labels, features(part))

    parts = {VALIDATION: measured.of_pairs(split.validation), TEST: measured.of_pairs(split.test)} | dict(others or {})
    return decided({name: (part.pairs, scores(part)) for name, part in parts.items()})


def oracle_tables(subset: str, split: Split, cohort: Path) -> dict[str, pd.DataFrame] | None:
    """Return the predictions of a phantom's oracle; None where the cohort has no truth."""
    parts = {}
    for name, pairs in ((VALIDATION, split.validation), (TEST, split.test)):
        scores = read_oracle(cohort, [pair.subject for pair in pairs], subset)
        if scores is None:
            return None
        parts[name] = (pairs, probability_log_odds(scores))
    return decided(parts)


def decided(parts: Mapping[str, tuple[Sequence[FollowUpPair], Features]]) -> dict[str, pd.DataFrame]:
    """Return predictions tables from log odds, temperature and threshold chosen on validation."""
    pairs, scores = parts[VALIDATION]
    decision = choose_decision(scores, np.array([pair.label for pair in pairs]))
    return {
        name: prediction_table(
            [pair.subject for pair in pairs],
            [pair.nodule for pair in pairs],
            scores,
            [pair.label for pair in pairs],
            temperature=decision.temperature,
            threshold=decision.threshold,
        )
        for name, (pairs, scores) in parts.items()
    }


ORACLES = {f"oracle: {subset}": subset for subset in SUBSETS}
"""Rows of a phantom: the best that any classifier can reach with these inputs."""
