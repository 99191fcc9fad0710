from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.tiny_training import PAIRS, TinyNetwork, tiny_evaluator, tiny_items, tiny_session

from csfnet_bundle import __version__
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.decision import probabilities
from csfnet_bundle.evaluation.threshold import choose_decision
from csfnet_bundle.inputs import RoiSettings
from csfnet_bundle.prediction.checkpoint import load_checkpoint
from csfnet_bundle.prediction.data import datalist_hash
from csfnet_bundle.training.best_model import BestModel


@pytest.fixture
def best(small_cohort: Path, tmp_path: Path) -> BestModel:
    return BestModel(TinyNetwork(), RoiSettings().to_plain(), small_cohort, tmp_path)


def _set(network: torch.nn.Module, weight: float) -> None:
    """Let the first number decide; ``weight`` below 0 turns every answer round."""
    with torch.no_grad():
        network.layer.weight.zero_()
        network.layer.bias.zero_()
        network.layer.weight[1, 0] = weight


def test_only_an_improvement_replaces_the_file(best: BestModel, tmp_path: Path) -> None:
    network = best._network
    evaluator = tiny_evaluator(network)
    best.attach(evaluator)
    kept = []
    for epoch, weight in enumerate((-1.0, 1.0, -2.0, 2.0), start=1):
        _set(network, weight)
        evaluator.run(epoch)
        kept.append(load_checkpoint(tmp_path / "model.pt").provenance["epoch"])
    assert kept == [1, 2, 2, 2]  # the last equals the best at a higher loss
    torch.testing.assert_close(load_checkpoint(tmp_path / "model.pt").weights["layer.weight"][1, 0], torch.tensor(1.0))
    areas = [row["validation_auc"] for row in best.history]
    assert areas[0] == pytest.approx(1 - areas[1])
    assert areas[1] > 0.5


def test_of_epochs_with_equal_areas_the_one_of_lower_loss_is_kept(best: BestModel, tmp_path: Path) -> None:
    network = best._network
    evaluator = tiny_evaluator(network)
    best.attach(evaluator)
    kept = []
    # The order of the answers is the same for every weight; all but the last loss are too sure of a few wrong answers.
    for epoch, weight in enumerate((8.0, 1.0, 4.0, 0.5), start=1):
        _set(network, weight)
        evaluator.run(epoch)
        kept.append(load_checkpoint(tmp_path / "model.pt").provenance["epoch"])
    losses = [row["validation_loss"] for row in best.history]
    assert len({row["validation_auc"] for row in best.history}) == 1
    assert losses[1] < losses[0]
    assert losses[1] < losses[2]
    assert kept == [1, 2, 2, 4 if losses[3] < losses[1] else 2]
    assert evaluator.state.best_metric_epoch == kept[-1]


def test_the_decision_comes_from_the_validation_pairs(best: BestModel, small_cohort: Path, tmp_path: Path) -> None:
    network, items = best._network, tiny_items(2)
    evaluator = tiny_evaluator(network, items)
    best.attach(evaluator)
    evaluator.run(1)
    with torch.no_grad():
        logits = network(torch.stack([item["image"] for item in items])).double().numpy()
    difference, labels = logits[:, 1] - logits[:, 0], np.array([item["label"] for item in items])
    checkpoint = load_checkpoint(tmp_path / "model.pt")
    expected = choose_decision(difference, labels)
    assert checkpoint.decision.temperature == pytest.approx(expected.temperature)
    assert checkpoint.decision.threshold == pytest.approx(expected.threshold)
    losses = -np.log(np.where(labels == 1, probabilities(difference, 1.0), 1 - probabilities(difference, 1.0)))
    assert best.history[0]["validation_loss"] == pytest.approx(losses.mean())
    provenance = checkpoint.provenance
    assert provenance["trained_on"] == "small test cohort"
    assert provenance["phantom"] is True
    assert provenance["datalist_sha256"] == datalist_hash(small_cohort)
    assert provenance["bundle_version"] == __version__
    assert provenance["validation"]["pairs"] == PAIRS
    assert provenance["validation"]["malignant"] == labels.sum()


def test_a_network_that_diverged_is_no_best(best: BestModel, tmp_path: Path) -> None:
    """Not a number is refused by name rather than kept as a model."""
    evaluator = tiny_evaluator(best._network)
    best.attach(evaluator)
    _set(best._network, float("nan"))
    with pytest.raises(BundleError, match=r"training diverged: at epoch 1 .*optimizer#lr"):
        evaluator.run(1)
    assert not (tmp_path / "model.pt").exists()


def test_the_history_is_a_table_of_epochs(small_cohort: Path, tmp_path: Path) -> None:
    session = tiny_session(tmp_path, small_cohort, epochs=3)
    session.run()
    table = pd.DataFrame(session.best_model.history)
    assert table["epoch"].tolist() == [1, 2, 3]
    assert not table[["training_loss", "validation_loss", "validation_auc"]].isna().any(axis=None)
