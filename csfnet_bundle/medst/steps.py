"""What the engines of a pre-training call: batch, loss, validation score, clipping, schedule."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from ignite.engine import Events
from ignite.metrics import Average
from monai.engines import SupervisedTrainer, Trainer
from monai.engines.utils import IterationEvents
from monai.utils.enums import CommonKeys
from torch import Tensor

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.networks.medst import Embeddings, MedST, MedSTObjective

SCHEDULES = ("joint", "forward-then-reverse")
FORWARD_SHARE = 0.5
"""Of the epochs of ``forward-then-reverse``, in which forward mapping is alone; then reverse mapping joins it."""
CHOOSING = ("global", "forward_mapping")
"""Losses whose sum on the validation patients chooses the epoch."""
CLIP_NORM = 1.0
"""Largest norm of a step's gradient. Reverse mapping divides by a variance: rare batches have very long gradients."""

Batch = Mapping[str, Tensor]


def prepare_batch(
    batch: Batch, device: torch.device | str | None = None, non_blocking: bool = False, **_: Any
) -> tuple[Batch, Batch]:
    """Return the batch on the device, for the network and for the loss: both need all of it."""
    moved = {name: tensor.to(device, non_blocking=non_blocking) for name, tensor in batch.items()}
    return moved, moved


class ObjectiveLoss:
    """The objective as a loss function of MONAI's trainer.

    Args:
        objective: the sum of losses.

    Raises:
        BundleError: all of its weights are 0.
    """

    def __init__(self, objective: MedSTObjective) -> None:
        temporal = objective.temporal_weight and (objective.forward_mapping_weight or objective.reverse_mapping_weight)
        if not any((objective.global_weight, objective.local_weight, temporal, objective.direction_weight)):
            raise BundleError(
                "the weights of all losses are 0: nothing would be trained",
                record="objective",
                remedy="Give global_weight, local_weight, temporal_weight or direction_weight a weight.",
            )
        self.objective = objective

    def __call__(self, embeddings: Embeddings, batch: Batch) -> Tensor:
        """Return the weighted sum of a batch."""
        return self.objective(embeddings, batch)["total"]


def negative_objective(objective: MedSTObjective) -> Average:
    """Return the metric that chooses the epoch: a negative mean over the validation batches.

    It is that of the global loss plus forward mapping, or the one of them that has a weight: both need an image and its
    text. The local loss does not choose (in its published form it falls without any image), nor does reverse mapping,
    which does not tell right pairs from wrong ones. Where neither has a weight it is the whole objective.

    Args:
        objective: copied, since a schedule changes the training's weights and epochs must stay comparable.
    """
    ObjectiveLoss(objective)  # refuses one without weights
    fixed = copy.deepcopy(objective)
    fixed.gather = False  # every rank validates on all of the studies
    if fixed.global_weight or fixed.temporal_weight * fixed.forward_mapping_weight:
        fixed.local_weight = fixed.reverse_mapping_weight = fixed.direction_weight = 0.0  # need not be computed

    def chosen_by(output: Mapping[str, Any]) -> Tensor:
        parts = fixed(output[CommonKeys.PRED], output[CommonKeys.LABEL])
        choosing = [parts[name] for name in CHOOSING if name in parts] or [parts["total"]]
        return -torch.stack(choosing).sum().detach().cpu()

    return Average(output_transform=chosen_by)


def parameter_groups(network: MedST, text_lr: float) -> list[dict[str, Any]]:
    """Return what is trained, as groups of an optimizer: the language model has a learning rate of its own.

    It comes pre-trained; at the rate that the image encoder needs from random weights it loses what it knows.

    Args:
        network: whose parameters; frozen ones are in no group.
        text_lr: of the text encoder.

    Raises:
        BundleError: nothing is trained.
    """
    text = [parameter for parameter in network.text_encoder.parameters() if parameter.requires_grad]
    known = {id(parameter) for parameter in text}
    others = [parameter for parameter in network.parameters() if parameter.requires_grad and id(parameter) not in known]
    every: list[dict[str, Any]] = [{"params": others}, {"params": text, "lr": text_lr}]
    groups = [group for group in every if group["params"]]
    if not groups:
        raise BundleError("all parameters are frozen: nothing would be trained", record="network_def")
    return groups


class ClipGradients:
    """Scales a step's gradient down to a norm.

    Args:
        norm: the largest.
    """

    def __init__(self, norm: float = CLIP_NORM) -> None:
        self.norm = norm

    def attach(self, trainer: SupervisedTrainer) -> None:
        """Attach to the trainer."""
        trainer.add_event_handler(IterationEvents.BACKWARD_COMPLETED, self._clip)

    def _clip(self, trainer: SupervisedTrainer) -> None:
        if trainer.scaler is not None:
            trainer.scaler.unscale_(trainer.optimizer)
        torch.nn.utils.clip_grad_norm_(trainer.network.parameters(), self.norm)


class FollowSchedule:
    """Changes the weights of the temporal loss between epochs.

    Args:
        objective: the training's.
        schedule: ``"joint"`` changes nothing; ``"forward-then-reverse"`` begins with forward mapping alone.

    Raises:
        BundleError: another schedule, or one that begins with a loss of weight 0.
    """

    def __init__(self, objective: MedSTObjective, schedule: str = "joint") -> None:
        if schedule not in SCHEDULES:
            raise BundleError(f"schedule is {schedule!r}, expected one of {', '.join(SCHEDULES)}")
        if schedule != "joint" and not (objective.temporal_weight and objective.forward_mapping_weight):
            raise BundleError(
                f"schedule is {schedule!r}, and forward mapping, which comes first, has weight 0",
                remedy="Give temporal_weight and forward_mapping_weight a weight, or use schedule joint.",
            )
        self.schedule = schedule
        self._objective = objective
        self._reverse_weight = objective.reverse_mapping_weight

    def attach(self, trainer: Trainer) -> None:
        """Attach to the trainer."""
        if self.schedule != "joint":
            trainer.add_event_handler(Events.EPOCH_STARTED, self._set)

    def _set(self, trainer: Trainer) -> None:
        # From the epoch's number alone, so that a run that is taken up again goes on as it would have.
        forward_alone = trainer.state.epoch <= FORWARD_SHARE * trainer.state.max_epochs
        self._objective.reverse_mapping_weight = 0.0 if forward_alone else self._reverse_weight
