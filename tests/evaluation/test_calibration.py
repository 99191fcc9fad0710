import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from csfnet_bundle.evaluation.calibration import (
    NO_TEMPERATURE,
    TEMPERATURE_BOUNDS,
    calibration_intercept,
    calibration_slope,
    fit_temperature,
)


def calibrated(size: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose labels are drawn with just their probabilities."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 2, size)
    return logits, (generator.random(size) < expit(logits)).astype(int)


@pytest.mark.parametrize("stretch", [0.3, 1.0, 4.0])
def test_temperature_undoes_a_stretch_of_calibrated_logits(stretch):
    logits, labels = calibrated(20_000)
    assert fit_temperature(stretch * logits, labels) == pytest.approx(stretch, rel=0.05)


@given(st.integers(0, 200), st.floats(0.3, 3))
def test_temperature_is_no_worse_than_any_other(seed, other):
    logits, labels = calibrated(60, seed)

    def loss(temperature: float) -> float:
        return float(np.logaddexp(0, np.where(labels == 1, -1, 1) * logits / temperature).mean())

    assert loss(fit_temperature(logits, labels)) <= loss(other) + 1e-9


def test_temperature_where_validation_tells_none():
    assert fit_temperature(np.array([-1.0, 2.0, 3.0]), np.array([1, 1, 1])) == NO_TEMPERATURE
    assert fit_temperature(np.array([-1.0, 2.0, 3.0]), np.array([0, 1, 1])) == NO_TEMPERATURE
    assert fit_temperature(np.array([1.0, -2.0, -3.0]), np.array([0, 1, 1])) == NO_TEMPERATURE  # the wrong way round
    # Predictions that run against the labels are best not believed at all: the upper bound.
    assert fit_temperature(np.array([3.0, 2.0, -3.0, -1.0, 2.5]), np.array([0, 0, 1, 1, 1])) == TEMPERATURE_BOUNDS[1]


def test_classes_that_another_threshold_than_zero_parts_have_a_temperature():
    # The loss is 2 ln(1 + exp(1/T)) + ln(1 + exp(-4/T)); with x = exp(1/T) its slope is zero at
    # 2 x / (1 + x) = 4 / (1 + x^4).
    logits, labels = np.array([1.0, 1.0, 4.0]), np.array([0, 0, 1])
    x = np.exp(1 / fit_temperature(logits, labels))
    assert 2 * x / (1 + x) == pytest.approx(4 / (1 + x**4), rel=1e-6)
    assert fit_temperature(logits, labels) > 1
    # Shifted so that 0 parts them, the same classes have no minimum.
    assert fit_temperature(logits - 2, labels) == NO_TEMPERATURE


def test_slope_and_intercept_of_calibrated_and_of_bent_predictions():
    logits, labels = calibrated(40_000)
    assert calibration_slope(logits, labels) == pytest.approx(1, abs=0.05)
    assert calibration_intercept(logits, labels) == pytest.approx(0, abs=0.05)
    assert calibration_slope(2 * logits, labels) == pytest.approx(0.5 * calibration_slope(logits, labels), rel=1e-6)
    assert calibration_intercept(logits + 0.7, labels) == pytest.approx(calibration_intercept(logits, labels) - 0.7)


def test_slope_solves_the_likelihood_equations():
    logits, labels = calibrated(50, 3)
    slope = calibration_slope(logits, labels)
    # At the maximum, residuals are uncorrelated with the logits for the intercept that centres them.
    intercept = calibration_intercept(slope * logits, labels)
    assert (labels - expit(intercept + slope * logits)) @ logits == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("logits", "labels"),
    [([1.0, 2.0], [1, 1]), ([1.0, 1.0, 1.0], [0, 1, 1]), ([1.0, 2.0, 3.0], [0, 1, 1]), ([1.0, 1.0, 3.0], [0, 1, 1])],
)
def test_slope_that_does_not_exist_is_nan(logits, labels):
    assert math.isnan(calibration_slope(np.array(logits), np.array(labels)))


def test_intercept_that_does_not_exist_is_nan():
    assert math.isnan(calibration_intercept(np.array([1.0, 2.0]), np.array([1, 1])))


def test_the_slope_of_nearly_equal_predictions_far_from_zero():
    """A network that has learnt next to nothing gives such logits; the fit must neither warn nor lose them."""
    random = np.random.default_rng(0)
    labels = np.arange(200) % 2
    logits = labels + random.normal(0, 1, 200)
    expected = calibration_slope(logits, labels)
    assert calibration_slope(5 + 1e-9 * logits, labels) == pytest.approx(1e9 * expected, rel=1e-3)


@pytest.mark.parametrize("logits", [[0, 1, 1, 0, 1, 2, 1, 0], [0, 0, 0, 1, 1, 1, 2, 1], [1, 2, 2, 1, 1, 1, 1, 1]])
def test_the_slope_of_few_predictions_with_ties_is_found_without_a_warning(logits):
    """Newton's line search gives up on these."""
    values, labels = np.array(logits, float), np.arange(8) % 2
    slope = calibration_slope(values, labels)
    intercept = calibration_intercept(slope * values, labels)
    assert (labels - expit(intercept + slope * values)) @ values == pytest.approx(0, abs=1e-5)
