"""Steps: accumulated batches are one large batch, bfloat16 is used, gradients that are no numbers change nothing."""

import logging
from typing import Any

import pytest
import torch
from helpers.tiny_training import TinyNetwork, tiny_items
from monai.data import DataLoader, Dataset
from monai.engines import SupervisedTrainer

from csfnet_bundle.training.mean_loss import MeanLoss
from csfnet_bundle.training.stepping import TrainingStep


def train(step: TrainingStep, *, batch_size: int = 4, spoil: int | None = None, **optimizer: Any) -> SupervisedTrainer:
    """Train a tiny network for an epoch; batch number ``spoil`` has a NaN in it."""
    items = tiny_items(1)
    if spoil is not None:
        items[spoil * batch_size]["image"][0] = torch.nan
    network = TinyNetwork()
    trainer = SupervisedTrainer(
        device=torch.device("cpu"),
        max_epochs=1,
        train_data_loader=DataLoader(Dataset(items), batch_size=batch_size),
        network=network,
        optimizer=torch.optim.SGD(network.parameters(), lr=0.1, **optimizer),
        loss_function=torch.nn.CrossEntropyLoss(),
        iteration_update=step,
        train_handlers=[step, MeanLoss()],
    )
    trainer.run()
    return trainer


def weights(trainer: SupervisedTrainer) -> torch.Tensor:
    return trainer.network.layer.weight.detach()


@pytest.mark.parametrize(("batch_size", "accumulate"), [(4, 2), (2, 4), (1, 100)])
def test_accumulated_batches_are_one_large_batch(batch_size: int, accumulate: int) -> None:
    whole = train(TrainingStep(), batch_size=8)
    parts = train(TrainingStep(accumulate=accumulate), batch_size=batch_size)
    torch.testing.assert_close(weights(parts), weights(whole))
    assert parts.state.metrics["training_loss"] == pytest.approx(whole.state.metrics["training_loss"])
    with pytest.raises(ValueError, match="accumulate is 0"):
        TrainingStep(accumulate=0)


def test_mixed_precision_changes_the_numbers_a_little() -> None:
    exact, mixed = weights(train(TrainingStep())), weights(train(TrainingStep(amp=True)))
    assert (exact != mixed).any()
    torch.testing.assert_close(mixed, exact, rtol=0.05, atol=0.02)


@pytest.mark.parametrize("fused", [False, True])
def test_a_gradient_that_is_no_number_is_left_out_and_counted(fused: bool, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="csfnet_bundle"):
        spoilt = train(TrainingStep(amp=True), spoil=1, fused=fused)
    assert int(spoilt.state.skipped_steps) == 1
    assert "1 steps of the epoch were left out" in caplog.text
    assert weights(spoilt).isfinite().all()
    assert (weights(spoilt) != TinyNetwork().layer.weight).any()  # the first batch counted
