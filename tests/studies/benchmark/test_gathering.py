"""Seeds averaged, folds pooled, decisions from validation, worked by hand."""

import numpy as np
import pytest

from csfnet_bundle.evaluation.predictions import prediction_table
from csfnet_bundle.studies.benchmark.fitting import EXTERNAL, TEST, VALIDATION
from csfnet_bundle.studies.benchmark.gathering import area, gather


def table(prefix: str, logits: list[float], labels: list[int]):
    names = [f"{prefix}{number}" for number in range(len(logits))]
    return prediction_table(names, ["1"] * len(names), logits, labels, threshold=0.5)


LABELS = [0, 1, 0, 1]


def fit(fold: int, shift: float):
    rising = [-2.0 + shift, 1.0 + shift, -1.0, 2.0]
    return {
        VALIDATION: table(f"v{fold}", [-1.0, 0.5, -2.0, 3.0], LABELS),
        TEST: table(f"t{fold}", rising, LABELS),
        EXTERNAL: table("e", rising, LABELS),
    }


def test_folds_are_pooled_and_another_cohort_is_averaged():
    gathered = gather([[fit(0, 0.0), fit(0, 0.5)], [fit(1, 0.0), fit(1, 0.5)]])
    test, external = gathered.parts[TEST], gathered.parts[EXTERNAL]
    assert len(test) == 8
    assert len(external) == 4
    assert VALIDATION not in gathered.parts
    assert external["threshold"].nunique() == 1
    assert gathered.seed_areas == (1.0, 1.0)
    assert area(test) == 1.0


def test_the_threshold_moves_with_validation_not_with_test():
    other = fit(0, 0.0)
    worse = {**other, TEST: table("t0", [2.0, -1.0, 1.0, -2.0], LABELS)}
    one, two = (gather([[tables]]).parts[TEST]["threshold"] for tables in (other, worse))
    np.testing.assert_array_equal(one, two)
    shifted = {**other, VALIDATION: table("v0", [1.0, 2.5, 0.0, 5.0], LABELS)}
    assert gather([[shifted]]).parts[TEST]["threshold"].iloc[0] > one.iloc[0]


def test_one_patient_in_two_folds_is_refused():
    with pytest.raises(Exception, match="is in 2 folds"):
        gather([[fit(0, 0.0)], [fit(0, 0.5)]])
