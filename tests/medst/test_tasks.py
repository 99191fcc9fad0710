import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst.tasks import (
    best_threshold,
    binary_result,
    fitted_result,
    grouped_folds,
    probe_classification,
    temporal_image_classification,
    temporal_sentence_similarity,
    zero_shot_classification,
)

SCORES = st.lists(st.integers(-5, 5), min_size=4, max_size=12)


@given(SCORES, st.data())
def test_no_other_threshold_is_better(scores: list[int], data: st.DataObject) -> None:
    labels = np.array(
        [0, 1, *data.draw(st.lists(st.integers(0, 1), min_size=len(scores) - 2, max_size=len(scores) - 2))]
    )
    values = np.array(scores, dtype=float)
    decided = values >= np.arange(-6, 7, 0.5)[:, None]  # (cuts, rows)
    others = (decided[:, labels == 1].mean(axis=1) + 1 - decided[:, labels == 0].mean(axis=1)) / 2
    found = balanced_accuracy_score(labels, values >= best_threshold(values, labels))
    assert found == pytest.approx(others.max())


def test_no_patient_is_on_both_sides() -> None:
    patients = [str(number // 3) for number in range(60)]
    labels = [number % 2 for number in range(60)]
    seen = []
    for train, test in grouped_folds(labels, patients):
        assert not {patients[row] for row in train} & {patients[row] for row in test}
        seen += test.tolist()
    assert sorted(seen) == list(range(60))


def test_one_patient_of_a_class_is_too_few() -> None:
    with pytest.raises(BundleError, match="'1': 1"):
        list(grouped_folds([0, 0, 0, 1, 1], ["a", "b", "c", "d", "d"]))


def test_areas_come_from_scores_and_not_from_decisions() -> None:
    """The published code's area of decisions would be that of one point of the curve."""
    random = np.random.default_rng(0)
    labels = np.arange(200) % 2
    scores = random.normal(size=200) + labels
    result = binary_result(scores, labels.tolist(), [str(number) for number in range(200)])
    pairs = scores[labels == 1][:, None] > scores[labels == 0]
    assert result["auroc"] == pytest.approx(pairs.mean())
    assert result["balanced_accuracy"] < result["auroc"] - 0.02


def test_a_row_chooses_no_threshold_for_itself() -> None:
    """Scores without any meaning: thresholds that were chosen on the judged rows would look better than chance."""
    random = np.random.default_rng(0)
    found = []
    for _ in range(40):
        labels = (np.arange(30) % 2).tolist()
        result = binary_result(random.normal(size=30), labels, [str(number) for number in range(30)])
        found.append(result["balanced_accuracy"])
    assert np.mean(found) < 0.53


LEFT_OUT = ([1, 1, 0, 0], ["d", "a", "c", "d"])
"""Labels and patients of whom one fold has all rows of class 0: it has nothing to learn that class from."""


def test_too_few_patients_are_refused_and_give_no_nan() -> None:
    labels, patients = LEFT_OUT
    assert sum(len(test) for _, test in grouped_folds(labels, patients)) == 1
    with pytest.raises(BundleError, match="decide rows of one class alone"):
        binary_result(np.array([2.0, 3.0, 1.0, 0.0]), labels, patients)
    with pytest.raises(BundleError, match="no fold by patient has both classes among its rows"):
        fitted_result(LogisticRegression(), np.eye(4), labels, patients)


def test_rows_of_a_fold_that_is_left_out_are_counted_apart() -> None:
    """With two more patients there are rows to decide; those of the fold without class 0 are judged by areas alone."""
    labels, patients = [*LEFT_OUT[0], *LEFT_OUT[0]], [*LEFT_OUT[1], *(f"{name}2" for name in LEFT_OUT[1])]
    result = binary_result(np.array([2.0, 3.0, 1.0, 0.0] * 2), labels, patients)
    assert result["auroc"] == 1.0
    assert result["rows"] == 8
    assert result["rows_decided"] == sum(len(test) for _, test in grouped_folds(labels, patients))


ROWS = 120
PATIENTS = [str(number // 2) for number in range(ROWS)]
LABELS = [number % 2 for number in range(ROWS)]


def _noise(seed: int, width: int = 8) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(ROWS, width))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_temporal_images() -> None:
    before, after = _noise(0), _noise(1)
    changes = [("improving", "stable", "worsening")[number % 3] for number in range(ROWS)]
    blind = temporal_image_classification(before, after, changes, PATIENTS)
    assert blind["balanced_accuracy"] == pytest.approx(1 / 3, abs=0.13)
    seen = temporal_image_classification(before, before + np.array([number % 3 for number in range(ROWS)])[:, None],
                                         changes, PATIENTS)  # fmt: skip
    assert seen["balanced_accuracy"] > 0.95
    assert seen["chance_balanced_accuracy"] == pytest.approx(1 / 3)
    assert set(seen["recall"]) == set(changes)  # type: ignore[arg-type]


def test_a_rule_for_the_frequent_class_has_a_high_accuracy_alone() -> None:
    changes = ["worsening" if number % 10 else "stable" for number in range(ROWS)]
    result = temporal_image_classification(np.ones((ROWS, 2)), np.ones((ROWS, 2)), changes, PATIENTS)
    assert result["majority_accuracy"] == pytest.approx(0.9)
    assert result["balanced_accuracy"] == pytest.approx(0.5)


def test_temporal_sentences() -> None:
    first = _noise(0)
    second = np.where(np.array(LABELS)[:, None] == 1, first, _noise(1))
    assert temporal_sentence_similarity(first, second, LABELS, PATIENTS)["auroc"] > 0.99
    assert temporal_sentence_similarity(first, _noise(2), LABELS, PATIENTS)["auroc"] == pytest.approx(0.5, abs=0.15)


def test_zero_shot() -> None:
    positive, negative = _noise(5)[:2], _noise(6)[:3]
    direction = positive.mean(0) - negative.mean(0)
    images = _noise(0) + np.array(LABELS)[:, None] * direction * 3
    assert zero_shot_classification(images, positive, negative, LABELS, PATIENTS)["auroc"] > 0.95
    turned = zero_shot_classification(images, negative, positive, LABELS, PATIENTS)
    assert turned["auroc"] < 0.05, "which sentences are positive matters: nothing is fitted"


def test_probe() -> None:
    features = _noise(0, 20)
    assert probe_classification(features, LABELS, PATIENTS)["auroc"] == pytest.approx(0.5, abs=0.15)
    features[:, 3] += np.array(LABELS)
    assert probe_classification(features, LABELS, PATIENTS)["auroc"] > 0.9
