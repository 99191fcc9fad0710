import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.report.reference import Interval, Reference


@pytest.fixture
def predictions():
    random = np.random.default_rng(0)
    labels = np.arange(60) % 2
    return pd.DataFrame(
        {
            "subject": [str(n) for n in range(60)],
            "label": labels,
            "probability": np.clip(random.normal(0.4 + 0.2 * labels, 0.2), 0, 1),
        }
    )


def test_the_areas_are_those_of_scikit_learn(predictions):
    scores = np.random.default_rng(1).normal(predictions["label"], 0.8)
    reference = Reference.from_scores("simple model", scores, predictions, resamples=300)
    own = roc_auc_score(predictions["label"], predictions["probability"])
    other = roc_auc_score(predictions["label"], scores)
    assert reference.auc.value == pytest.approx(other)
    assert reference.ahead.value == pytest.approx(other - own)
    assert reference.auc.lower < other < reference.auc.upper
    assert reference.ahead.lower < other - own < reference.ahead.upper


def test_the_network_beside_itself_is_exactly_even(predictions):
    reference = Reference.from_scores("itself", predictions["probability"].to_numpy(), predictions, resamples=50)
    assert reference.ahead.value == 0
    assert np.isnan([reference.ahead.lower, reference.ahead.upper]).all()
    assert str(reference.ahead) == "0.000"


def test_scores_of_other_pairs_are_refused(predictions):
    with pytest.raises(BundleError, match="reference 'x': 3 scores for 60 pairs"):
        Reference.from_scores("x", np.zeros(3), predictions)


def test_intervals_in_words():
    assert str(Interval(-0.05, -0.1, 0.02)) == "−0.050 (−0.100 to 0.020)"
    assert str(Interval(float("nan"), 0, 1)) == "undefined"


def test_plain_values_have_null_for_what_is_undefined():
    nothing = float("nan")
    plain = Reference("oracle", Interval(0.9, 0.8, 0.95), Interval(nothing, nothing, nothing)).to_plain()
    assert plain["auc"] == {"value": 0.9, "lower": 0.8, "upper": 0.95}
    assert plain["ahead_of_network"] == {"value": None, "lower": None, "upper": None}
