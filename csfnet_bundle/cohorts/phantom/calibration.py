"""How hard the phantom is: the simple reference, trivial features and the oracle on the same pairs, made in memory."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from csfnet_bundle.cohorts.phantom.oracle import SUBSETS, oracle_scores
from csfnet_bundle.cohorts.phantom.render import Region, render_pair
from csfnet_bundle.cohorts.phantom.subject import Subject
from csfnet_bundle.cohorts.phantom.tables import truth_table
from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.nodule.simple_reference import FEATURES, clinical_features, pair_features, simple_reference_scores

TRAINING_SIZES = (128, 256, 520)
VOLUME = FEATURES.index("log_volume")


def measure_phantom(
    training_sizes: Sequence[int] = TRAINING_SIZES,
    test: int = 600,
    seed: int = 7,
    *,
    workers: int | None = None,
    show_progress: bool = True,
) -> dict[str, object]:
    """Return AUCs on ``test`` pairs of the oracle, the simple reference, volume change, and trivial features.

    A smaller training size takes every disjoint part of the largest one and gives the mean.

    Args:
        training_sizes: numbers of training pairs, the largest last.
        test: test pairs.
        seed: of the phantom subjects.
        workers: processes; None takes one for each processor.
        show_progress: show progress on stderr.

    Returns:
        ``oracle`` and ``simple_reference`` (by training size) with an AUC for every subset of the inputs,
        ``volume_change_alone``, ``mean_and_maximum`` (logistic regression on the mean and the maximum of both ROIs),
        ``mean_and_maximum_clinical`` (and on the record), ``volume_correlation`` (measured against true ln volume, t1).
    """
    largest = training_sizes[-1]
    subjects = [Subject(seed, number) for number in range(largest + test)]
    images = _measure_images(subjects, workers, show_progress)
    truth = truth_table(subjects, [""] * len(subjects))
    clinical = clinical_features([subject.clinical for subject in subjects])
    label = truth["label"].to_numpy()
    first, second = images[:, : len(FEATURES)], images[:, len(FEATURES) : 2 * len(FEATURES)]
    trivial = images[:, 2 * len(FEATURES) :]
    inputs = {
        "t0": (first,),
        "t0+clinical": (first, clinical),
        "t1": (second,),
        "t1+clinical": (second, clinical),
        "t0+t1": (first, second),
        "all": (first, second, clinical),
    }

    def auc(parts: Sequence[NDArray[np.float64]], size: int) -> float:
        features = np.concatenate(parts, axis=1)
        pieces = [slice(start, start + size) for start in range(0, largest - size + 1, size)]
        scores = [simple_reference_scores(features[piece], label[piece], features[largest:]) for piece in pieces]
        return round(float(np.mean([roc_auc_score(label[largest:], score) for score in scores])), 4)

    change = second[:, VOLUME] - first[:, VOLUME]
    true_volume = 3 * np.log(truth["diameter_t1"])
    return {
        "training_sizes": list(training_sizes),
        "test_pairs": test,
        "seed": seed,
        "oracle": {subset: _oracle_auc(truth.iloc[largest:], subset) for subset in SUBSETS},
        "simple_reference": {
            str(size): {subset: auc(parts, size) for subset, parts in inputs.items()} for size in training_sizes
        },
        "volume_change_alone": round(float(roc_auc_score(label[largest:], change[largest:])), 4),
        "mean_and_maximum": auc([trivial], largest),
        "mean_and_maximum_clinical": auc([trivial, clinical], largest),
        "volume_correlation": round(float(np.corrcoef(second[:, VOLUME], true_volume)[0, 1]), 4),
    }


def _oracle_auc(truth: pd.DataFrame, subset: str) -> float:
    return round(float(roc_auc_score(truth["label"], oracle_scores(truth, subset))), 4)


def _measure_images(subjects: Sequence[Subject], workers: int | None, show_progress: bool) -> NDArray[np.float64]:
    """Return for each pair the reference's features of both scans, then mean and maximum of both ROIs."""
    workers = workers or len(os.sched_getaffinity(0))
    rows = []
    with progress_bar("Phantom pairs", len(subjects), show=show_progress) as advance, ExitStack() as stack:
        if workers == 1:
            measured: Iterable[NDArray[np.float64]] = map(_measure_pair, subjects)
        else:
            pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
            measured = stack.enter_context(pool).map(_measure_pair, subjects, chunksize=4)
        for row in measured:
            rows.append(row)
            advance(1)
    return np.array(rows)


def _measure_pair(subject: Subject) -> NDArray[np.float64]:
    first, second = (scan.roi().array for scan in render_pair(subject, Region.ROI))
    trivial = [first.mean(), first.max(), second.mean(), second.max()]
    return np.concatenate([pair_features(first, second), trivial])
