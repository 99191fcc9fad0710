"""The map transform that turns logits into a calibrated probability."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform


class MalignancyProbabilityd(MapTransform):
    """Add ``probability``, softmax(logits / temperature) (2,): benign, malignant.

    Args:
        keys: the key that holds the logits (2,).
        temperature: chosen on validation pairs; it comes with the checkpoint.
    """

    def __init__(self, keys: KeysCollection = "pred", temperature: float = 1.0) -> None:
        super().__init__(keys)
        self.temperature = temperature

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return the record with ``probability`` added."""
        record = dict(data)
        for key in self.key_iterator(record):
            logits = torch.as_tensor(record[key]).float()
            record["probability"] = torch.softmax(logits / self.temperature, dim=-1)
        return record
