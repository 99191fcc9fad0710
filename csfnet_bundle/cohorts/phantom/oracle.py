"""The oracle: the best AUC that any classifier can reach on phantoms, for six subsets of the inputs.

It is a logistic regression on the latents that the inputs show: what a network could know at best if it measured size,
shape and density without error. (The score is linear in them; gradient boosting agrees within 0.005.)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from csfnet_bundle.cohorts.phantom.label_model import draw_latents, shift_for_prevalence
from csfnet_bundle.core.errors import BundleError

SUBSETS = ("t0", "t0+clinical", "t1", "t1+clinical", "t0+t1", "all")
FIT_DRAWS = 50_000
"""Subjects that the oracle is fitted on: its coefficients' errors then cost less than 0.001 of AUC."""
FIT_SEED = 20_240_229
WEAK_PENALTY = 1e6
"""Inverse strength of scikit-learn's ridge penalty: in effect none."""


def visible_latents(latents: pd.DataFrame, subset: str) -> NDArray[np.float64]:
    """Return what a subset of the inputs shows at best, shape (N, features).

    A scan shows the logarithm of the diameter, the spiculation and the attenuation; the record shows the six variables,
    nominal ones as indicators.

    Raises:
        BundleError: a subset that is not one of :data:`SUBSETS`.
    """
    if subset not in SUBSETS:
        raise BundleError(f"subset {subset!r} is not known", remedy=f"Use one of {', '.join(SUBSETS)}.")
    parts = {"t0": _scan(0), "t1": _scan(1), "clinical": _clinical}
    names = parts if subset == "all" else subset.split("+")
    columns = [parts[name](latents) for name in names]
    return np.concatenate([*columns, _indicators(latents["attenuation"])], axis=1)


def oracle_scores(truth: pd.DataFrame, subset: str = "all", *, prevalence: float | None = None) -> NDArray[np.float64]:
    """Return the oracle's probability of malignancy for each subject of a cohort, shape (N,).

    The oracle is fitted on a large draw of its own (a fixed seed, the cohort's prevalence), never on the cohort.

    Args:
        truth: the latents, columns of :func:`csfnet_bundle.cohorts.phantom.label_model.draw_latents`, as in truth.csv.
        subset: one of :data:`SUBSETS`.
        prevalence: the share of malignant nodules that the cohort was made with.
    """
    return np.asarray(_fitted(subset, prevalence).predict_proba(visible_latents(truth, subset))[:, 1])


def oracle_aucs(draws: int = 20_000, seed: int = 0, *, prevalence: float | None = None) -> dict[str, float]:
    """Return the oracle's AUC for every subset of the inputs, on subjects drawn for it."""
    latents = draw_latents(draws, np.random.default_rng(seed), intercept_shift=shift_for_prevalence(prevalence))
    label = latents["label"]
    return {
        subset: float(roc_auc_score(label, oracle_scores(latents, subset, prevalence=prevalence))) for subset in SUBSETS
    }


@cache
def _fitted(subset: str, prevalence: float | None) -> LogisticRegression:
    latents = draw_latents(FIT_DRAWS, np.random.default_rng(FIT_SEED), intercept_shift=shift_for_prevalence(prevalence))
    model = LogisticRegression(C=WEAK_PENALTY, max_iter=1000)
    return model.fit(visible_latents(latents, subset), latents["label"])


def _scan(screen: int) -> Callable[[pd.DataFrame], NDArray[np.float64]]:
    def columns(latents: pd.DataFrame) -> NDArray[np.float64]:
        return np.stack([np.log(latents[f"diameter_t{screen}"]), latents[f"spiculation_t{screen}"]], axis=1)

    return columns


def _clinical(latents: pd.DataFrame) -> NDArray[np.float64]:
    numbers = latents[["age_bin", "sex", "smoker"]].to_numpy(float)
    nominal = [_indicators(latents[name]) for name in ("race", "isolation", "result")]
    return np.concatenate([numbers, *nominal], axis=1)


def _indicators(levels: pd.Series[int]) -> NDArray[np.float64]:
    """Return indicator columns of the levels 1 and 2; level 0 is the reference, shape (N, 2)."""
    return (levels.to_numpy()[:, None] == np.array([1, 2])).astype(float)
