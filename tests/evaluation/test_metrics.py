import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.decision import Decision
from csfnet_bundle.evaluation.metrics import METRICS, evaluate
from csfnet_bundle.evaluation.predictions import prediction_table

DECISION = Decision(temperature=1.3, threshold=0.45)


def cohort(patients: int, nodules: int = 1, seed: int = 0, gap: float = 1.5) -> pd.DataFrame:
    """Patients whose nodules are all malignant or all benign, with scores that are the patient's and the nodule's."""
    generator = np.random.default_rng(seed)
    labels = np.repeat(generator.integers(0, 2, patients), nodules)
    own = np.repeat(generator.normal(size=patients), nodules)
    logits = gap * labels - gap / 2 + (own + 0.3 * generator.normal(size=labels.size)) / math.hypot(1, 0.3)
    subjects = [f"{number:06d}" for number in np.repeat(np.arange(patients), nodules)]
    return prediction_table(subjects, [str(row) for row in range(labels.size)], logits, labels)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(10, 60))
def test_intervals_hold_their_estimate_and_order_does_not_matter(seed, patients):
    table = cohort(patients, seed=seed)
    judged = evaluate(table, DECISION, resamples=200)
    shuffled = evaluate(table.sample(frac=1, random_state=seed), DECISION, resamples=200)
    for name in METRICS:
        estimate = judged[name]
        np.testing.assert_allclose(
            [shuffled[name].value, shuffled[name].lower, shuffled[name].upper],
            [estimate.value, estimate.lower, estimate.upper],
            atol=1e-12,
        )
        # The calibration error of a resample is biased upwards, so its interval may lie above.
        if name != "calibration_error" and not math.isnan(estimate.lower):
            assert estimate.lower - 1e-12 <= estimate.value <= estimate.upper + 1e-12


def test_two_intervals_of_the_area_agree_on_many_patients():
    judged = evaluate(cohort(400, nodules=2), DECISION)
    assert judged.auc_delong == pytest.approx((judged["auc"].lower, judged["auc"].upper), abs=0.005)


def test_seed_decides():
    table = cohort(40)
    assert evaluate(table, DECISION, seed=3).to_plain() == evaluate(table, DECISION, seed=3).to_plain()
    assert evaluate(table, DECISION, seed=3)["auc"].lower != evaluate(table, DECISION, seed=4)["auc"].lower


def test_interval_over_patients_is_wider_than_over_rows_where_patients_repeat():
    table = cohort(60, nodules=5)
    clustered = evaluate(table, DECISION)["auc"]
    naive = evaluate(table.assign(subject=table["nodule"]), DECISION)["auc"]
    assert clustered.value == naive.value
    # Five nodules that are nearly one: the naive interval is nearly sqrt(5) too narrow.
    assert (clustered.upper - clustered.lower) / (naive.upper - naive.lower) == pytest.approx(math.sqrt(5), rel=0.25)


def test_interval_covers_the_true_area():
    # Normal scores 1.5 apart: the area is Phi(1.5 / sqrt(2)). 95 % of 200 give 190, with a spread of 3.
    truth = float(ndtr(1.5 / math.sqrt(2)))
    covered = 0
    for seed in range(200):
        area = evaluate(cohort(80, nodules=2, seed=seed), DECISION, resamples=300)["auc"]
        covered += area.lower <= truth <= area.upper
    assert 178 <= covered <= 199


def test_columns_decide_where_no_decision_is_given():
    table = cohort(50)
    given_threshold = table.assign(threshold=np.where(np.arange(50) < 25, 0.3, 0.7))
    judged = evaluate(given_threshold, resamples=50)
    called = table["probability"] >= given_threshold["threshold"]
    assert judged["accuracy"].value == (called == (table["label"] == 1)).mean()
    with pytest.raises(BundleError, match="neither a decision nor a column threshold"):
        evaluate(table)


def test_ranks_are_those_of_the_logits():
    # Beyond a logit of 37 all probabilities are 1: by them the area would be 9/16.
    table = prediction_table(list("abcdefgh"), ["1"] * 8, [40, 50, 60, 70, -9, -8, -7, -6], [0, 1, 0, 1, 0, 1, 0, 1])
    judged = evaluate(table, DECISION, resamples=50)
    assert judged["auc"].value == 10 / 16
    assert evaluate(table.drop(columns="temperature"), Decision(5.0, 0.5), resamples=50)["auc"].value == 10 / 16
    by_probability = table.drop(columns="temperature").assign(threshold=0.5)
    assert evaluate(by_probability, resamples=50)["auc"].value == 9 / 16


def test_the_slope_is_that_of_the_logits_where_probabilities_are_all_but_certain():
    generator = np.random.default_rng(1)
    logits = generator.normal(0, 15, 4000)
    labels = (generator.random(4000) < 1 / (1 + np.exp(-logits / 15))).astype(int)
    table = prediction_table([str(n) for n in range(4000)], ["1"] * 4000, logits, labels, threshold=0.5)
    assert evaluate(table, resamples=2).calibration_slope == pytest.approx(1 / 15, rel=0.1)


def test_scores_that_are_all_equal_have_no_interval():
    table = prediction_table(list("abcdef"), ["1"] * 6, [0.3] * 6, [0, 1, 0, 1, 0, 1], threshold=0.5)
    judged = evaluate(table, resamples=200)
    assert judged["auc"].value == 0.5
    assert math.isnan(judged["auc"].lower)
    assert math.isnan(judged["auc"].upper)
    assert all(math.isnan(end) for end in judged.auc_delong)
    assert str(judged["auc"]) == "0.500"


def test_one_class_gives_null_not_zero():
    table = prediction_table(["a", "b", "c"], ["1"] * 3, [-1.0, -2.0, -3.0], [0, 0, 0])
    judged = evaluate(table, DECISION, resamples=50)
    plain = json.loads(json.dumps(judged.to_plain(), allow_nan=False))
    assert plain["metrics"]["auc"] == {"value": None, "lower": None, "upper": None, "resamples": 0}
    assert plain["metrics"]["precision"]["value"] is None
    assert plain["auc_delong"] == {"lower": None, "upper": None}
    assert plain["metrics"]["specificity"]["value"] == 1
    assert plain["calibration_slope"] is None
    assert plain["bootstrap"]["one_class_resamples"] == 50


def test_resamples_of_one_class_are_counted():
    table = prediction_table(["a", "b", "c"], ["1"] * 3, [-1.0, 2.0, 3.0], [0, 1, 1])
    judged = evaluate(table, DECISION, resamples=2000)
    # Three draws of three patients miss the benign one with chance (2/3)^3 and are all of it with (1/3)^3.
    assert judged.one_class_resamples == pytest.approx(2000 * 9 / 27, rel=0.1)
    assert judged["auc"].resamples == 2000 - judged.one_class_resamples


def test_one_patient_has_no_interval():
    table = prediction_table(["a", "a"], ["1", "2"], [-1.0, 2.0], [0, 1])
    estimate = evaluate(table, DECISION, resamples=50)["auc"]
    assert estimate.value == 1
    assert math.isnan(estimate.lower)
    assert str(estimate) == "1.000"
