"""Flips and quarter turns of whole batches, in one copy each: what ``random_augmentation`` does to single items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from monai.transforms import Compose, RandFlipd, RandRotate90d, Transform
from torch import Tensor

from csfnet_bundle.core.errors import BundleError

TURNS = 4
DEPTH, HEIGHT, WIDTH = 1, 2, 3
"""Axes of an item (C, D, H, W)."""


@dataclass(frozen=True)
class FlipsAndTurns:
    """Flips along each axis and a quarter turn in plane; both scans of a pair move together.

    Attributes:
        flip_probability: of a flip along each of D, H and W, and of one to three quarter turns in plane, for which H
            and W must be equal.
    """

    flip_probability: float = 0.5

    @classmethod
    def of(cls, augmentation: Transform) -> FlipsAndTurns:
        """Return what does to batches what ``random_augmentation`` does to items.

        Raises:
            BundleError: it does more than flips and quarter turns.
        """
        steps: list[Any] = list(augmentation.transforms) if isinstance(augmentation, Compose) else [augmentation]
        known = [step for step in steps if type(step) in (RandFlipd, RandRotate90d)]
        chances = {step.prob for step in known}
        if len(known) != len(steps) or len(steps) != TURNS or len(chances) != 1:
            others = sorted({type(step).__name__ for step in steps} - {"RandFlipd", "RandRotate90d"})
            raise BundleError(
                f"the augmentation has {', '.join(others) or 'other flips'}, a loader in memory flips and turns alone",
                record="augmentation",
                remedy="Leave configs/in_memory.json out, or the other augmentation.",
            )
        return cls(chances.pop())

    def draw(self, count: int) -> Tensor:
        """Return what is done to each of ``count`` items, (N, 4) int64: flips along D, H, W, then quarter turns.

        The numbers come from torch's global generator.
        """
        chance = torch.rand(count, 4) < self.flip_probability
        codes = chance.long()
        codes[:, 3] *= torch.randint(1, TURNS, (count,))
        return codes

    def take(self, images: Tensor, indices: Tensor, codes: Tensor) -> Tensor:
        """Return items of a set, changed.

        Args:
            images: the set (N, C, D, H, W), on any device.
            indices: of the items, (B,).
            codes: what :meth:`draw` gave for them, (B, 4).
        """
        if images.device.type == "cpu":
            return _one_by_one(images, indices, codes)
        return _by_kind(images, indices, codes)


def _one_by_one(images: Tensor, indices: Tensor, codes: Tensor) -> Tensor:
    """Copy each item once, through a view that is flipped and turned."""
    source = images.numpy()
    out = np.empty((len(indices), *source.shape[1:]), source.dtype)
    for target, index, (flip_d, flip_h, flip_w, turns) in zip(out, indices.tolist(), codes.tolist(), strict=True):
        steps = (slice(None, None, -1 if flip else 1) for flip in (flip_d, flip_h, flip_w))
        np.copyto(target, np.rot90(source[index][:, *steps], turns, (HEIGHT, WIDTH)))
    return torch.from_numpy(out)


def _by_kind(images: Tensor, indices: Tensor, codes: Tensor) -> Tensor:
    """Change all items that are changed alike at once: at most 32 kernels a batch, however large."""
    out = torch.empty((len(indices), *images.shape[1:]), dtype=images.dtype, device=images.device)
    kinds, which = torch.unique(codes, dim=0, return_inverse=True)
    for number, (flip_d, flip_h, flip_w, turns) in enumerate(kinds.tolist()):
        places = (which == number).nonzero()[:, 0]
        items = images[indices[places].to(images.device)]
        axes = [axis + 1 for axis, flip in ((DEPTH, flip_d), (HEIGHT, flip_h), (WIDTH, flip_w)) if flip]
        changed = torch.rot90(items.flip(axes), turns, (HEIGHT + 1, WIDTH + 1))
        out[places.to(images.device)] = changed
    return out
