"""Random padding of volumes that are tight boxes, so that a network cannot read a nodule's size from the box's."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform, RandomizableTransform
from torch import Tensor

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry.resample import OUTSIDE_HU

SAME = 1e-4
"""Difference in the window's units (0.2 HU of a window of 1800) up to which a voxel counts as padding: rounding."""


class RandBoxPaddingd(RandomizableTransform, MapTransform):
    """Pad a boxed volume farther in, by a random share of its box on each of the six sides.

    Outside a volume that was cut out around its nodule a ROI is padding, and where the padding begins tells the size of
    the box. On LIDC nodule volumes the box alone, without one voxel of the image, ranks nodules nearly as well as their
    diameter does. Random sides take that away: what is left for size is the nodule itself. It stands before any other
    augmentation, as the box is no longer one after an interpolation.

    A channel that shows no padding (a ROI inside a whole scan) is still cut: the ROI's own border is its box.

    Args:
        keys: images (C, D, H, W) after the window; every channel has a box of its own, and all lose the same shares.
        window: lower and upper end of the window in HU, which were made 0 and 1.
        prob: of any padding.
        largest_share: of the box's extent along D, H and W, the most that either side can lose.

    Raises:
        BundleError: a share that could leave nothing.
    """

    def __init__(
        self,
        keys: KeysCollection = "image",
        window: tuple[float, float] = (-1200.0, 600.0),
        prob: float = 0.5,
        largest_share: float = 0.2,
    ) -> None:
        MapTransform.__init__(self, keys)
        RandomizableTransform.__init__(self, prob)
        if not 0 <= largest_share < 0.5:
            raise BundleError(
                f"largest_share is {largest_share}, expected at least 0 and below a half", record="box padding"
            )
        self.padding = (OUTSIDE_HU - window[0]) / (window[1] - window[0])
        self.largest_share = largest_share
        self._shares = torch.zeros(3, 2)

    def randomize(self, data: Any = None) -> None:
        """Draw whether to pad, and the share of each side."""
        super().randomize(None)
        self._shares = torch.as_tensor(self.R.uniform(0, self.largest_share, (3, 2)))

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return the record with its images padded."""
        record = dict(data)
        self.randomize()
        if self._do_transform:
            for key in self.key_iterator(record):
                record[key] = torch.stack([self._pad(channel) for channel in torch.as_tensor(record[key])])
        return record

    def _pad(self, channel: Tensor) -> Tensor:
        """Pad one scan (D, H, W)."""
        visible = (channel - self.padding).abs() > SAME
        inner = []
        for axis, shares in enumerate(self._shares):
            others = tuple(other for other in range(3) if other != axis)
            planes = visible.any(dim=others).nonzero().flatten()
            if not len(planes):
                return channel
            first, last = int(planes[0]), int(planes[-1]) + 1
            low, high = (int(float(share) * (last - first)) for share in shares)
            inner.append(slice(first + low, last - high))
        kept = torch.zeros_like(visible)
        kept[tuple(inner)] = True
        return torch.where(kept, channel, torch.full_like(channel, self.padding))
