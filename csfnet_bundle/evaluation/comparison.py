"""Many systems on the same pairs in one table, each against one reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.bootstrap import RESAMPLES, SEED, percentile_interval
from csfnet_bundle.evaluation.calibration import calibration_intercept, calibration_slope
from csfnet_bundle.evaluation.decision_curve import net_benefit
from csfnet_bundle.evaluation.delong import area_difference, area_interval
from csfnet_bundle.evaluation.paired import align, holm, mcnemar_p, resampled_areas
from csfnet_bundle.evaluation.predictions import calibrated_logits, ranking_scores
from csfnet_bundle.evaluation.weighted import brier_score, threshold_metrics

REFERENCE = "csfnet"

COLUMNS = (
    "auc",
    "auc_delong_lower",
    "auc_delong_upper",
    "auc_bootstrap_lower",
    "auc_bootstrap_upper",
    "difference",
    "difference_lower",
    "difference_upper",
    "p_delong",
    "p_holm",
    "accuracy",
    "precision",
    "recall",
    "specificity",
    "f1",
    "p_mcnemar",
    "p_mcnemar_holm",
    "brier_score",
    "calibration_slope",
    "calibration_intercept",
    "net_benefit",
    "pairs",
    "patients",
)

NET_BENEFIT_AT = 0.1
"""The risk from which on the British Thoracic Society's guideline (Callister 2015) would look further into a nodule."""

CORRECTED = {"p_delong": "p_holm", "p_mcnemar": "p_mcnemar_holm"}
"""p-values, and where they stand after the correction for their number."""


def compare_systems(
    systems: Mapping[str, pd.DataFrame],
    reference: str = REFERENCE,
    *,
    families: Mapping[str, str] | None = None,
    seed_areas: Mapping[str, Sequence[float]] | None = None,
    seed: int = SEED,
    resamples: int = RESAMPLES,
) -> pd.DataFrame:
    """Compare systems on the same pairs.

    Areas are of the calibrated logits, decisions of the columns ``probability`` and ``threshold`` as they stand, chosen
    on validation. Intervals and p-values cover the choice of patients for the networks as trained; training them again
    from other seeds is told by ``seed_areas`` alone. DeLong's variance allows for several nodules of a patient
    (:func:`csfnet_bundle.evaluation.delong.area_covariance`); all systems are resampled together.

    Args:
        systems: predictions by the system's name; the table keeps their order.
        reference: which of them the others are compared with.
        families: the question that each system belongs to. A family's p-values are corrected together, for their own
            number; a system of none has a difference and no test. None: all are one family.
        seed_areas: the area of each seed of a system by itself; a system that is not named has no seed, and one with
            a single area a spread that nobody knows (NaN). None leaves the two columns of the spread away.
        seed: of the bootstrap.
        resamples: of patients.

    Returns:
        A row a system, indexed by its name: ``auc`` with ``auc_delong_lower``/``_upper`` and
        ``auc_bootstrap_lower``/``_upper``; ``difference`` (reference - system) with ``difference_lower``/``_upper``
        (bootstrap over patients), ``p_delong`` and, after Holm's correction within the family, ``p_holm``;
        ``accuracy``, ``precision``, ``recall``, ``specificity``, ``f1``, ``p_mcnemar`` and ``p_mcnemar_holm``;
        ``brier_score``, ``calibration_slope``, ``calibration_intercept``; ``net_benefit`` of acting from a risk of
        :data:`NET_BENEFIT_AT` on; ``pairs`` and ``patients``; ``auc_seed_deviation``, the standard deviation of one
        seed's area, and ``difference_seed_deviation``, that of the difference of one seed each (root of the sum of both
        squares). NaN is undefined; the reference's row has no comparison,
        and a system without a column ``threshold`` no decision.

    Raises:
        BundleError: the reference is not among the systems, or they do not have the same labelled pairs.
    """
    if reference not in systems:
        raise BundleError(
            f"the reference {reference!r} is not among {', '.join(systems) or 'no systems'}",
            record="comparison",
            remedy="Name one of them.",
        )
    tables = align(systems)
    names = list(tables)
    labels = tables[reference]["label"].to_numpy(np.int64)
    subjects = tables[reference]["subject"].tolist()
    scores = np.stack([ranking_scores(tables[name]) for name in names])
    resampled = dict(zip(names, resampled_areas(scores, labels, subjects, seed=seed, resamples=resamples), strict=True))
    ranks = dict(zip(names, scores, strict=True))
    probability = {name: tables[name]["probability"].to_numpy(np.float64) for name in names}
    called = {name: _called(tables[name]) for name in names}

    ones = np.ones((1, len(labels)))
    rows: list[dict[str, object]] = []
    for name in names:
        area, lower, upper = area_interval(ranks[name], labels, subjects)
        row: dict[str, object] = {"system": name, "auc": area, "auc_delong_lower": lower, "auc_delong_upper": upper}
        row["auc_bootstrap_lower"], row["auc_bootstrap_upper"] = percentile_interval(resampled[name])
        if name != reference:
            difference = area_difference(ranks[reference], ranks[name], labels, subjects)
            row |= {"difference": difference.difference, "p_delong": difference.p}
            row["difference_lower"], row["difference_upper"] = percentile_interval(
                resampled[reference] - resampled[name]
            )
        decision = called[name]
        if decision is not None:
            row |= {metric: value[0] for metric, value in threshold_metrics(decision, labels, ones).items()}
            if name != reference and called[reference] is not None:
                row["p_mcnemar"] = mcnemar_p(called[reference] == (labels == 1), decision == (labels == 1))
        log_odds = calibrated_logits(tables[name])
        row |= {
            "brier_score": brier_score(probability[name], labels, ones)[0],
            "calibration_slope": calibration_slope(log_odds, labels),
            "calibration_intercept": calibration_intercept(log_odds, labels),
            "net_benefit": net_benefit(probability[name], labels, np.array([NET_BENEFIT_AT]))["model"][0],
            "pairs": len(labels),
            "patients": len(set(subjects)),
        }
        rows.append(row)
    table = pd.DataFrame(rows).set_index("system").reindex(columns=list(COLUMNS))
    _correct(table, dict.fromkeys(names, "") if families is None else families)
    if seed_areas is not None:
        deviation = pd.Series({name: _seed_deviation(seed_areas.get(name)) for name in names})
        table["auc_seed_deviation"] = deviation
        table["difference_seed_deviation"] = np.hypot(deviation, deviation[reference])
        table.loc[reference, "difference_seed_deviation"] = np.nan
    return table


def difference_table(
    original: pd.DataFrame,
    changed: Mapping[str, pd.DataFrame],
    *,
    seed: int = SEED,
    resamples: int = RESAMPLES,
) -> pd.DataFrame:
    """Tell what predictions lose when an input is changed (t0 and t1 swapped, clinical values permuted, ...).

    Args:
        original: predictions on the inputs as they are.
        changed: predictions of the same network on changed inputs, by what was changed.
        seed: of the bootstrap.
        resamples: of patients.

    Returns:
        A row a change: the areas, differences (original - changed) and p-values of :func:`compare_systems`. The first
        row, ``original``, has no difference.
    """
    table = compare_systems({"original": original, **changed}, "original", seed=seed, resamples=resamples)
    return table[list(COLUMNS[: COLUMNS.index("p_holm") + 1])].rename_axis("input")


def _correct(table: pd.DataFrame, families: Mapping[str, str]) -> None:
    """Fill in the corrected p-values, family by family; take the p-values of systems without a family out."""
    table.loc[[name not in families for name in table.index], list(CORRECTED)] = np.nan
    for family in set(families.values()):
        members = [name for name in table.index if families.get(str(name)) == family]
        for tested, corrected in CORRECTED.items():
            table.loc[members, corrected] = holm(table.loc[members, tested].tolist())


def _seed_deviation(areas: Sequence[float] | None) -> float:
    """Return the standard deviation of one seed's area: 0 without a seed, NaN where one seed alone is known."""
    if areas is None:
        return 0.0
    return float(np.std(areas, ddof=1)) if len(areas) > 1 else float("nan")


def _called(table: pd.DataFrame) -> np.ndarray | None:
    if "threshold" not in table.columns:
        return None
    return table["probability"].to_numpy(np.float64) >= table["threshold"].to_numpy(np.float64)
