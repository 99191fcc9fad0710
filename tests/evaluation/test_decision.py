import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.decision import Decision, probabilities


def test_probability_is_the_softmax_of_the_two_logits():
    pairs = np.array([[0.3, 1.1], [2.0, -1.0], [0.0, 800.0]])
    shifted = pairs / 1.5 - (pairs / 1.5).max(axis=1, keepdims=True)
    softmax = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probabilities(pairs[:, 1] - pairs[:, 0], 1.5), softmax[:, 1], rtol=1e-12)


@given(st.floats(-1e4, 1e4), st.floats(0.05, 20))
def test_probability_never_overflows_and_is_the_sigmoid(logit, temperature):
    value = float(probabilities(logit, temperature))
    assert value == pytest.approx(float(expit(logit / temperature)), rel=1e-9, abs=1e-300)


def test_decision_goes_through_plain_values():
    decision = Decision(1.25, 0.37)
    assert Decision.from_plain(decision.to_plain()) == decision
    assert type(decision.to_plain()["temperature"]) is float


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"temperature": 1.0}, "threshold is None, expected a number"),
        ({"temperature": "1", "threshold": 0.5}, "temperature is '1'"),
        ({"temperature": -1.0, "threshold": 0.5}, "temperature -1.0"),
        ({"temperature": 1.0, "threshold": 1.5}, "threshold 1.5"),
        ({"temperature": float("nan"), "threshold": 0.5}, "temperature is nan"),
    ],
)
def test_wrong_plain_values_are_refused(values, words):
    with pytest.raises(BundleError, match=words):
        Decision.from_plain(values)
