"""Training steps that can be killed at any moment and started again: AdamW, warm-up, cosine, moving average."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from csfnet_bundle.core.files import atomic_path
from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.networks.nodule_network import NoduleNetwork
from csfnet_bundle.prediction.weights_file import read_plain
from csfnet_bundle.studies.real_nodules.recipe import Schedule

STEPS_BETWEEN_STATES = 50
"""So that a killed run repeats at most some twenty seconds."""

Loss = Callable[[NoduleNetwork, int, torch.Generator], Tensor]
"""The loss of a step, from the network, the step's number and the step's random numbers."""


def run_steps(
    network: NoduleNetwork, loss: Loss, steps: int, schedule: Schedule, state_path: Path, *, seed: int
) -> NoduleNetwork:
    """Train and return the network with the moving average of its weights.

    Every step has random numbers of its own, from the seed and its number, so that a run that was killed and started
    again ends with the weights of an undisturbed one.

    Args:
        network: with the weights to start from.
        loss: of one step.
        steps: how many.
        schedule: of the learning rate.
        state_path: where the state goes; it is taken up from there, in a folder that this run has claimed.
        seed: of the run.

    Raises:
        BundleError: the state is damaged.
    """
    network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]  # 1.5 times as fast on a CPU
    averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(schedule.averaging), use_buffers=True)
    optimizer = make_optimizer(network, schedule)
    rate = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: learning_rate_factor(step, steps, schedule))
    parts = {"network": network, "averaged": averaged, "optimizer": optimizer, "rate": rate}
    first = _restore(parts, state_path)
    network.train()
    with progress_bar(f"{state_path.parent.parent.name}, {state_path.parent.name}", steps - first) as advance:
        for step in range(first, steps):
            generator = torch.Generator().manual_seed(seed * 1_000_003 + step)
            torch.manual_seed(seed * 1_000_003 + step)  # dropout
            optimizer.zero_grad(set_to_none=True)
            loss(network, step, generator).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), schedule.gradient_clip, error_if_nonfinite=True)
            optimizer.step()
            rate.step()
            averaged.update_parameters(network)
            if (step + 1) % STEPS_BETWEEN_STATES == 0 or step + 1 == steps:
                _save(parts, state_path, step + 1)
            advance(1)
    network.load_state_dict(averaged.module.state_dict())
    return network.eval()


def make_optimizer(network: torch.nn.Module, schedule: Schedule) -> torch.optim.AdamW:
    """Return AdamW with weight decay on matrices and kernels alone."""
    decayed = [parameter for parameter in network.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": schedule.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=schedule.learning_rate, betas=schedule.betas)


def learning_rate_factor(step: int, steps: int, schedule: Schedule) -> float:
    """Return the share of the highest rate at a step: up in a line, then down in half a cosine."""
    warm_up = max(1, round(schedule.warm_up * steps))
    if step < warm_up:
        return (step + 1) / warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up)))


def _save(parts: dict[str, Any], path: Path, step: int) -> None:
    state = {name: part.state_dict() for name, part in parts.items()}
    with atomic_path(path) as temporary:
        torch.save({"step": step, **state}, temporary)


def _restore(parts: dict[str, Any], path: Path) -> int:
    if not path.is_file():
        return 0
    state = read_plain(path, "Delete it; the run then begins anew.")
    for name, part in parts.items():
        part.load_state_dict(state[name])
    return int(state["step"])
