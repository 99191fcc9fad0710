"""One training of the attention trial, on ROIs in memory; it goes on after its last whole epoch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from csfnet_bundle.cohorts.phantom.roi_set import RoiSet
from csfnet_bundle.core.files import atomic_path
from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.inputs import RoiSettings
from csfnet_bundle.networks import Network, create_system
from csfnet_bundle.prediction.weights_file import read_plain

WIDTH = 0.125
LEARNING_RATE = 3e-3
BATCH_SIZE = 16
"""Width, rate and batch size of configs/cpu_demo.json."""
FLIPPED_AXES = (2, 3)
"""Depth and height. A flip along the width would exchange the sides that the clinical value names."""
STATE_NAME = "state.pt"


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
        low, high = RoiSettings().window
        image = (torch.from_numpy(pairs.images).float() - low) / (high - low)
        return cls(
            image.clamp_(0, 1),
            torch.from_numpy(pairs.clinical),
            torch.from_numpy(pairs.interval_days),
            torch.tensor(pairs.labels),
        )

    def batches(self, order: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
        """Yield image, clinical tokens, interval and label of so many pairs at a time."""
        for rows in order.split(BATCH_SIZE):
            yield self.image[rows], self.clinical[rows], self.interval_days[rows], self.label[rows]


def fit(system: str, pairs: Tensors, folder: Path, *, seed: int, epochs: int) -> Network:
    """Train a system and return it, in evaluation mode; nothing is chosen, the last epoch is the result.

    Random numbers are seeded anew for every epoch, so that an interrupted training ends as an undisturbed one.

    Args:
        system: a key of :data:`csfnet_bundle.networks.SYSTEMS`.
        pairs: the training pairs.
        folder: of the training's state.
        seed: of the start, the order and the augmentation.
        epochs: of the training; the rate falls by a cosine to zero.
    """
    torch.manual_seed(seed)
    network = create_system(system, WIDTH, tuple(pairs.image.shape[2:]))
    network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]  # torch's types lack this form
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    parts: dict[str, Any] = {"network": network, "optimizer": optimizer, "scheduler": scheduler}
    state, done = folder / STATE_NAME, 0
    if state.is_file():
        stored = read_plain(state, "Delete it; the training then begins anew.")
        done = int(stored["epoch"])
        for name, part in parts.items():
            part.load_state_dict(stored[name])
    with progress_bar(f"{system}, seed {seed}", epochs) as advance:
        advance(done)
        for epoch in range(done, epochs):
            generator = torch.Generator().manual_seed(1_000_000 * (seed + 1) + epoch)
            torch.manual_seed(1_000_000 * (seed + 1) + epoch)  # of the dropout
            network.train()
            for image, clinical, interval_days, label in pairs.batches(
                torch.randperm(len(pairs.label), generator=generator)
            ):
                shown = _flipped(image, generator).contiguous(memory_format=torch.channels_last_3d)
                optimizer.zero_grad()
                F.cross_entropy(network(shown, clinical, interval_days), label).backward()
                optimizer.step()
            scheduler.step()
            with atomic_path(state) as temporary:
                torch.save({"epoch": epoch + 1, **{name: part.state_dict() for name, part in parts.items()}}, temporary)
            advance(1)
    return network.eval()


def _flipped(image: Tensor, generator: torch.Generator) -> Tensor:
    """Return the pairs (B, 2, D, H, W), each flipped along depth and height or not; both scans alike."""
    for axis in FLIPPED_AXES:
        chosen = torch.rand(len(image), generator=generator) < 0.5
        image = torch.where(chosen[:, None, None, None, None], image.flip(axis), image)
    return image
