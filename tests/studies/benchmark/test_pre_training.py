"""A system that starts from a pre-training beside the same one from random weights."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from csfnet_bundle.studies.benchmark.common_test import COMMON
from csfnet_bundle.studies.benchmark.fitting import TEST
from csfnet_bundle.studies.benchmark.pre_training import compare_pre_training
from csfnet_bundle.studies.benchmark.protocol import Fit, Protocol
from csfnet_bundle.studies.benchmark.running import Predictions

STANDS_FOR = {"medst_probe": "csfnet", "medst_probe_scratch": "t1_image"}
"""Systems of the tests' benchmark, under the names of a pre-trained one and its counterpart."""
A_TIE = 0.01
"""These networks have hardly been trained: averaging ties two logits, or parts them, by their last digit."""


def _renamed(predictions: Predictions) -> Predictions:
    systems = {name: predictions.systems[known] for name, known in STANDS_FOR.items()}
    return replace(predictions, systems={**predictions.systems, **systems})


def _area(table: pd.DataFrame) -> float:
    return float(roc_auc_score(table["label"], table["logit"] / table["temperature"]))


def test_without_a_pre_trained_system_nothing_is_compared(protocol: Protocol, predictions: Predictions) -> None:
    assert compare_pre_training(protocol, predictions, 20) == {}


def test_a_pre_trained_system_stands_beside_its_counterpart(protocol: Protocol, predictions: Predictions) -> None:
    made = compare_pre_training(protocol, _renamed(predictions), 20)
    assert set(made) == {"medst_probe"}
    row = made["medst_probe"]
    areas = {name: _area(predictions.systems[name].parts[TEST]) for name in STANDS_FOR.values()}
    assert row["without"] == "medst_probe_scratch"
    assert (row["with_auc"], row["auc"]) == pytest.approx((areas["csfnet"], areas["t1_image"]), abs=1e-5)
    assert row["difference"] == pytest.approx(row["with_auc"] - row["auc"], abs=1e-5)
    assert row["with_seeds"] == list(predictions.systems["csfnet"].seed_areas)


def test_a_common_test_set_is_where_they_are_compared(protocol: Protocol, predictions: Predictions) -> None:
    """Here it is the first half of the test pairs; each seed is a fit of its own."""
    known = _renamed(predictions)
    halves = {name: known.systems[name].parts[TEST].iloc[: len(predictions.pairs) // 2] for name in STANDS_FOR}
    fits = {Fit(name, 0, seed): {COMMON: half} for name, half in halves.items() for seed in range(2)}
    made = compare_pre_training(
        replace(protocol, common_test=1), replace(known, systems=_with(known, halves), fits=fits), 20
    )
    row = made["medst_probe"]
    assert row["pairs"] == len(predictions.pairs) // 2
    assert row["with_auc"] == pytest.approx(_area(halves["medst_probe"]), abs=A_TIE)
    assert row["with_seeds"] == pytest.approx([row["with_auc"]] * 2, abs=A_TIE)
    assert row["without_seeds"] == pytest.approx([row["auc"]] * 2, abs=A_TIE)


def _with(predictions: Predictions, tables: Mapping[str, pd.DataFrame]) -> dict[str, object]:
    return {
        name: replace(one, parts={**one.parts, COMMON: tables[name]}) if name in tables else one
        for name, one in predictions.systems.items()
    }
