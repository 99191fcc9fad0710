"""The results of a benchmark as plain values: everything that its tables and pages print."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from csfnet_bundle import __version__
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.bootstrap import RESAMPLES, SEED
from csfnet_bundle.evaluation.comparison import compare_systems, difference_table
from csfnet_bundle.evaluation.metrics import plain_number
from csfnet_bundle.evaluation.subgroups import metrics_by_subgroup
from csfnet_bundle.prediction.data import data_description
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.studies.benchmark.cells import plain_rows
from csfnet_bundle.studies.benchmark.common_results import areas_of_seeds, judge_common_set
from csfnet_bundle.studies.benchmark.fitting import CHANGED_INPUTS, EXTERNAL, TEST, read_fit_record
from csfnet_bundle.studies.benchmark.gathering import area
from csfnet_bundle.studies.benchmark.pre_training import compare_pre_training
from csfnet_bundle.studies.benchmark.protocol import Fit, Protocol
from csfnet_bundle.studies.benchmark.references import ORACLES, left_out_references
from csfnet_bundle.studies.benchmark.running import Predictions
from csfnet_bundle.studies.benchmark.splits import VALIDATION_SHARE

STRATA = ("diameter_mm", "attenuation", "sex", "smoking", "scanner", "kernel")
"""Subgroups that are looked at where the datalist has them."""
STANDARD_ERRORS = 3
"""A mean area on permuted labels within so many standard errors of 0.5 shows no leak of the permuted label."""
SECONDS_PER_HOUR = 3600
NETWORK, WITHOUT_NETWORK, BOUND = "network", "reference", "bound"
TESTED = (NETWORK, WITHOUT_NETWORK)
"""Kinds that are tested against the reference system, each corrected for its own number: which network is best, and
whether it has earned its place beside what needs none, are two questions. A phantom's oracle is no competitor but the
bound that follows from how the labels were drawn: its distance is of interest, not whether it is zero."""


def make_results(
    protocol: Protocol, predictions: Predictions, command: str, *, resamples: int = RESAMPLES
) -> dict[str, Any]:
    """Judge a benchmark's predictions.

    Args:
        protocol: the benchmark.
        predictions: its predictions.
        command: what makes it again, for the record.
        resamples: of patients, in every bootstrap.

    Returns:
        Plain values for results.json.
    """
    reference = protocol.reference
    networks = [name for name in protocol.systems if name in predictions.systems]
    tables = {name: system.parts[TEST] for name, system in predictions.systems.items()}
    seed_areas = {name: predictions.systems[name].seed_areas for name in networks}
    kinds = {name: _kind(name, protocol) for name in tables}
    families = {name: kind for name, kind in kinds.items() if kind in TESTED}
    document: dict[str, Any] = {
        "command": command,
        "bundle_version": __version__,
        "reference": reference,
        "data": _data(protocol, tables[reference]),
        "protocol": _protocol(protocol, predictions),
        "bootstrap": {"unit": "patient", "seed": SEED, "resamples": resamples},
        "failed": {fit.name: why for fit, why in predictions.failed.items()},
        "kinds": kinds,
        "left_out": left_out_references(predictions.pairs),
        "systems": plain_rows(
            compare_systems(
                tables,
                reference,
                families=families,
                seed_areas=seed_areas,
                resamples=resamples,
            )
        ),
        "seeds": {
            name: {
                "auc": list(seed_areas[name]),
                "standard_deviation": _deviation(seed_areas[name]),
                "mean_spread_of_probability": plain_number(float(tables[name]["probability_spread"].mean())),
            }
            for name in networks
        },
        "learnt": {
            name: plain_rows(
                difference_table(
                    tables[name],
                    {part: predictions.systems[name].parts[part] for part in CHANGED_INPUTS},
                    resamples=resamples,
                )
            )
            for name in networks
        },
        "pre_training": compare_pre_training(protocol, predictions, resamples),
        "permuted_labels": _permuted(protocol, predictions),
        "subgroups": _subgroups(tables[reference], predictions.pairs, resamples),
    }
    if protocol.evaluate_on is not None:
        others = {name: one.parts[EXTERNAL] for name, one in predictions.systems.items() if EXTERNAL in one.parts}
        document["external"] = {
            "data": data_description(protocol.evaluate_on).name,
            "phantom": data_description(protocol.evaluate_on).phantom,
            "systems": plain_rows(
                compare_systems(
                    others,
                    reference,
                    families=families,
                    seed_areas={
                        name: areas_of_seeds(predictions, name, EXTERNAL) for name in networks if name in others
                    },
                    resamples=resamples,
                )
            ),
        }
    if protocol.common_test:
        document["kinds"] |= dict.fromkeys(ORACLES, BOUND)
        document["common_test"] = judge_common_set(protocol, predictions, families, resamples)
    return document


def _kind(name: str, protocol: Protocol) -> str:
    if name in protocol.systems:
        return NETWORK
    return BOUND if name in ORACLES else WITHOUT_NETWORK


def _data(protocol: Protocol, table: pd.DataFrame) -> dict[str, object]:
    description = data_description(protocol.dataset_dir)
    return {
        "name": description.name,
        "phantom": description.phantom,
        "datalist_sha256": description.datalist_sha256,
        "pairs": len(table),
        "patients": int(table["subject"].nunique()),
        "malignant": int(table["label"].sum()),
    }


def _protocol(protocol: Protocol, predictions: Predictions) -> dict[str, object]:
    records = {fit: read_fit_record(protocol, fit) for fit in protocol.fits if fit not in predictions.failed}
    true = [record for fit, record in records.items() if not fit.permutation]
    return {
        "folds": protocol.folds,
        "seeds": protocol.seeds,
        "validation": "the datalist's own" if protocol.folds == 1 else f"{VALIDATION_SHARE:g} of the others",
        "width": true[0]["width"],
        "roi": true[0]["roi"],
        "epochs": true[0]["epochs"],
        "reads": not protocol.without_reads,
        "overrides": dict(protocol.overrides),
        "fits": len(records),
        "hours": round(sum(record["seconds"] for record in records.values()) / SECONDS_PER_HOUR, 3),
        "device": sorted({str(record["device"]) for record in records.values()}),
        "parameters": {fit.system: record["parameters"] for fit, record in records.items()},
        "attention_peaks": _peaks(records),
        "initial_weights": _starts(records),
    }


def _peaks(records: Mapping[Fit, Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Return for each system with attention its largest weight times the number of keys, mean over fits: 1 is flat."""
    found: dict[str, list[Mapping[str, float]]] = {}
    for fit, record in records.items():
        if record.get("attention_peaks") and not fit.permutation:
            found.setdefault(fit.system, []).append(record["attention_peaks"])
    return {
        system: {stream: round(float(np.mean([one[stream] for one in peaks])), 4) for stream in peaks[0]}
        for system, peaks in found.items()
    }


def _starts(records: Mapping[Fit, Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return for each system that started from weights all that its fits started from: one pre-training a fold."""
    starts: dict[str, list[dict[str, Any]]] = {}
    for fit, record in records.items():
        start = record.get("initial_weights")
        if start is not None and start not in starts.setdefault(fit.system, []):
            starts[fit.system].append(start)
    return starts


def _permuted(protocol: Protocol, predictions: Predictions) -> dict[str, object] | None:
    """Whether networks trained on permuted labels learn nothing, as they must: else the permuted label leaks."""
    areas = [area(one.parts[TEST]) for one in predictions.permuted]
    if not areas:
        return None
    mean, error = float(np.mean(areas)), float("nan")
    if len(areas) > 1:
        error = float(np.std(areas, ddof=1) / np.sqrt(len(areas)))
    return {
        "system": protocol.reference,
        "auc": areas,
        "mean": mean,
        "standard_error": plain_number(error),
        "covers_half": bool(abs(mean - 0.5) <= STANDARD_ERRORS * error) if np.isfinite(error) else None,
    }


def _subgroups(table: pd.DataFrame, pairs: Sequence[FollowUpPair], resamples: int) -> list[dict[str, object]]:
    strata = {(pair.subject, pair.nodule): pair.strata for pair in pairs}
    keys = list(zip(table["subject"], table["nodule"], strict=True))
    rows: list[dict[str, object]] = []
    for name in STRATA:
        values = pd.Series([strata[key].get(name) for key in keys], index=table.index, dtype=object)
        if values.isna().all():
            continue
        try:
            judged = metrics_by_subgroup(table.assign(**{name: values}), [name], resamples=resamples)
        except BundleError as error:  # too many levels to be groups: told, and the others are judged all the same
            rows.append({"stratum": name, "left_out": str(error)})
            continue
        rows += json.loads(judged.to_json(orient="records", double_precision=6))
    return rows


def _deviation(areas: Sequence[float]) -> float | None:
    return float(np.std(areas, ddof=1)) if len(areas) > 1 else None
