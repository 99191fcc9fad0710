"""Calibration: temperature scaling, Brier score, and the slope and intercept of logistic recalibration."""

from __future__ import annotations

import math
import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from csfnet_bundle.evaluation.decision import Floats

TEMPERATURE_BOUNDS = (0.05, 20.0)
"""Where the temperature is looked for: beyond a factor of 20 either way a fit says that the network failed, not that it
is uncalibrated, and probabilities would be all 0 or 1, or all one half."""

NO_TEMPERATURE = 1.0
"""What is taken where the validation set cannot tell a temperature: the logits as they are."""

INTERCEPT_MARGIN = 1.0
"""How far beyond the extreme logits the intercept is bracketed; any positive number would do."""

FIT_TOLERANCE = 1e-10
"""Fits reach it in a few steps; the defaults of the libraries leave errors in the fourth digit."""

MAXIMUM_ITERATIONS = 1000


def fit_temperature(logits: Floats, labels: NDArray[np.integer]) -> float:
    """Find the temperature that minimises the negative log-likelihood (Guo et al. 2017, On calibration, section 4.2).

    The search runs over ln T within :data:`TEMPERATURE_BOUNDS`; a minimum beyond gives the bound itself. With one class
    only, or where logit 0 parts the classes (the likelihood then has no minimum), the set says nothing about the
    temperature, and it stays at :data:`NO_TEMPERATURE`. Classes that another threshold parts have a minimum: some
    logits have the wrong sign.

    Args:
        logits: the difference logit_1 - logit_0 on the validation set, (N,).
        labels: 0 or 1, (N,).

    Returns:
        The temperature, a positive number.
    """
    logits, labels = np.asarray(logits, dtype=np.float64), np.asarray(labels, dtype=np.int64)
    signed = np.where(labels == 1, logits, -logits)
    if np.unique(labels).size < 2 or (signed >= 0).all() or (signed <= 0).all():
        return NO_TEMPERATURE

    def loss(temperature: float) -> float:
        return float(np.logaddexp(0.0, -signed / temperature).mean())

    low, high = TEMPERATURE_BOUNDS
    found = minimize_scalar(
        lambda log_temperature: loss(math.exp(log_temperature)),
        bounds=(math.log(low), math.log(high)),
        method="bounded",
        options={"xatol": FIT_TOLERANCE},
    )
    # The search stops just short of a bound; a minimum at the bound is named exactly.
    return min((low, high, math.exp(float(found.x))), key=loss)


def calibration_slope(logits: Floats, labels: NDArray[np.integer]) -> float:
    """Return the slope b of logit P(label = 1) = a + b logit (Cox 1958; Van Calster et al. 2019).

    1 is calibrated; below 1, predictions are too extreme. NaN where it does not exist: one class only, one logit only,
    or classes that one threshold parts (the slope is then infinite).

    Args:
        logits: log odds of the predicted probabilities, (N,).
        labels: 0 or 1, (N,).
    """
    logits, labels = np.asarray(logits, dtype=np.float64), np.asarray(labels, dtype=np.int64)
    if np.unique(labels).size < 2 or np.ptp(logits) == 0 or _no_overlap(logits, labels):
        return math.nan
    # Centred and of unit spread: neither changes the slope, and Newton's steps stay well conditioned.
    centre, scale = float(logits.mean()), float(logits.std())
    fit = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=FIT_TOLERANCE, max_iter=MAXIMUM_ITERATIONS)
    with warnings.catch_warnings():
        # Newton's line search gives up on some small sets with ties, and L-BFGS takes over.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fit.fit(((logits - centre) / scale)[:, None], labels)
    return float(fit.coef_[0, 0] / scale)


def calibration_intercept(logits: Floats, labels: NDArray[np.integer]) -> float:
    """Return a of logit P(label = 1) = a + logit, calibration in the large (Van Calster et al. 2019).

    0 is calibrated; below 0, predictions are too high. It is the root of sum(sigmoid(a + logit)) = sum(label). NaN with
    one class only.

    Args:
        logits: log odds of the predicted probabilities, (N,).
        labels: 0 or 1, (N,).
    """
    logits, labels = np.asarray(logits, dtype=np.float64), np.asarray(labels, dtype=np.int64)
    if np.unique(labels).size < 2:
        return math.nan
    prevalence = math.log(labels.mean() / (1 - labels.mean()))
    low = prevalence - float(logits.max()) - INTERCEPT_MARGIN
    high = prevalence - float(logits.min()) + INTERCEPT_MARGIN
    return float(brentq(lambda shift: expit(shift + logits).mean() - labels.mean(), low, high))


def _no_overlap(logits: Floats, labels: NDArray[np.integer]) -> bool:
    benign, malignant = logits[labels == 0], logits[labels == 1]
    return bool(benign.max() <= malignant.min() or malignant.max() <= benign.min())
