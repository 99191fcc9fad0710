import numpy as np
import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.pooling import average_seeds, pool_folds
from csfnet_bundle.evaluation.predictions import prediction_table


def table(subjects, logits, threshold=0.5):
    return prediction_table(subjects, ["1"] * len(subjects), logits, [0, 1], threshold=threshold)


def test_folds_keep_their_thresholds():
    pooled = pool_folds([table("ab", [0.1, 0.2], 0.3), table("cd", [0.3, 0.4], 0.6)])
    assert pooled["subject"].tolist() == list("abcd")
    assert pooled["fold"].tolist() == [0, 0, 1, 1]
    assert pooled["threshold"].tolist() == [0.3, 0.3, 0.6, 0.6]


def test_patient_in_two_folds_is_refused():
    with pytest.raises(BundleError, match="patient b is in 2 folds"):
        pool_folds([table("ab", [0.1, 0.2]), table("cb", [0.3, 0.4])])
    with pytest.raises(BundleError, match="no fold"):
        pool_folds([])


def test_seeds_are_averaged_as_probabilities_pair_by_pair():
    first, second = table("ab", [0.0, 2.0]), table("ab", [1.0, -1.0]).iloc[::-1]
    mean = average_seeds([first, second])
    expected = (1 / (1 + np.exp([0.0, -2.0])) + 1 / (1 + np.exp([-1.0, 1.0]))) / 2
    np.testing.assert_allclose(mean["probability"], expected)
    np.testing.assert_allclose(1 / (1 + np.exp(-mean["logit"])), expected)
    assert mean["probability_spread"].iloc[0] == pytest.approx((1 / (1 + np.exp(-1)) - 0.5) / np.sqrt(2))
    assert "threshold" not in mean.columns


def test_an_average_of_certain_probabilities_still_ranks():
    # Of each mean, 1 - p is (e^-a + e^-b) / 2 to the last digit, though p itself rounds to 1.
    first, second = table("ab", [50.0, 60.0]), table("ab", [52.0, 61.0])
    mean = average_seeds([first, second])
    assert (mean["probability"] == 1).all()
    expected = -np.log((np.exp([-50.0, -60.0]) + np.exp([-52.0, -61.0])) / 2)
    np.testing.assert_allclose(mean["logit"], expected, rtol=1e-12)
    np.testing.assert_allclose(average_seeds([table("ab", [-50.0, -60.0])])["logit"], [-50, -60], rtol=1e-12)


def test_seeds_are_averaged_as_calibrated_each_by_its_own_temperature():
    first = prediction_table(["a"], ["1"], [4.0], [0], temperature=2.0)
    second = prediction_table(["a"], ["1"], [4.0], [0], temperature=8.0)
    mean = average_seeds([first, second])
    assert mean["probability"].iloc[0] == pytest.approx((1 / (1 + np.exp(-2)) + 1 / (1 + np.exp(-0.5))) / 2)
    assert mean["temperature"].iloc[0] == 1


def test_seeds_of_other_pairs_are_refused():
    with pytest.raises(BundleError, match="pair b/1 is in seed 0 and not in seed 1"):
        average_seeds([table("ab", [0.0, 2.0]), table("ac", [0.0, 2.0])])
