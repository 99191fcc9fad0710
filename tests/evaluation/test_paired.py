import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.delong import area_difference
from csfnet_bundle.evaluation.paired import align, holm, mcnemar_p, resampled_areas
from csfnet_bundle.evaluation.predictions import prediction_table

P_VALUES = st.lists(st.one_of(st.floats(0, 1), st.just(math.nan)), min_size=1, max_size=8)


def table(labels=(0, 1, 0)):
    return prediction_table(["b", "a", "a"], ["1", "2", "1"], [0.1, 0.2, 0.3], labels)


def test_rows_come_into_one_order():
    aligned = align({"one": table(), "two": table().sample(frac=1, random_state=3)})
    assert aligned["one"].equals(aligned["two"])
    assert aligned["one"]["nodule"].tolist() == ["1", "2", "1"]


def test_other_pairs_or_labels_are_refused_by_name():
    with pytest.raises(BundleError, match="pair b/1 is in one and not in two"):
        align({"one": table(), "two": table().iloc[1:]})
    with pytest.raises(BundleError, match="pair b/1 is in two and not in one"):
        align({"one": table().iloc[1:], "two": table()})
    with pytest.raises(BundleError, match="pair a/2 has label 1 in one and 0 in two"):
        align({"one": table(), "two": table((0, 0, 0))})
    with pytest.raises(BundleError, match="no system"):
        align({})


def test_resampled_difference_agrees_with_delong_on_many_patients():
    generator = np.random.default_rng(2)
    labels = generator.integers(0, 2, 600)
    shared = labels + generator.normal(size=600)
    scores = np.stack([shared + 0.5 * generator.normal(size=600), shared + generator.normal(size=600)])
    areas = resampled_areas(scores, labels, [str(row) for row in range(600)], resamples=1500)
    low, high = np.quantile(areas[0] - areas[1], [0.025, 0.975])
    expected = area_difference(*scores, labels)
    assert (low, high) == pytest.approx((expected.lower, expected.upper), abs=0.004)


def test_mcnemar_is_the_binomial_law_of_the_disagreements():
    # Of 20 pairs 8 are right only in the first, 2 only in the second: 2 P(X <= 2), X ~ B(10, 1/2) = 2 x 56 / 1024.
    first = np.array([True] * 8 + [False] * 2 + [True] * 6 + [False] * 4)
    second = np.array([False] * 8 + [True] * 2 + [True] * 6 + [False] * 4)
    assert mcnemar_p(first, second) == pytest.approx(2 * 56 / 1024)
    assert mcnemar_p(first, second) == pytest.approx(2 * binom.cdf(2, 10, 0.5))
    assert mcnemar_p(second, first) == mcnemar_p(first, second)
    assert mcnemar_p(first, first) == 1


def test_holm_worked_example():
    # Of .01, .04, .03, .005: times 4, 3, 2, 1 in order of size, never falling.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(P_VALUES)
def test_holm_corrects_upwards_keeps_order_and_leaves_out_nan(p_values):
    corrected = holm(p_values)
    known = [(p, c) for p, c in zip(p_values, corrected, strict=True) if not math.isnan(p)]
    assert [math.isnan(p) for p in p_values] == [math.isnan(c) for c in corrected]
    assert all(p <= c <= 1 for p, c in known)
    assert [c for _, c in sorted(known)] == sorted(c for _, c in known)
    if known:
        smallest = min(p for p, _ in known)
        assert min(c for _, c in known) == pytest.approx(min(1, smallest * len(known)))
