"""The label model: how a phantom subject's nodule, record and malignancy are drawn.

The best possible AUC of any classifier on these phantoms is known
(:mod:`csfnet_bundle.cohorts.phantom.oracle`), because the label depends on the drawn quantities (latents) by a
logistic score that is written down here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

from csfnet_bundle.core.errors import BundleError

DAYS_PER_YEAR = 365
DIAMETER_LIMITS = (4.0, 16.0)
"""mm at the first screen: below 4 mm NLST does not call it a nodule."""
LARGEST_DIAMETER = 45.0
"""mm. Two screens cannot reach it; growth over further ones stops there, where 64 mm still hold the nodule."""
STEADY, SLOWING = "steady", "slowing"
LATER_GROWTHS = (STEADY, SLOWING)
"""How a nodule goes on after the first two screens, which the label model draws."""
SLOWING_LOG_DIAMETER, SLOWING_PULL, SLOWING_STEP = np.log(9.0), 0.2, 0.14
"""Where ``slowing`` nodules tend to (ln mm), the share of the way that they go in a year, and the yearly spread: about
as many grow by a quarter of their volume as shrink by it, and no later screen has more nodules above 16 mm."""
LOG_DIAMETER = (np.log(8.0), 0.28)
GROWTH = (0.55, 0.65)
GROWTH_LIMITS = (-0.6, 2.2)
SPICULATION_BETA = (1.2, 2.2)
SPICULATION_CHANGE = (0.12, 0.18)
ATTENUATIONS = ("solid", "part-solid", "ground-glass")
ATTENUATION_SHARES = (0.6, 0.2, 0.2)
AGE_SHARES = (0.4, 0.3, 0.2, 0.1)
SECOND_SEX_SHARE = 0.4
RACE_SHARES = (0.9, 0.06, 0.04)
SMOKER_SHARE = 0.5
ISOLATION_SHARES = (0.6, 0.25, 0.15)
RESULT_CUTS = (-0.8, 0.6)
ATTENUATION_EFFECTS = np.array([0.0, 0.8, -1.2])
RACE_EFFECTS = np.array([0.0, 0.3, -0.2])
ISOLATION_EFFECTS = np.array([0.0, 0.6, 1.2])
CALIBRATION_DRAWS = 200_000
PREVALENCE_LIMITS = (0.01, 0.99)


def draw_latents(
    count: int,
    rng: np.random.Generator,
    *,
    screens: int = 2,
    intercept_shift: float = 0.0,
    later_growth: str = STEADY,
) -> pd.DataFrame:
    """Draw subjects with their labels.

    Args:
        count: number of subjects.
        rng: the source of randomness; the columns of two screens do not depend on ``screens``.
        screens: yearly screens, at least 2; size and spiculation go on changing, the label stays.
        intercept_shift: added to the score, see :func:`shift_for_prevalence`.
        later_growth: after the second screen ``"steady"`` growth goes on as before; with ``"slowing"`` each further
            year draws its own: large nodules tend to shrink and small ones to grow, and spiculation has no trend.

    Returns:
        One row a subject. ``diameter_tK`` (mm, K-th screen, K years after the first), ``spiculation_tK`` (0 to 1),
        ``growth`` (ln of the volume ratio over 365 days), ``doubling_days``, ``attenuation`` (index into
        :data:`ATTENUATIONS`), ``age_bin`` (0 to 3), ``sex`` (1: second), ``race`` (0 to 2), ``smoker`` (0, 1),
        ``isolation`` and ``result`` (levels 0 to 2 of scr_iso0 and scr_res0), ``score``, ``label``.
    """
    log_diameter = np.clip(rng.normal(*LOG_DIAMETER, count), *np.log(DIAMETER_LIMITS))
    growth = np.clip(rng.normal(*GROWTH, count), *GROWTH_LIMITS)
    spiculation = rng.beta(*SPICULATION_BETA, count)
    next_spiculation = _next_spiculation(spiculation, rng)
    attenuation = rng.choice(3, count, p=ATTENUATION_SHARES)
    drawn = {
        "diameter_t0": np.exp(log_diameter),
        "diameter_t1": np.exp(log_diameter + growth / 3),
        "spiculation_t0": spiculation,
        "spiculation_t1": next_spiculation,
        "growth": growth,
        "doubling_days": doubling_days(growth),
        "attenuation": attenuation,
        "age_bin": rng.choice(4, count, p=AGE_SHARES),
        "sex": (rng.random(count) < SECOND_SEX_SHARE).astype(int),
        "race": rng.choice(3, count, p=RACE_SHARES),
        "smoker": (rng.random(count) < SMOKER_SHARE).astype(int),
        "isolation": rng.choice(3, count, p=ISOLATION_SHARES),
        "result": np.digitize(
            (log_diameter - 2.08) / 0.28 + 0.5 * (spiculation - 0.35) / 0.25 + rng.normal(size=count), RESULT_CUTS
        ),
    }
    # Of arrays: subjects are drawn one by one, and a table of one row takes five times as long.
    drawn["score"] = malignancy_score(drawn) + intercept_shift
    drawn["label"] = (rng.random(count) < expit(drawn["score"])).astype(int)
    slowing, later = later_growth == SLOWING, log_diameter + growth / 3
    for screen in range(2, screens):  # after the label, so that more screens change nothing of the first two
        if slowing:
            later = later + SLOWING_PULL * (SLOWING_LOG_DIAMETER - later) + rng.normal(0, SLOWING_STEP, count)
        else:
            later = log_diameter + screen * growth / 3
        next_spiculation = _next_spiculation(next_spiculation, rng, trend=not slowing)
        drawn[f"diameter_t{screen}"] = np.minimum(np.exp(later), LARGEST_DIAMETER)
        drawn[f"spiculation_t{screen}"] = next_spiculation
    return pd.DataFrame(drawn)


def malignancy_score(latents: pd.DataFrame | Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """Return the log-odds of malignancy of each subject, shape (N,); the label model's own formula, without shift."""
    return np.asarray(
        1.6 * (np.log(latents["diameter_t1"]) - 2.26) / 0.35
        + 2.0 * (latents["growth"] - 0.57) / 0.6
        + 1.0 * (latents["spiculation_t1"] - 0.46) / 0.26
        + ATTENUATION_EFFECTS[latents["attenuation"]]
        + 0.855 * (latents["age_bin"] - 1)
        + 0.57 * latents["sex"]
        + RACE_EFFECTS[latents["race"]]
        + 1.9 * (latents["smoker"] - 0.5)
        + ISOLATION_EFFECTS[latents["isolation"]]
        - 0.33
    )


@cache
def shift_for_prevalence(prevalence: float | None) -> float:
    """Return the intercept shift that gives this share of malignant nodules; None keeps the model's own (0.515).

    Raises:
        BundleError: a prevalence outside 0.01 to 0.99.
    """
    if prevalence is None:
        return 0.0
    low, high = PREVALENCE_LIMITS
    if not low <= prevalence <= high:
        raise BundleError(f"prevalence is {prevalence!r}, expected a share from {low} to {high}")
    scores = draw_latents(CALIBRATION_DRAWS, np.random.default_rng(0))["score"].to_numpy()
    return float(brentq(lambda shift: expit(scores + shift).mean() - prevalence, -20, 20))


def doubling_days(growth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the volume doubling time in days, 365 ln 2 / growth: negative where it shrinks, infinite where stable."""
    with np.errstate(divide="ignore"):
        return DAYS_PER_YEAR * np.log(2) / growth


def _next_spiculation(
    spiculation: NDArray[np.float64], rng: np.random.Generator, trend: bool = True
) -> NDArray[np.float64]:
    mean, deviation = SPICULATION_CHANGE
    return np.clip(spiculation + rng.normal(mean if trend else 0.0, deviation, len(spiculation)), 0, 1)
