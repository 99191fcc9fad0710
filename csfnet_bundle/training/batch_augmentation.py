"""Flips and quarter turns in one copy each: what ``random_augmentation`` does to an item in up to four."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from monai.transforms import Compose, RandFlipd, RandRotate90d, Transform
from numpy.typing import NDArray
from torch import Tensor

from csfnet_bundle.core.errors import BundleError

IMAGE = "image"
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
        found = cls.found_in(augmentation)
        if found is None:
            others = sorted({type(step).__name__ for step in _steps(augmentation)} - {"RandFlipd", "RandRotate90d"})
            raise BundleError(
                f"the augmentation has {', '.join(others) or 'other flips'}, a loader in memory flips and turns alone",
                record="augmentation",
                remedy="Leave configs/in_memory.json out, or the other augmentation.",
            )
        return found

    @classmethod
    def found_in(cls, augmentation: Transform) -> FlipsAndTurns | None:
        """Return the same as :meth:`of`, and None where the augmentation does anything else."""
        *flips, turn = _steps(augmentation)
        if [type(step) for step in (*flips, turn)] != [RandFlipd] * 3 + [RandRotate90d]:
            return None
        does = (
            [step.flipper.spatial_axis for step in flips] == [0, 1, 2]
            and (turn.spatial_axes, turn.max_k) == ((1, 2), TURNS - 1)
            and all((step.keys, step.prob) == (("image",), turn.prob) for step in (*flips, turn))
        )
        return cls(turn.prob) if does else None

    def draw(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """Return what is done to each of ``count`` items, (N, 4) int64: flips along D, H, W, then quarter turns.

        Args:
            count: of the items.
            generator: where the numbers come from; torch's global one by default.
        """
        chance = torch.rand(count, 4, generator=generator) < self.flip_probability
        codes = chance.long()
        codes[:, 3] *= torch.randint(1, TURNS, (count,), generator=generator)
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
    for target, index, code in zip(out, indices.tolist(), codes.tolist(), strict=True):
        np.copyto(target, changed_view(source[index], code))
    return torch.from_numpy(out)


def changed_view(image: NDArray[Any], code: Sequence[int]) -> NDArray[Any]:
    """Return an image (C, D, H, W) flipped along D, H and W and turned in plane as a code says; a view of it."""
    *flips, turns = code
    steps = (slice(None, None, -1 if flip else 1) for flip in flips)
    return np.rot90(image[:, *steps], turns, (HEIGHT, WIDTH))


def _steps(augmentation: Transform) -> list[Any]:
    return list(augmentation.transforms) if isinstance(augmentation, Compose) else [augmentation]


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
