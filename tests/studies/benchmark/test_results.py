"""The figures of a results.json against the predictions that they are made of."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from csfnet_bundle.evaluation.paired import holm
from csfnet_bundle.studies.benchmark.fitting import CHANGED_INPUTS, TEST
from csfnet_bundle.studies.benchmark.gathering import SystemPredictions
from csfnet_bundle.studies.benchmark.protocol import Protocol
from csfnet_bundle.studies.benchmark.results import make_results
from csfnet_bundle.studies.benchmark.running import Predictions

ROUNDED = 1e-5


def _made(protocol: Protocol, predictions: Predictions) -> dict[str, Any]:
    return make_results(protocol, predictions, "command", resamples=20)


@pytest.fixture(scope="module")
def document(protocol: Protocol, predictions: Predictions) -> dict[str, Any]:
    return _made(protocol, predictions)


def test_areas_are_those_of_the_pooled_predictions(document: dict[str, Any], predictions: Predictions) -> None:
    for name, row in document["systems"].items():
        table = predictions.systems[name].parts[TEST]
        # Where a network is sure, its probabilities round to 1 and tie; its logits do not.
        scores = table["logit"] / table["temperature"] if "temperature" in table.columns else table["probability"]
        assert row["auc"] == pytest.approx(roc_auc_score(table["label"], scores), abs=ROUNDED), name
        assert row["pairs"] == len(predictions.pairs) == document["data"]["pairs"]


def test_networks_and_references_are_two_questions(document: dict[str, Any]) -> None:
    assert document["kinds"]["t1_image"] == "network"
    assert document["kinds"]["clinical (logistic)"] == "reference"
    for kind in ("network", "reference"):
        rows = [row for name, row in document["systems"].items() if document["kinds"][name] == kind]
        raw = [np.nan if row["p_delong"] is None else row["p_delong"] for row in rows]
        corrected = [np.nan if row["p_holm"] is None else row["p_holm"] for row in rows]
        np.testing.assert_allclose(corrected, holm(raw), atol=1e-4)


def test_the_oracle_is_a_bound_without_a_test(protocol: Protocol, predictions: Predictions) -> None:
    oracle = predictions.systems["simple reference, all inputs"]
    known = replace(predictions, systems={**predictions.systems, "oracle: all": oracle})
    row = _made(protocol, known)["systems"]["oracle: all"]
    assert row["difference"] is not None
    assert row["p_delong"] is row["p_holm"] is row["p_mcnemar"] is row["p_mcnemar_holm"] is None


def test_a_seeds_spread_and_what_was_learnt_are_of_each_network(document: dict[str, Any], protocol: Protocol) -> None:
    assert set(document["seeds"]) == set(document["learnt"]) == set(protocol.systems)
    for seeds in document["seeds"].values():
        assert seeds["standard_deviation"] == pytest.approx(np.std(seeds["auc"], ddof=1))
    for learnt in document["learnt"].values():
        assert list(learnt) == ["original", *CHANGED_INPUTS]


@pytest.mark.parametrize(
    ("areas", "covers"), [((0.4, 0.6, 0.5), True), ((0.8, 0.81, 0.79), False), ((0.9,), None), ((), None)]
)
def test_permuted_labels_cover_a_half_or_not(
    areas: tuple[float, ...], covers: bool | None, protocol: Protocol, predictions: Predictions
) -> None:
    table = predictions.systems["csfnet"].parts[TEST].sort_values("label", ignore_index=True)
    permuted = []
    for area in areas:
        # Benign pairs lie at 0, 1, ...; each malignant one above the share of them that is the area.
        benign = int((table["label"] == 0).sum())
        scores = np.where(table["label"] == 0, np.arange(len(table)) % benign, area * benign - 0.5) / len(table)
        permuted.append(SystemPredictions({TEST: table.assign(logit=scores, temperature=1.0)}, ()))
    found = _made(protocol, replace(predictions, permuted=tuple(permuted)))["permuted_labels"]
    if not areas:
        assert found is None
        return
    np.testing.assert_allclose(found["auc"], areas, atol=0.06)
    assert found["covers_half"] is covers


def test_a_stratum_of_too_many_levels_is_told_and_the_others_stand(
    protocol: Protocol, predictions: Predictions
) -> None:
    pairs = tuple(
        replace(pair, strata={"scanner": f"serial {number}", "sex": ("female", "male")[number % 2]})
        for number, pair in enumerate(predictions.pairs)
    )
    rows = _made(protocol, replace(predictions, pairs=pairs))["subgroups"]
    assert [row["stratum"] for row in rows if "left_out" in row] == ["scanner"]
    assert {row["level"] for row in rows if row["stratum"] == "sex"} == {"female", "male"}
