"""A loader that reads its set once, keeps it in memory or on the GPU, and augments whole batches there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import torch
from monai.data import Dataset
from torch import Tensor

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.training.batch_augmentation import IMAGE, FlipsAndTurns

logger = logging.getLogger(__name__)

DEVICE_SHARE = 0.5
"""Of the free memory of a GPU that a set may fill: the network and its activations need the rest."""


class MemoryLoader:
    """Yields batches of a set that was read once.

    A pair of ROIs of 16x64x64 voxels takes 525 kB. The order of the items and what is done to them come from torch's
    global generator, so that an epoch follows from its seed.

    Args:
        dataset: a MONAI data set without random transforms; its records hold ``image`` (C, D, H, W) and tensors,
            numbers or texts.
        batch_size: pairs in a batch.
        device: where the batches go; the set too, if it fits there, and else into pinned memory of the host.
        augmentation: what is done to the images of a batch; None nothing.
        shuffle: a new order every epoch.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int,
        device: torch.device | str = "cpu",
        augmentation: FlipsAndTurns | None = None,
        shuffle: bool = True,
    ) -> None:
        if batch_size < 1:
            raise BundleError(f"batch_size is {batch_size}, expected at least 1", record="memory loader")
        self.dataset = dataset
        self.batch_size = batch_size
        self.device = torch.device(device)
        self.augmentation = augmentation
        self.shuffle = shuffle
        self._columns: dict[str, Tensor | list[Any]] = {}

    def __len__(self) -> int:
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self.load()
        count = len(self.dataset)
        order = torch.randperm(count) if self.shuffle else torch.arange(count)
        codes = None if self.augmentation is None else self.augmentation.draw(count)
        for start in range(0, count, self.batch_size):
            part = slice(start, start + self.batch_size)
            yield self._batch(order[part], None if codes is None else codes[part])

    def load(self) -> None:
        """Read the set, unless that is done, with a progress bar."""
        if self._columns:
            return
        columns: dict[str, Tensor | list[Any]] = {}
        count = len(self.dataset)
        with progress_bar("reading the set into memory", count) as advance:
            for number in range(count):
                for key, value in self.dataset[number].items():
                    _put(columns, key, value, number, count)
                advance(1)
        image = columns[IMAGE]
        assert isinstance(image, Tensor)
        if self.device.type == "cuda":
            free, _ = torch.cuda.mem_get_info(self.device)
            size = image.nbytes
            fits = size <= DEVICE_SHARE * free
            columns[IMAGE] = image.to(self.device) if fits else image.pin_memory()
            logger.info("%.1f GB of ROIs lie %s", size / 1e9, f"on {self.device}" if fits else "in pinned host memory")
        self._columns = columns

    def _batch(self, indices: Tensor, codes: Tensor | None) -> dict[str, Any]:
        batch: dict[str, Any] = {}
        for key, column in self._columns.items():
            if not isinstance(column, Tensor):
                batch[key] = [column[index] for index in indices.tolist()]
            elif key == IMAGE and codes is not None and self.augmentation is not None:
                batch[key] = self.augmentation.take(column, indices, codes).to(self.device, non_blocking=True)
            else:
                batch[key] = column[indices.to(column.device)].to(self.device, non_blocking=True)
        return batch


def _put(columns: dict[str, Tensor | list[Any]], key: str, value: Any, number: int, count: int) -> None:
    """Put a record's value into its column, which is allocated once: the set is never held twice."""
    if isinstance(value, Tensor | int | float):
        tensor = torch.as_tensor(value)
        if number == 0:
            columns[key] = torch.empty((count, *tensor.shape), dtype=tensor.dtype)
        column = columns[key]
        assert isinstance(column, Tensor)
        column[number] = tensor
        return
    texts = columns.setdefault(key, [])
    assert isinstance(texts, list)
    texts.append(value)
