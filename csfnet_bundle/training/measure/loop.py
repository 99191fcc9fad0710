"""The training loop: steps with a time estimate, a state written in one step, and the average of the weights."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from monai.networks.nets import BasicUNet
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import atomic_path
from csfnet_bundle.networks.bfloat16 import bfloat16_where
from csfnet_bundle.training.measure.batches import Sampler
from csfnet_bundle.training.measure.loss import measuring_loss
from csfnet_bundle.training.measure.network import create_network

LEARNING_RATE, WARM_UP_STEPS = 2e-3, 100
DECAY_SHARE = 0.3
"""Of the steps, at the end: a run that is short of time can be ended earlier without having wasted its steps."""
AVERAGE_DECAY = 0.995
LARGEST_GRADIENT = 2.0
"""Norm to which gradients are clipped; one that is not finite skips its step."""
SAVE_EVERY = 250

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """What one training is.

    Attributes:
        name: of its state file.
        steps: of the optimizer.
        seed: of weights and batches.
        bfloat16: whether the network's forward pass is computed in bfloat16: 1.7 times as fast where the processor has
            instructions for it, slower elsewhere.
        data_sha256: of what it is trained on.
    """

    name: str
    steps: int
    seed: int
    bfloat16: bool = False
    data_sha256: str = ""


def state_path(folder: Path, name: str) -> Path:
    """Return where a run keeps its state."""
    return folder / f"{name}.state.pt"


def train(run: Run, sampler: Sampler, folder: Path) -> BasicUNet:
    """Train, or go on with, a run; return the network with the averaged weights, in evaluation mode.

    Args:
        run: what to train.
        sampler: of its batches.
        folder: for the state; an interrupted run goes on from there.

    Raises:
        BundleError: the state belongs to a run of other settings, or too many steps had no finite gradient.
    """
    torch.manual_seed(run.seed)
    network = create_network()
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(AVERAGE_DECAY), use_buffers=True)
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE)
    path = state_path(folder, run.name)
    first, seconds, skipped = 0, 0.0, 0
    if path.is_file():
        state = torch.load(path, map_location="cpu", weights_only=True)
        if asdict(run) != state["run"] | ({"steps": run.steps} if state["step"] <= decay_start(run.steps) else {}):
            raise BundleError(
                f"{path} is of the run {state['run']}, expected {asdict(run)}",
                remedy="Give another --out, or delete it.",
            )
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        first, seconds, skipped = state["step"], state["seconds"], state["skipped"]
    began, losses = time.monotonic(), []
    network.train()
    for step in range(first, run.steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, run.steps)
        batch = sampler.batch(step)
        with bfloat16_where(run.bfloat16, "cpu"):
            logits = network(batch.inputs.contiguous(memory_format=torch.channels_last_3d))[:, 0]
        loss = measuring_loss(logits.float(), batch.target, batch.weight)
        optimizer.zero_grad()
        loss.backward()
        if math.isfinite(float(torch.nn.utils.clip_grad_norm_(network.parameters(), LARGEST_GRADIENT))):
            optimizer.step()
            average.update_parameters(network)
            losses.append(float(loss.detach()))
        else:
            skipped += 1
        done = step + 1
        if done % SAVE_EVERY == 0 or done == run.steps:
            spent = seconds + time.monotonic() - began
            with atomic_path(path) as temporary:
                torch.save(
                    {
                        "run": asdict(run),
                        "step": done,
                        "seconds": spent,
                        "skipped": skipped,
                        "network": network.state_dict(),
                        "average": average.state_dict(),
                        "optimizer": optimizer.state_dict(),
                    },
                    temporary,
                )
            left = (time.monotonic() - began) / (done - first) * (run.steps - done)
            mean = sum(losses) / max(len(losses), 1)
            logger.info(
                "%s: step %d of %d, loss %.3f, %d s spent, %.0f min left",
                run.name, done, run.steps, mean, spent, left / 60,
            )  # fmt: skip
            losses = []
    if skipped > run.steps / 10:
        raise BundleError(f"{skipped} of {run.steps} steps had no finite gradient", record=run.name)
    network.load_state_dict(average.module.state_dict())
    return network.eval()


def learning_rate(step: int, steps: int) -> float:
    """Return the rate of a step: a linear warm-up, constant, and at the end half a cosine to 0."""
    if step < WARM_UP_STEPS:
        return LEARNING_RATE * (step + 1) / WARM_UP_STEPS
    first = decay_start(steps)
    return LEARNING_RATE * (1 + math.cos(math.pi * max(step - first, 0) / (steps - first))) / 2


def decay_start(steps: int) -> int:
    """Return the step from which the rate falls; up to there a run does not depend on how many steps it will have."""
    return steps - max(round(DECAY_SHARE * steps), 1)
