import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import chi2, norm

from csfnet_bundle.evaluation.delong import area_covariance, area_difference, area_interval

OVARIAN = """
3.0 5.8 10 0   3.2 6.3  5 1   3.9 6.8  3 1   2.8 4.8  6 0   3.2 5.8  3 1   0.9 4.0  5 0   2.5 5.7  8 0   1.6 5.6  5 1
3.8 5.7  5 1   3.7 6.7  6 1   3.2 5.4  4 1   3.8 6.6  6 1   4.1 6.6  5 1   3.6 5.7  5 1   4.3 7.0  4 1   3.6 6.7  4 0
2.3 4.4  6 1   4.2 7.6  4 0   4.0 6.6  6 0   3.5 5.8  6 1   3.8 6.8  7 1   3.0 4.7  8 0   4.5 7.4  5 1   3.7 7.4  5 1
3.1 6.6  6 1   4.1 8.2  6 1   4.3 7.0  5 1   4.3 6.5  4 1   3.2 5.1  5 1   2.6 4.7  6 1   3.3 6.8  6 0   1.7 4.0  7 0
3.7 6.1  5 1   3.3 6.3  7 1   4.2 7.7  6 1   3.5 6.2  5 1   2.9 5.7  9 0   2.1 4.8  7 1   2.8 6.2  8 0   4.0 7.0  7 1
3.3 5.7  6 1   3.7 6.9  5 1   3.6 6.6  5 1
"""
"""The ovarian cancer patients of DeLong, DeLong and Clarke-Pearson (1988): albumin, total protein, Krebs-Goplerud score
(high is bad), outcome; the 43 with all three tests, as the SAS/STAT User's Guide lists them (PROC LOGISTIC, Comparing
Receiver Operating Characteristic Curves)."""

SCORES = st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.7, 0.9])


@pytest.fixture(scope="module")
def ovarian() -> tuple[np.ndarray, np.ndarray]:
    """Scores (3, 43) of albumin, Krebs-Goplerud (10 - score) and total protein, and the outcome (43,)."""
    table = np.array(OVARIAN.split(), float).reshape(-1, 4)
    return np.stack([table[:, 0], 10 - table[:, 2], table[:, 1]]), table[:, 3].astype(int)


def direct_covariance(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Equations 4 to 6 of DeLong et al. term by term, over all pairs of a positive and a negative."""
    kernels = []
    for line in scores:
        positive, negative = line[labels == 1], line[labels == 0]
        kernels.append([[1.0 if x > y else 0.5 if x == y else 0.0 for y in negative] for x in positive])
    kernel = np.array(kernels)  # (K, positives, negatives)
    over_negatives, over_positives = kernel.mean(axis=2), kernel.mean(axis=1)
    covariance = np.cov(over_negatives) / kernel.shape[1] + np.cov(over_positives) / kernel.shape[2]
    return kernel.mean(axis=(1, 2)), covariance


PUBLISHED_AREAS = {
    "albumin": (0.7366, 0.0927, 0.5549, 0.9182),
    "Krebs-Goplerud": (0.7258, 0.1028, 0.5243, 0.9273),
    "total protein": (0.6478, 0.1000, 0.4518, 0.8439),
}
"""Area, standard error and 95 % Wald limits as the guide prints them for that example, ROC Association Statistics."""
PUBLISHED_CONTRASTS = {
    "albumin": (0.0108, 0.0953, -0.1761, 0.1976, 0.9102),
    "total protein": (-0.0780, 0.1046, -0.2830, 0.1271, 0.4561),
}
"""Difference to Krebs-Goplerud, standard error, 95 % limits and p, ROC Contrast Estimation and Testing Results."""
PUBLISHED_TEST = (2.5340, 0.2817)
"""Chi-square with 2 degrees of freedom that all three areas are equal, and its p, ROC Contrast Test Results."""
PRINTED = 5.1e-5
"""Half of the fourth digit. (The paper itself prints .72, .69 and .65 to two digits, of all 49 patients, six of whom
lack a test; their values were not published.)"""


def test_published_example(ovarian):
    scores, labels = ovarian
    names = list(PUBLISHED_AREAS)
    areas, covariance = area_covariance(scores, labels)
    errors = np.sqrt(np.diag(covariance))
    ends = norm.ppf(0.975) * errors
    found = np.stack([areas, errors, areas - ends, areas + ends], axis=1)
    np.testing.assert_allclose(found, list(PUBLISHED_AREAS.values()), atol=PRINTED)
    for name, (difference, error, lower, upper, p) in PUBLISHED_CONTRASTS.items():
        tested = area_difference(scores[names.index(name)], scores[1], labels)
        assert (tested.difference, tested.lower, tested.upper, tested.p) == pytest.approx(
            (difference, lower, upper, p), abs=PRINTED
        )
        assert (tested.upper - tested.lower) / (2 * norm.ppf(0.975)) == pytest.approx(error, abs=PRINTED)
    contrast = np.array([[1, -1, 0], [0, -1, 1]])
    statistic = (contrast @ areas) @ np.linalg.solve(contrast @ covariance @ contrast.T, contrast @ areas)
    assert (statistic, chi2.sf(statistic, 2)) == pytest.approx(PUBLISHED_TEST, abs=PRINTED)


@given(
    arrays(np.float64, (3, 25), elements=SCORES),
    arrays(np.int64, 25, elements=st.integers(0, 1)).filter(lambda labels: 2 <= labels.sum() <= 23),
)
def test_ranks_agree_with_the_direct_sum(scores, labels):
    areas, covariance = area_covariance(scores, labels)
    expected_areas, expected_covariance = direct_covariance(scores, labels)
    np.testing.assert_allclose(areas, expected_areas, atol=1e-12)
    np.testing.assert_allclose(covariance, expected_covariance, atol=1e-12)
    # A patient for each row is the same as no patients.
    np.testing.assert_allclose(
        area_covariance(scores, labels, [f"p{row}" for row in range(25)])[1], covariance, atol=1e-12
    )


def test_patients_widen_the_interval_where_their_nodules_are_alike():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 60)
    scores = labels + generator.normal(size=60)
    area, low, high = area_interval(scores, labels)
    # Every row three times: as if there were three times as many patients, unless their names are given.
    rows = np.repeat(np.arange(60), 3)
    naive = area_interval(scores[rows], labels[rows])
    clustered = area_interval(scores[rows], labels[rows], [f"{row:02d}" for row in rows])
    assert clustered == pytest.approx((area, low, high), abs=1e-12)
    assert naive[2] - naive[1] < 0.65 * (high - low)


def test_variance_is_that_of_simulated_areas_with_mixed_patients():
    # Two nodules a patient, one malignant and one benign of each second patient, sharing the patient's noise.
    generator = np.random.default_rng(5)
    patients = [f"{number:03d}" for number in np.repeat(np.arange(60), 2)]
    labels = np.tile([0, 1, 0, 0], 30)
    areas, variances = [], []
    for _ in range(400):
        scores = labels + np.repeat(generator.normal(size=60), 2) + generator.normal(size=120)
        area, covariance = area_covariance(scores, labels, patients)
        areas.append(area[0])
        variances.append(covariance[0, 0])
    assert np.mean(variances) == pytest.approx(np.var(areas), rel=0.2)


def test_interval_covers_a_high_area_of_few_patients():
    labels = np.repeat([0, 1], 32)
    gap = math.sqrt(2) * norm.ppf(0.95)  # of normal scores whose area is .95
    generator = np.random.default_rng(0)
    covered = 0
    for _ in range(1000):
        _, low, high = area_interval(gap * labels + generator.normal(size=64), labels)
        covered += low <= 0.95 <= high
    assert 925 <= covered <= 970  # 950 with a spread of 7


def test_difference_is_antisymmetric_and_its_interval_matches_p(ovarian):
    scores, labels = ovarian
    for first, second in itertools.permutations(range(3), 2):
        there, back = (area_difference(scores[a], scores[b], labels) for a, b in ((first, second), (second, first)))
        assert (there.difference, there.p) == pytest.approx((-back.difference, back.p))
        error = (there.upper - there.lower) / 2 / norm.ppf(0.975)
        assert 2 * norm.sf(abs(there.difference) / error) == pytest.approx(there.p)


def test_cases_without_variance_or_class():
    labels = np.array([0, 0, 1, 1])
    scores = np.array([0.1, 0.4, 0.2, 0.9])
    same = area_difference(scores, np.exp(scores), labels)
    assert (same.difference, same.p) == (0, 1)
    assert np.isnan([same.lower, same.upper]).all()
    area, low, high = area_interval(np.full(4, 0.3), labels)
    assert area == 0.5
    assert np.isnan([low, high]).all()
    # Perfect against perfectly wrong: no variance to test against, so no p-value is made up.
    assert math.isnan(area_difference(np.array([1, 2, 3, 4.0]), np.array([4, 3, 2, 1.0]), labels).p)
    area, low, high = area_interval(np.array([1, 2, 3, 4.0]), labels)
    assert area == 1
    assert np.isnan([low, high]).all()
    assert np.isnan(area_interval(scores, np.ones(4, int))).all()
    area, low, high = area_interval(scores, np.array([0, 0, 0, 1]))
    assert area == 1
    assert np.isnan([low, high]).all()
