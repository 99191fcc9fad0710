"""The map transform that applies the ROI's window."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform

from csfnet_bundle.inputs.settings import RoiSettings
from csfnet_bundle.inputs.tensors import scale_window


class ScaleWindowd(MapTransform):
    """Scale HU to [0, 1] over the ROI's window, clipped at both ends.

    Args:
        keys: images in HU, any shape.
        roi: the ROI's plain values (:class:`csfnet_bundle.inputs.RoiSettings`), of which the window is used.
    """

    def __init__(self, keys: KeysCollection = "image", roi: Mapping[str, Any] | None = None) -> None:
        super().__init__(keys)
        self.window = RoiSettings.from_plain(roi or {}).window

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return the record with its images scaled."""
        record = dict(data)
        for key in self.key_iterator(record):
            record[key] = scale_window(torch.as_tensor(record[key]), self.window)
        return record
