"""One step of a training: mixed precision in bfloat16, gradients that are no numbers, accumulated batches."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import torch
from ignite.engine import Events
from monai.data import MetaTensor
from monai.engines import SupervisedTrainer
from monai.utils import CommonKeys

from csfnet_bundle.networks.bfloat16 import bfloat16_where

logger = logging.getLogger(__name__)


class TrainingStep:
    """What a MONAI trainer does with a batch (``iteration_update``).

    With ``amp`` the forward pass runs in bfloat16 where that is safe, on a CPU as on a GPU; it needs no scaled loss.
    Now and then a gradient is no number: such a step is left out and counted in ``trainer.state.skipped_steps``.
    Optimizers that are ``fused`` leave it out by themselves, so that the host waits for nothing.

    Args:
        amp: run the forward pass in bfloat16.
        accumulate: batches whose gradients make one step.
    """

    def __init__(self, amp: bool = False, accumulate: int = 1) -> None:
        if accumulate < 1:
            raise ValueError(f"accumulate is {accumulate}, expected at least 1")
        self.amp = amp
        self.accumulate = accumulate
        self._skipped: torch.Tensor | None = None

    def __call__(self, trainer: SupervisedTrainer, batch: Mapping[str, Any]) -> dict[str, torch.Tensor]:
        """Train on one batch; return image, label, prediction and loss."""
        prepared = trainer.prepare_batch(batch, trainer.state.device, trainer.non_blocking, **trainer.to_kwargs)
        image, label, words, named = prepared if len(prepared) == 4 else (*prepared, (), {})
        image = image.as_tensor() if isinstance(image, MetaTensor) else image  # which costs less, and compiles
        place = (trainer.state.iteration - 1) % trainer.state.epoch_length
        if place == 0:
            self._skipped = None
        first_of_group = place - place % self.accumulate
        group = min(self.accumulate, trainer.state.epoch_length - first_of_group)
        trainer.network.train()
        if place == first_of_group:
            trainer.optimizer.zero_grad(set_to_none=True)
        device = torch.device(trainer.state.device).type
        with bfloat16_where(self.amp, device):
            prediction = trainer.inferer(image, trainer.network, *words, **named)
            loss = trainer.loss_function(prediction, label).mean()
        (loss / group if group > 1 else loss).backward()
        if place == first_of_group + group - 1:
            self._step(trainer)
        return {
            CommonKeys.IMAGE: image,
            CommonKeys.LABEL: label,
            CommonKeys.PRED: prediction.detach().float(),
            CommonKeys.LOSS: loss.detach(),
        }

    def _step(self, trainer: SupervisedTrainer) -> None:
        optimizer = trainer.optimizer
        if not self.amp:
            optimizer.step()
            return
        gradients = [
            parameter.grad
            for group in optimizer.param_groups
            for parameter in group["params"]
            if parameter.grad is not None
        ]
        norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
        is_bad = ~torch.isfinite(norm)
        self._skipped = is_bad.long() if self._skipped is None else self._skipped + is_bad
        if all(group.get("fused") for group in optimizer.param_groups):
            optimizer.found_inf = is_bad.float()  # type: ignore[attr-defined]  # what torch.amp.GradScaler sets, too
            optimizer.grad_scale = None  # type: ignore[attr-defined]
            optimizer.step()
        elif not is_bad:
            optimizer.step()
        trainer.state.skipped_steps = self._skipped

    def attach(self, trainer: SupervisedTrainer) -> None:
        """Tell after each epoch how many steps were left out."""
        trainer.add_event_handler(Events.EPOCH_COMPLETED, self._tell)

    def _tell(self, trainer: SupervisedTrainer) -> None:
        skipped = 0 if self._skipped is None else int(self._skipped)
        if skipped:
            logger.warning("%d steps of the epoch were left out: their gradients were no numbers", skipped)
