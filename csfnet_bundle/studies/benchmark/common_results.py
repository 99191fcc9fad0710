"""What a benchmark's systems say on the common test set: areas, differences, and what the set was asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from csfnet_bundle.evaluation.comparison import compare_systems, difference_table
from csfnet_bundle.evaluation.pooling import average_seeds
from csfnet_bundle.studies.benchmark.cells import plain_rows
from csfnet_bundle.studies.benchmark.common_references import oracles_of_common_set
from csfnet_bundle.studies.benchmark.common_test import COMMON, COMMON_PERMUTED, PERMUTED_PAIRS, SEED
from csfnet_bundle.studies.benchmark.fitting import CLINICAL_PERMUTED
from csfnet_bundle.studies.benchmark.gathering import area
from csfnet_bundle.studies.benchmark.protocol import Protocol
from csfnet_bundle.studies.benchmark.running import Predictions

ORACLE, WITHOUT_CLINICAL = "oracle: all", "oracle: t0+t1"
SIMPLE = "simple reference, all inputs"
LARGEST_LOSS, LEAST_SHARE = 0.025, 0.5
"""Aims that were set before the networks were trained: of the distance to the oracle, and of the use of the clinical
values."""


def judge_common_set(
    protocol: Protocol, predictions: Predictions, families: Mapping[str, str], resamples: int
) -> dict[str, Any]:
    """Compare all systems on the common test set.

    Args:
        protocol: the benchmark.
        predictions: its predictions.
        families: see :func:`csfnet_bundle.evaluation.comparison.compare_systems`.
        resamples: of subjects, in the bootstrap.

    Returns:
        ``pairs``, ``malignant``, ``seed`` of the set; ``systems``, rows of the comparison; ``seeds``, the area of each
        network's seeds, averaged over folds; ``separates``, half the width of each difference's 95 % interval;
        ``permuted``, for each network what it loses with clinical values of other pairs.
    """
    tables = {name: one.parts[COMMON] for name, one in predictions.systems.items() if COMMON in one.parts}
    areas = {name: areas_of_seeds(predictions, name, COMMON) for name in protocol.systems if name in tables}
    tables |= oracles_of_common_set(protocol)
    table = compare_systems(tables, protocol.reference, families=families, seed_areas=areas, resamples=resamples)
    rows = plain_rows(table)
    labels = tables[protocol.reference]["label"]
    return {
        "pairs": len(labels),
        "malignant": int(labels.sum()),
        "seed": SEED,
        "systems": rows,
        "seeds": areas,
        "separates": {
            name: round((row["difference_upper"] - row["difference_lower"]) / 2, 4)
            for name, row in rows.items()
            if row["difference_lower"] is not None
        },
        "permuted_pairs": min(PERMUTED_PAIRS, len(labels)),
        "permuted": {name: _permuted(predictions, name, resamples) for name in areas},
    }


def areas_of_seeds(predictions: Predictions, system: str, part: str) -> tuple[float, ...]:
    """Return the area of each seed by itself on pairs that every fold's network scored, its probabilities averaged.

    Args:
        predictions: of the benchmark.
        system: a network.
        part: what was predicted.
    """
    fits = [(fit, parts) for fit, parts in predictions.fits.items() if fit.system == system and part in parts]
    folds = Counter(fit.seed for fit, _ in fits)
    whole = max(folds.values(), default=0)
    seeds = sorted(seed for seed, count in folds.items() if count == whole)  # those that the average takes
    return tuple(area(average_seeds([parts[part] for fit, parts in fits if fit.seed == seed])) for seed in seeds)


def _permuted(predictions: Predictions, system: str, resamples: int) -> dict[str, Any]:
    """What a network loses on the pairs whose clinical values were permuted."""
    parts = predictions.systems[system].parts
    permuted = parts[COMMON_PERMUTED]
    known = set(zip(permuted["subject"], permuted["nodule"], strict=True))
    whole = parts[COMMON]
    own = whole[[key in known for key in zip(whole["subject"], whole["nodule"], strict=True)]]
    table = difference_table(own, {CLINICAL_PERMUTED: permuted}, resamples=resamples)
    row: dict[str, Any] = plain_rows(table)[CLINICAL_PERMUTED]
    return row


def aims(common: Mapping[str, Any], reference: str) -> list[tuple[str, str, float, bool]]:
    """Return what the set was asked for: name, what is asked, what is measured, whether it is reached.

    An aim is left out where the reference was not asked for, or the oracle gains nothing by the clinical values.

    Args:
        common: what :func:`judge_common_set` returns.
        reference: the system that the others are compared with.
    """
    rows, found = common["systems"], []
    behind = -rows[ORACLE]["difference"]
    found.append((f"{ORACLE} - {reference}", "<= .025", behind, behind <= LARGEST_LOSS))
    if SIMPLE in rows:
        row = rows[SIMPLE]
        found.append((f"{reference} - {SIMPLE}", "interval above 0", row["difference"], row["difference_lower"] > 0))
    gain = rows[ORACLE]["auc"] - rows[WITHOUT_CLINICAL]["auc"]
    if gain > 0:
        share = common["permuted"][reference]["difference"] / gain
        words = f"loss of {reference} by permuted clinical values / loss of the oracle without them"
        found.append((words, ">= .5", share, share >= LEAST_SHARE))
    return found
