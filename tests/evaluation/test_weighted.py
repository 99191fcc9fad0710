import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import accuracy_score, brier_score_loss, f1_score, precision_score, recall_score, roc_auc_score

from csfnet_bundle.evaluation.weighted import area_under_curve, brier_score, calibration_error, threshold_metrics

SCORES = st.sampled_from([0.0, 0.05, 0.2, 0.4, 0.41, 0.7, 0.9, 1.0])
SAMPLE = st.integers(4, 40).flatmap(
    lambda size: st.tuples(
        arrays(np.float64, size, elements=SCORES),
        arrays(np.int64, size, elements=st.integers(0, 1)),
        arrays(np.float64, (3, size), elements=st.integers(0, 3).map(float)),
    )
)


@given(SAMPLE)
def test_weights_are_repeated_rows_in_scikit_learn(sample):
    scores, labels, weights = sample
    called = scores >= 0.41
    areas, briers = area_under_curve(scores, labels, weights), brier_score(scores, labels, weights)
    decided = threshold_metrics(called, labels, weights)
    for line, weight in enumerate(weights.astype(int)):
        truth, score, call = (np.repeat(values, weight) for values in (labels, scores, called))
        if np.unique(truth).size < 2:
            assert np.isnan(areas[line])
            continue
        assert areas[line] == pytest.approx(roc_auc_score(truth, score), abs=1e-12)
        assert briers[line] == pytest.approx(brier_score_loss(truth, score), abs=1e-12)
        for name, expected in {
            "accuracy": accuracy_score(truth, call),
            "precision": precision_score(truth, call, zero_division=np.nan),
            "recall": recall_score(truth, call),
            "specificity": recall_score(truth, call, pos_label=0),
            "f1": f1_score(truth, call),
        }.items():
            np.testing.assert_allclose(decided[name][line], expected, atol=1e-12, err_msg=name)


@given(SAMPLE)
def test_area_keeps_under_monotone_transforms_and_mirrors(sample):
    scores, labels, weights = sample
    area = area_under_curve(scores, labels, weights)
    np.testing.assert_allclose(area_under_curve(np.exp(3 * scores) - 7, labels, weights), area, atol=1e-12)
    np.testing.assert_allclose(area_under_curve(-scores, labels, weights), 1 - area, atol=1e-12)
    np.testing.assert_allclose(area_under_curve(scores, 1 - labels, weights), 1 - area, atol=1e-12)


def test_calibration_error_of_a_worked_example():
    # Two bins of two: |0 + 1 - .1 - .3| = .6 and |1 + 1 - .6 - .8| = .6, over four rows.
    probability, labels = np.array([0.8, 0.1, 0.6, 0.3]), np.array([1, 0, 1, 1])
    assert calibration_error(probability, labels, np.ones((1, 4)), bins=2) == pytest.approx([0.3])


@given(SAMPLE, st.randoms(use_true_random=False))
def test_calibration_error_does_not_depend_on_the_order_of_rows_and_is_bounded(sample, random):
    probability, labels, weights = sample
    order = list(range(len(labels)))
    random.shuffle(order)
    error = calibration_error(probability, labels, weights, bins=5)
    np.testing.assert_allclose(
        calibration_error(probability[order], labels[order], weights[:, order], bins=5), error, atol=1e-12
    )
    assert ((error >= 0) & (error <= 1) | (weights.sum(axis=1) == 0)).all()


def test_calibration_error_of_certain_and_right_is_zero_and_of_certain_and_wrong_is_one():
    labels = np.array([0, 1, 1, 0])
    assert calibration_error(labels.astype(float), labels, np.ones((1, 4))) == pytest.approx([0])
    assert calibration_error(1.0 - labels, labels, np.ones((1, 4))) == pytest.approx([1])


def test_what_has_no_denominator_is_nan():
    labels, nobody = np.array([0, 0, 1]), np.zeros(3, bool)
    decided = threshold_metrics(nobody, labels, np.ones((1, 3)))
    assert np.isnan(decided["precision"]).all()
    assert decided["recall"] == [0]
    assert decided["f1"] == [0]
    benign = threshold_metrics(nobody, np.zeros(3, int), np.ones((1, 3)))
    assert np.isnan([benign["recall"], benign["f1"], benign["precision"]]).all()
    assert benign["specificity"] == [1]
