"""A training run that can be killed at any moment and started again with the same command."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ignite.distributed as idist
import torch
from ignite.engine import Events
from monai.engines import Evaluator, Trainer

from csfnet_bundle.core.changed_settings import check_same_settings
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import atomic_path
from csfnet_bundle.prediction.checkpoint import STATE_NAME
from csfnet_bundle.prediction.weights_file import read_plain
from csfnet_bundle.training.best_model import BestModel
from csfnet_bundle.training.fingerprint import describe
from csfnet_bundle.training.progress import EpochProgress
from csfnet_bundle.training.seeding import SeedEpochs

logger = logging.getLogger(__name__)


@dataclass
class TrainingSession:
    """Runs a trainer so that an interrupted run, started again, ends with the weights of an undisturbed one.

    After every epoch all that the rest of the run depends on is written to ``output_dir/training_state.pt``, in one
    step. Random numbers do not go in: they are seeded anew at the start of every epoch from ``seed`` and the epoch's
    number, for torch, for the transforms and thereby for the loader's workers, so that an epoch that was cut off is
    repeated as it would have been.

    Attributes:
        trainer: the MONAI trainer.
        evaluator: the MONAI evaluator that its ``ValidationHandler`` runs.
        network: the network itself (not its DistributedDataParallel or compiled wrapper).
        optimizer: as in the trainer.
        scheduler: learning-rate scheduler, stepped by a handler of the trainer.
        best_model: keeps the model of the best validation epoch.
        output_dir: where the state goes.
        seed: of every random number in the run.
        settings: what else the result depends on (ROI, batch size, loss, transforms, data); any objects. A run is only
            taken up again with the same ones.
    """

    trainer: Trainer
    evaluator: Evaluator
    network: torch.nn.Module
    optimizer: torch.optim.Optimizer
    scheduler: torch.optim.lr_scheduler.LRScheduler
    best_model: BestModel
    output_dir: str | Path
    seed: int = 0
    settings: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if int(self.trainer.state.max_epochs) < 1:
            problem = f"it is {self.trainer.state.max_epochs}, expected 1 or more"
            raise BundleError(problem, record="max_epochs", remedy="Name the epochs to train.")
        self._state_path = Path(self.output_dir) / STATE_NAME
        self._progress = EpochProgress(self.evaluator)
        self._seconds_before = 0.0
        # Before the first step, while optimizer and scheduler are as the config made them.
        self._fingerprint = {
            "network": describe(self.network.architecture()),  # type: ignore[operator]
            "optimizer": describe([type(self.optimizer), self.optimizer.defaults]),
            "scheduler": describe([type(self.scheduler), self.scheduler.state_dict()]),
            "max_epochs": int(self.trainer.state.max_epochs),
            "amp": bool(self.trainer.amp),
            "processes": int(idist.get_world_size()),
            "seed": self.seed,
            **{name: describe(value) for name, value in self.settings.items()},
        }

    def run(self) -> None:
        """Train to the last epoch, from the start or from where an earlier run stopped; say so if it had finished.

        Raises:
            BundleError: ``output_dir`` holds a run with other settings or data, a damaged state, or a model of unknown
                origin (such as models/ of the bundle).
        """
        epoch = self._restore()
        if epoch >= self.trainer.state.max_epochs:
            logger.info(
                "this run is finished: %d epochs, best validation %s %.4f at epoch %d; model: %s. "
                "For a new run name another --output_dir.",
                epoch,
                self.evaluator.state.key_metric_name,
                self.evaluator.state.best_metric,
                self.evaluator.state.best_metric_epoch,
                self.best_model.path,
            )
            return
        if epoch:
            logger.info("taking up the run in %s after epoch %d", self.output_dir, epoch)
        else:
            self._save(self.trainer)  # from here on the folder, and the model.pt that will be in it, is this run's
        SeedEpochs(self.seed).attach(self.trainer)
        self.best_model.attach(self.evaluator)
        self._progress.attach(self.trainer)
        # Last of the epoch's handlers: after validation, the scheduler's step and the best model.
        self.trainer.add_event_handler(Events.EPOCH_COMPLETED, self._save)
        self.trainer.run()

    def _save(self, trainer: Trainer) -> None:
        if idist.get_rank() == 0:
            if self.best_model.history and self.best_model.history[-1]["epoch"] == trainer.state.epoch:
                self.best_model.history[-1]["training_loss"] = self._progress.mean_loss
            state = {
                "fingerprint": self._fingerprint,
                "epoch": trainer.state.epoch,
                "network": self.network.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "scheduler": self.scheduler.state_dict(),
                "scaler": trainer.scaler.state_dict() if trainer.scaler is not None else None,
                "best_metric": float(self.evaluator.state.best_metric),
                "best_metric_epoch": int(self.evaluator.state.best_metric_epoch),
                "history": self.best_model.history,
                "seconds": self._seconds_before + self._progress.seconds,
            }
            with atomic_path(self._state_path) as temporary:
                torch.save(state, temporary)
        if idist.get_world_size() > 1:
            idist.barrier()

    def _restore(self) -> int:
        """Load the saved state, if there is one; return the number of epochs that are done."""
        if not self._state_path.is_file():
            if self.best_model.path.is_file():
                raise BundleError(
                    f"holds a {self.best_model.path.name} that no training in this folder made",
                    record=str(self.output_dir),
                    remedy="Name another --output_dir: training does not overwrite another model.",
                )
            return 0
        state: dict[str, Any] = read_plain(self._state_path, "Delete it; the run then begins anew.")
        check_same_settings(
            state["fingerprint"],
            self._fingerprint,
            record=str(self.output_dir),
            what="a run",
            remedy="Name another --output_dir, delete this one, or go back to the settings it was started with.",
        )
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        if self.trainer.scaler is not None and state["scaler"] is not None:
            self.trainer.scaler.load_state_dict(state["scaler"])
        self.evaluator.state.best_metric = state["best_metric"]
        self.evaluator.state.best_metric_epoch = state["best_metric_epoch"]
        self.best_model.history = state["history"]
        self._seconds_before = state["seconds"]
        epoch = int(state["epoch"])
        self.trainer.state.epoch = epoch
        self.trainer.state.iteration = epoch * self.trainer.state.epoch_length
        return epoch
