import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_curve

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.predictions import prediction_table
from csfnet_bundle.evaluation.threshold import NO_THRESHOLD, apply_decision, choose_decision, youden_threshold

ROWS = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.9, 1.0]), st.integers(0, 1)), min_size=4, max_size=40)


def youden(values: np.ndarray, labels: np.ndarray, threshold: float) -> float:
    called = values >= threshold
    return called[labels == 1].mean() - called[labels == 0].mean()


@given(ROWS)
def test_no_threshold_has_a_higher_youden_index(rows):
    values, labels = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    threshold = youden_threshold(values, labels)
    if np.unique(labels).size < 2 or np.unique(values).size < 2:
        assert threshold == NO_THRESHOLD
        return
    false_positive, true_positive, _ = roc_curve(labels, values)
    inner = (true_positive - false_positive)[1:-1]
    assert youden(values, labels, threshold) >= (inner.max() if inner.size else -1) - 1e-12


def test_of_equal_thresholds_the_lowest_is_taken():
    # Between .1 and .3 recall is 1 and specificity .5; between .5 and .9 the other way round.
    values, labels = np.array([0.1, 0.3, 0.5, 0.9]), np.array([0, 1, 0, 1])
    assert youden_threshold(values, labels) == pytest.approx(0.2)


def test_neighbouring_floats_are_still_parted():
    low = 0.5
    high = np.nextafter(low, 1)
    threshold = youden_threshold(np.array([low, high]), np.array([0, 1]))
    assert low < threshold <= high


def test_decision_is_chosen_on_calibrated_probabilities_and_applies_to_a_table():
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 2, 400)
    logits = 3 * (labels - 0.5 + generator.normal(size=400))
    decision = choose_decision(logits, labels)
    assert decision.temperature > 1.2  # three times too sure
    table = apply_decision(prediction_table(map(str, range(400)), ["1"] * 400, logits, labels), decision)
    assert youden(table["probability"].to_numpy(), labels, decision.threshold) > 0.3
    assert (table["threshold"] == decision.threshold).all()


@pytest.mark.parametrize(
    ("logits", "labels", "words"),
    [
        ([0.1, np.nan], [0, 1], "logit 1 is nan"),
        ([0.1, 0.2], [0, 2], r"labels are \[0, 2\]"),
        ([], [], "shape"),
        ([0.1], [0, 1], "shape"),
    ],
)
def test_validation_that_cannot_be_used_is_refused(logits, labels, words):
    with pytest.raises(BundleError, match=words):
        choose_decision(np.array(logits), np.array(labels))
