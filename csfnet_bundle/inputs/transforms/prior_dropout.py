"""The random loss of the earlier scan, in training."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform, RandomizableTransform

from csfnet_bundle.core.errors import BundleError

INTERVAL = "interval_days"


class RandomlyDropPriord(RandomizableTransform, MapTransform):
    """Show some training pairs as if they had no t0: t1 in both channels, and no interval.

    Clinical values stay: a radiologist's read of t0 may be known where its images are not.

    It belongs after every other random transform: :func:`csfnet_bundle.networks.prior_presence.prior_present` looks
    for channels that are the same voxel for voxel.

    Args:
        probability: of the loss, for each pair; from 0 to less than 1, as the network must see some pairs whole.
        keys: the key that holds the image (2, D, H, W), t0 and t1.

    Raises:
        BundleError: another probability.
    """

    def __init__(self, probability: float, keys: KeysCollection = "image") -> None:
        if not 0 <= probability < 1:
            raise BundleError(
                f"the probability of dropping the prior is {probability}, expected 0 to less than 1",
                record="prior dropout",
            )
        RandomizableTransform.__init__(self, probability)
        MapTransform.__init__(self, keys)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return the record, with or without its prior."""
        record = dict(data)
        self.randomize(None)
        if not self._do_transform:
            return record
        for key in self.key_iterator(record):
            image = record[key].clone()  # the record may be a cache's
            image[0] = image[1]
            record[key] = image
        if INTERVAL in record:
            record[INTERVAL] = torch.full_like(record[INTERVAL], torch.nan)
        return record
