"""The mean loss of an epoch, added up where it is computed: the host waits for the device once, not at every step."""

from __future__ import annotations

import torch
from ignite.engine import Events
from monai.engines import Trainer

METRIC = "training_loss"


class MeanLoss:
    """Adds up the loss of each step; the mean so far is among the trainer's metrics as ``training_loss``.

    It is a tensor on the loss's device until the epoch ends, whichever handlers look at it before.
    """

    def __init__(self) -> None:
        self._sum: torch.Tensor | None = None
        self._steps = 0

    @property
    def value(self) -> float:
        """The mean so far; waits for the device."""
        return 0.0 if self._sum is None else float(self._sum) / self._steps

    def attach(self, trainer: Trainer) -> None:
        """Attach to the trainer."""
        trainer.add_event_handler(Events.EPOCH_STARTED, self._start)
        trainer.add_event_handler(Events.ITERATION_COMPLETED, self._add)
        trainer.add_event_handler(Events.EPOCH_COMPLETED, self._end)

    def _start(self, trainer: Trainer) -> None:
        self._sum, self._steps = None, 0

    def _add(self, trainer: Trainer) -> None:
        output = trainer.state.output
        loss = torch.as_tensor((output[0] if isinstance(output, list) else output)["loss"]).detach().double()
        self._sum = loss if self._sum is None else self._sum + loss
        self._steps += 1
        trainer.state.metrics[METRIC] = self._sum / self._steps

    def _end(self, trainer: Trainer) -> None:
        trainer.state.metrics[METRIC] = self.value
