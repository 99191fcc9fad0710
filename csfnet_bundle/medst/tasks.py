"""The four evaluations of Med-ST: on embeddings alone, so that CT and radiographs are judged alike.

Folds are by patient, and the thresholds of decisions come from the other folds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from csfnet_bundle.core.errors import BundleError

FOLDS = 5
SEED = 0
"""Of the folds; the same for all networks, so that they are compared on the same ones."""

Array = NDArray[np.float64]
Result = dict[str, object]


def grouped_folds(labels: Sequence[object], patients: Sequence[str]) -> Iterator[tuple[NDArray[np.intp], ...]]:
    """Yield rows of training and of test: no patient is in both, classes are spread evenly.

    There are five folds, or as many as the rarest class has patients. A fold that leaves a class without training
    rows is left out.

    Raises:
        BundleError: there is one class alone, or one of one patient; or no fold is left.
    """
    classes = np.asarray(labels)
    groups = np.asarray(patients)
    counts = {str(name): len(set(groups[classes == name])) for name in np.unique(classes)}
    rarest = min(counts, key=lambda name: counts[name])
    if len(counts) < 2 or counts[rarest] < 2:
        raise BundleError(
            f"classes and their patients are {counts}; folds by patient need two classes with two patients each"
        )
    split = StratifiedGroupKFold(min(FOLDS, counts[rarest]), shuffle=True, random_state=SEED)
    usable = 0
    for train, test in split.split(classes, classes, groups):
        if len(test) and set(classes[train]) == set(classes):
            usable += 1
            yield train, test
    if not usable:
        raise BundleError(f"classes and their patients are {counts}; no fold by patient has all classes beside it")


def binary_result(scores: Array, labels: Sequence[int], patients: Sequence[str]) -> Result:
    """Judge scores that were not fitted on these rows; only the threshold is chosen, on the other folds.

    Args:
        scores: higher for class 1, (N,).
        labels: 0 or 1, (N,).
        patients: whose each row is, (N,).

    Returns:
        ``auroc`` from the scores of all ``rows``; ``balanced_accuracy``, ``accuracy`` and ``f1`` of the decisions,
        on ``rows_decided`` of them.
    """
    truth = np.asarray(labels, dtype=int)
    decisions = np.full(len(truth), -1)
    for train, test in grouped_folds(labels, patients):
        decisions[test] = scores[test] >= best_threshold(scores[train], truth[train])
    return {"auroc": float(roc_auc_score(truth, scores)), **_decided(truth, decisions), "rows": len(truth)}


def fitted_result(model: BaseEstimator, features: Array, labels: Sequence[int], patients: Sequence[str]) -> Result:
    """Fit a model with ``decision_function`` on each fold's training rows, and judge its scores of the test rows.

    The threshold of a fold is chosen on the scores of its training rows; areas are means over folds, since the scores
    of two models have no common scale.

    Raises:
        BundleError: see :func:`grouped_folds`; or no fold has both classes, so that there is no area.
    """
    truth = np.asarray(labels, dtype=int)
    decisions, areas = np.full(len(truth), -1), []
    for train, test in grouped_folds(labels, patients):
        fitted = clone(model).fit(features[train], truth[train])
        scores = fitted.decision_function(features[test])
        decisions[test] = scores >= best_threshold(fitted.decision_function(features[train]), truth[train])
        if len(set(truth[test])) == 2:
            areas.append(float(roc_auc_score(truth[test], scores)))
    if not areas:
        raise BundleError("no fold by patient has both classes among its rows; the task needs more patients")
    return {"auroc": float(np.mean(areas)), **_decided(truth, decisions), "rows": len(truth)}


def class_result(model: BaseEstimator, features: Array, labels: Sequence[str], patients: Sequence[str]) -> Result:
    """Fit a classifier on each fold's training rows, and judge the classes that it names for the test rows."""
    truth = np.asarray(labels)
    named = np.full(len(truth), "", dtype=object)
    for train, test in grouped_folds(labels, patients):
        named[test] = clone(model).fit(features[train], truth[train]).predict(features[test])
    judged = named != ""
    truth, named = truth[judged], named[judged].astype(str)
    names, counts = np.unique(truth, return_counts=True)
    return {
        "balanced_accuracy": float(balanced_accuracy_score(truth, named)),
        "accuracy": float(accuracy_score(truth, named)),
        "chance_balanced_accuracy": 1 / len(names),
        "majority_accuracy": float(counts.max() / counts.sum()),
        "recall": {str(name): float((named[truth == name] == name).mean()) for name in names},
        "rows": len(labels),
        "rows_decided": len(truth),
    }


def best_threshold(scores: Array, labels: NDArray[np.integer]) -> float:
    """Return the threshold with the best balanced accuracy: half way between two neighbouring scores."""
    order = np.argsort(scores, kind="stable")
    values, truth = scores[order], labels[order]
    sensitivity = 1 - np.concatenate([[0], np.cumsum(truth == 1)]) / max((truth == 1).sum(), 1)
    specificity = np.concatenate([[0], np.cumsum(truth == 0)]) / max((truth == 0).sum(), 1)
    cuts = np.concatenate([[values[0] - 1], (values[1:] + values[:-1]) / 2, [values[-1] + 1]])
    # Between two equal scores there is no threshold.
    possible = np.concatenate([[True], values[1:] > values[:-1], [True]])
    return float(cuts[np.argmax(np.where(possible, sensitivity + specificity, -np.inf))])


def _decided(truth: NDArray[np.integer], decisions: NDArray[np.integer]) -> Result:
    judged = decisions >= 0
    truth, decisions = truth[judged], decisions[judged]
    if len(set(truth)) < 2:
        raise BundleError("the folds by patient decide rows of one class alone; the task needs more patients")
    return {
        "balanced_accuracy": float(balanced_accuracy_score(truth, decisions)),
        "accuracy": float(accuracy_score(truth, decisions)),
        "f1": float(f1_score(truth, decisions)),
        "rows_decided": len(truth),
    }


def temporal_image_classification(
    before: Array, after: Array, changes: Sequence[str], patients: Sequence[str]
) -> Result:
    """Judge by a linear support vector machine on both embeddings and their difference, in folds by patient.

    Args:
        before: embeddings of the earlier studies, (N, C).
        after: of the later ones, (N, C).
        changes: the classes, (N,).
        patients: whose each row is, (N,).

    Returns:
        ``balanced_accuracy`` (the mean of the classes' recalls), ``accuracy``, both levels of chance, ``recall``.

    Raises:
        BundleError: a class has fewer than two patients.
    """
    features = np.concatenate([before, after, after - before], axis=1)  # (N, 3 C)
    model = make_pipeline(StandardScaler(), SVC(kernel="linear", class_weight="balanced", C=0.1))
    return class_result(model, features, changes, patients)


def temporal_sentence_similarity(first: Array, second: Array, same: Sequence[int], patients: Sequence[str]) -> Result:
    """Judge by the cosine of the two embeddings: areas from the cosines, thresholds from the other folds.

    Args:
        first: embeddings of length 1 of the first sentences, (N, C).
        second: of the second ones, (N, C).
        same: 1 where both tell the same change, 0 where they contradict each other, (N,).
        patients: whose sentences they are, (N,).

    Raises:
        BundleError: a class has fewer than two patients.
    """
    return binary_result((first * second).sum(axis=1), same, patients)


def zero_shot_classification(
    images: Array, positive: Array, negative: Array, labels: Sequence[int], patients: Sequence[str]
) -> Result:
    """Judge by the difference of the mean cosines; nothing is fitted but the threshold, on the other folds.

    Args:
        images: embeddings of length 1, (N, C).
        positive: of the sentences of the finding, (P, C).
        negative: of the sentences of its absence, (Q, C).
        labels: 1 with the finding, (N,).
        patients: whose each image is, (N,).

    Raises:
        BundleError: a class has fewer than two patients.
    """
    scores = images @ positive.mean(axis=0) - images @ negative.mean(axis=0)
    return binary_result(scores, labels, patients)


INVERSE_REGULARISATION = 0.05
"""Few patients and many features: strong, and the same for all networks, so that nothing is chosen on test data."""
ITERATIONS = 2000


def probe_classification(features: Array, labels: Sequence[int], patients: Sequence[str]) -> Result:
    """Fit and judge in folds by patient.

    Args:
        features: embeddings, (N, C).
        labels: 0 or 1, (N,).
        patients: whose each row is, (N,).

    Raises:
        BundleError: a class has fewer than two patients.
    """
    regression = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=ITERATIONS, class_weight="balanced")
    return fitted_result(make_pipeline(StandardScaler(), regression), features, labels, patients)
