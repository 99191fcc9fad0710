"""One training on phantom ROIs in memory, for small trials; it goes on after its last whole epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from csfnet_bundle.cohorts.phantom.roi_set import RoiSet
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import atomic_path
from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.inputs import RoiSettings
from csfnet_bundle.inputs.tensors import scale_window
from csfnet_bundle.networks import Network, channels_last
from csfnet_bundle.prediction.weights_file import read_plain

WIDTH = 0.125
STATE_NAME = "state.pt"
RATE_STEPS = 10
"""How often the rate falls where it falls by steps: every 20 of 200 epochs in the paper."""

Watch = Callable[[Network], dict[str, float]]


@dataclass(frozen=True)
class Training:
    """How a network is trained.

    Attributes:
        epochs: the last one is the result; nothing is chosen.
        batch_size: pairs a step.
        learning_rate: of Adam, at the start. Rate and batch size are those of configs/cpu_demo.json.
        rate_factor: by which the rate falls in ten even steps; None lets it fall by a cosine to zero.
        flipped_axes: of the ROI (0 depth, 1 height, 2 width), each flipped or not at random, both scans alike.
    """

    epochs: int
    batch_size: int = 16
    learning_rate: float = 3e-3
    rate_factor: float | None = None
    flipped_axes: tuple[int, ...] = (0, 1, 2)

    def scheduler(self, optimizer: torch.optim.Optimizer) -> torch.optim.lr_scheduler.LRScheduler:
        """Return what lowers the rate after every epoch."""
        if self.rate_factor is None:
            return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.epochs)
        step = max(1, self.epochs // RATE_STEPS)
        return torch.optim.lr_scheduler.StepLR(optimizer, step, self.rate_factor)


@dataclass(frozen=True)
class Tensors:
    """A set of pairs as the network takes them.

    Attributes:
        image: (N, 2, D, H, W), within [0, 1].
        clinical: (N, 6) int64.
        interval_days: (N,).
        label: (N,) int64.
    """

    image: Tensor
    clinical: Tensor
    interval_days: Tensor
    label: Tensor

    @classmethod
    def of(cls, pairs: RoiSet) -> Tensors:
        """Scale the ROIs by the bundle's window."""
        return cls(
            scale_window(torch.from_numpy(pairs.images).float(), RoiSettings().window),
            torch.from_numpy(pairs.clinical),
            torch.from_numpy(pairs.interval_days),
            torch.tensor(pairs.labels),
        )

    def batches(self, order: Tensor, size: int) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
        """Yield image, clinical tokens, interval and label of so many pairs at a time."""
        for rows in order.split(size):
            yield self.image[rows], self.clinical[rows], self.interval_days[rows], self.label[rows]


@dataclass(frozen=True)
class Fitted:
    """A training that is done.

    Attributes:
        network: in evaluation mode.
        watched: numbers of the network after every epoch.
        processor_seconds: of all its epochs, over interruptions too; NaN where a version began it that did not count.
    """

    network: Network
    watched: list[dict[str, float]]
    processor_seconds: float

    @property
    def told_seconds(self) -> float | None:
        """The processor seconds as a result has them; None where they are not known."""
        return None if math.isnan(self.processor_seconds) else round(self.processor_seconds, 1)


def fit(
    network: Network,
    pairs: Tensors,
    folder: Path,
    training: Training,
    *,
    seed: int,
    name: str,
    watch: Watch | None = None,
) -> Fitted:
    """Train a network on pairs in memory, or go on after its last epoch.

    Random numbers are seeded anew for every epoch, so that an interrupted training ends as an undisturbed one.

    Args:
        network: with the weights to start from.
        pairs: the training pairs.
        folder: of the training's state.
        training: how.
        seed: of the order and the augmentation.
        name: for the progress bar.
        watch: numbers of the network, to be kept after every epoch.

    Raises:
        BundleError: the folder holds a training with other settings.
    """
    network = channels_last(network)
    optimizer = torch.optim.Adam(network.parameters(), lr=training.learning_rate)
    parts: dict[str, Any] = {"network": network, "optimizer": optimizer, "scheduler": training.scheduler(optimizer)}
    settings = str([asdict(training), network.architecture(), seed, len(pairs.label)])
    watched: list[dict[str, float]] = []
    state, done, seconds = folder / STATE_NAME, 0, 0.0
    if state.is_file():
        remedy = "Delete it; the training then begins anew."
        stored = read_plain(state, remedy)
        if stored["settings"] != settings:
            raise BundleError("it is of a training with other settings", record=str(state), remedy=remedy)
        done, watched, seconds = int(stored["epoch"]), list(stored["watched"]), float(stored.get("seconds", math.nan))
        for part_name, part in parts.items():
            part.load_state_dict(stored[part_name])
    with progress_bar(f"{name}, seed {seed}", training.epochs) as advance:
        advance(done)
        for epoch in range(done, training.epochs):
            begun = time.process_time()
            _epoch(parts, pairs, training, 1_000_000 * (seed + 1) + epoch)
            if watch is not None:
                watched.append(watch(network))
            seconds += time.process_time() - begun
            saved = {part_name: part.state_dict() for part_name, part in parts.items()}
            saved.update(settings=settings, epoch=epoch + 1, watched=watched, seconds=seconds)
            with atomic_path(state) as temporary:
                torch.save(saved, temporary)
            advance(1)
    return Fitted(network.eval(), watched, seconds)


def processor_minutes(fits: Sequence[Mapping[str, Any]]) -> str:
    """Say what a trial's fits took, for the sentence above its table.

    Args:
        fits: with ``processor_seconds`` each, or without where an earlier version made them.
    """
    seconds = [one.get("processor_seconds") for one in fits]
    known = [one for one in seconds if one is not None]
    if len(known) < len(seconds) or not known:
        return f"Processor minutes were recorded for {len(known) or 'none'} of {len(seconds)} fits."
    return f"{sum(known) / 60:.0f} processor minutes for {len(known)} fits, without drawing the phantoms."


def _epoch(parts: dict[str, Any], pairs: Tensors, training: Training, seed: int) -> None:
    network, optimizer = parts["network"], parts["optimizer"]
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)  # of the dropout
    network.train()
    order = torch.randperm(len(pairs.label), generator=generator)
    for image, clinical, interval_days, label in pairs.batches(order, training.batch_size):
        shown = _flipped(image, training.flipped_axes, generator)
        optimizer.zero_grad()
        F.cross_entropy(network(shown, clinical, interval_days), label).backward()
        optimizer.step()
    parts["scheduler"].step()


def _flipped(image: Tensor, axes: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Return the pairs (B, 2, D, H, W), each flipped along these axes of the ROI or not; both scans alike."""
    for axis in axes:
        chosen = torch.rand(len(image), generator=generator) < 0.5
        image = torch.where(chosen[:, None, None, None, None], image.flip(2 + axis), image)
    return image
