"""Training items whose random transforms follow from a number that comes with the index.

So an epoch is the same in one process or many, and workers may live through all epochs: nothing in them is seeded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sized
from contextlib import contextmanager
from typing import Any

import torch
from monai.data import DataLoader, Dataset, get_track_meta, set_track_meta
from torch.utils.data import RandomSampler, Sampler, SequentialSampler

LARGEST_SEED = 2**31

Draw = tuple[int, int]
"""An item's index and the seed of its transforms."""


class SeededItems(torch.utils.data.Dataset[Any]):
    """A data set that takes an index with a seed.

    Args:
        dataset: a MONAI data set with a transform.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, draw: Draw) -> Any:
        index, seed = draw
        set_random_state = getattr(self.dataset.transform, "set_random_state", None)
        if set_random_state is not None:
            set_random_state(seed=seed)
        with _plain_tensors():
            return self.dataset[index]


@contextmanager
def _plain_tensors() -> Iterator[None]:
    """Let MONAI's transforms keep no history and no affine: nobody reads them, and they cost more than the flips."""
    before = get_track_meta()
    set_track_meta(False)
    try:
        yield
    finally:
        set_track_meta(before)


class SeededSampler(Sampler[Draw]):
    """Gives each index of another sampler a seed from torch's global generator.

    Args:
        sampler: the order of the indices.
    """

    def __init__(self, sampler: Sampler[int]) -> None:
        self.sampler = sampler

    def set_epoch(self, epoch: int) -> None:
        """Tell the order's sampler which epoch begins, where it wants to know."""
        tell = getattr(self.sampler, "set_epoch", None)
        if tell is not None:
            tell(epoch)

    def __len__(self) -> int:
        assert isinstance(self.sampler, Sized)
        return len(self.sampler)

    def __iter__(self) -> Iterator[Draw]:
        for index in self.sampler:
            yield int(index), int(torch.randint(LARGEST_SEED, ()))


def training_loader(
    dataset: Dataset,
    batch_size: int,
    num_workers: int = 0,
    shuffle: bool = True,
    sampler: Sampler[int] | None = None,
    pin_memory: bool = False,
) -> DataLoader:
    """Return a loader of batches whose workers live as long as it does.

    Args:
        dataset: with the random transforms.
        batch_size: pairs in a batch.
        num_workers: processes that read; 0 reads in this one.
        shuffle: a new order every epoch.
        sampler: another order, e.g. a process's share.
        pin_memory: put batches where a GPU copies them from without waiting.
    """
    order = sampler or (RandomSampler(dataset) if shuffle else SequentialSampler(dataset))
    return DataLoader(
        SeededItems(dataset),
        batch_size=batch_size,
        sampler=SeededSampler(order),
        num_workers=num_workers,
        persistent_workers=num_workers > 0,
        pin_memory=pin_memory,
    )
