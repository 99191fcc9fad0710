"""One line an epoch, with the time that is left."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

import ignite.distributed as idist
from ignite.engine import Events
from monai.engines import Evaluator, Trainer

from csfnet_bundle.training.mean_loss import MeanLoss

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_LINES = 30.0
"""Within an epoch: often enough to see that a long one moves, seldom enough for a log file."""


class EpochProgress:
    """Logs loss, validation metric and the time left, after every epoch and now and then within a long one."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._started = 0.0
        self._first_iteration = 0
        self._last_line = 0.0
        self._loss = MeanLoss()

    @property
    def mean_loss(self) -> float:
        """Mean training loss over the batches of the epoch so far."""
        return self._loss.value

    @property
    def seconds(self) -> float:
        """Seconds since this start of the run."""
        return time.monotonic() - self._started if self._started else 0.0

    def attach(self, trainer: Trainer) -> None:
        """Attach to the trainer; only the first process logs."""
        if idist.get_rank() == 0:
            trainer.add_event_handler(Events.STARTED, self._start)
            self._loss.attach(trainer)
            trainer.add_event_handler(Events.ITERATION_COMPLETED, self._iteration)
            trainer.add_event_handler(Events.EPOCH_COMPLETED, self._epoch)

    def _start(self, trainer: Trainer) -> None:
        self._started = self._last_line = time.monotonic()
        self._first_iteration = trainer.state.iteration

    def _time_left(self, trainer: Trainer) -> str:
        done = trainer.state.iteration - self._first_iteration
        remaining = trainer.state.max_epochs * trainer.state.epoch_length - trainer.state.iteration
        seconds = (time.monotonic() - self._started) / max(done, 1) * remaining
        return str(timedelta(seconds=round(seconds)))

    def _iteration(self, trainer: Trainer) -> None:
        now = time.monotonic()
        if now - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = now
            state = trainer.state
            batch = state.iteration - (state.epoch - 1) * state.epoch_length
            logger.info(
                "epoch %d/%d, batch %d/%d, %s left",
                state.epoch, state.max_epochs, batch, state.epoch_length, self._time_left(trainer),
            )  # fmt: skip

    def _epoch(self, trainer: Trainer) -> None:
        self._last_line = time.monotonic()
        state, validation = trainer.state, self._evaluator.state
        name = validation.key_metric_name
        current, best = validation.metrics.get(name), "not yet"
        if current is not None:
            best = f"{current:.4f} (best {validation.best_metric:.4f} at epoch {validation.best_metric_epoch})"
        logger.info(
            "epoch %d/%d: loss %.4f, validation %s %s, %s left",
            state.epoch, state.max_epochs, self.mean_loss, name, best, self._time_left(trainer),
        )  # fmt: skip
