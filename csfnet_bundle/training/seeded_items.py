"""Training items whose random transforms follow from a number that comes with the index.

So an epoch is the same in one process or many, and workers may live through all epochs: nothing in them is seeded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sized
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from monai.data import DataLoader, Dataset, get_track_meta, set_track_meta
from monai.transforms import Compose, Randomizable
from torch.utils.data import Sampler

from csfnet_bundle.training.batch_augmentation import IMAGE, FlipsAndTurns, changed_view

LARGEST_SEED = 2**31

Draw = tuple[int, int]
"""An item's index and the seed of its transforms."""


class SeededItems(torch.utils.data.Dataset[Any]):
    """A data set that takes an index with a seed.

    Where its transforms end in flips and quarter turns alone, these are done here: to seed MONAI's takes longer than to
    read the item.

    Args:
        dataset: a MONAI data set with a transform.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        steps = dataset.transform.transforms if isinstance(dataset.transform, Compose) else ()
        self._flips = FlipsAndTurns.found_in(steps[-1]) if type(dataset) is Dataset and steps else None
        self._before = dataset if self._flips is None else Dataset(dataset.data, Compose(steps[:-1]))
        self._is_seeded = self._flips is None or any(isinstance(step, Randomizable) for step in steps[:-1])

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, draw: Draw) -> Any:
        index, seed = draw
        set_random_state = getattr(self._before.transform, "set_random_state", None)
        if self._is_seeded and set_random_state is not None:
            set_random_state(seed=seed)
        with _plain_tensors():
            item = self._before[index]
        if self._flips is None:
            return item
        (code,) = self._flips.draw(1, torch.Generator().manual_seed(seed)).tolist()
        image = np.ascontiguousarray(changed_view(np.asarray(item[IMAGE]), code))
        return {**item, IMAGE: torch.from_numpy(image)}


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
    """Gives each index a seed, and the indices an order, that follow from one number.

    Args:
        count: of the items.
        shuffle: order them at random.
        sampler: another order, e.g. a process's share; then nothing is shuffled here.
    """

    def __init__(self, count: int, shuffle: bool, sampler: Sampler[int] | None = None) -> None:
        self.count = count
        self.shuffle = shuffle and sampler is None
        self.sampler = sampler
        self._seed = 0

    def set_seed(self, seed: int, epoch: int) -> None:
        """Say what the next epoch follows from; another sampler is told the epoch, where it wants to know."""
        self._seed = seed
        tell = getattr(self.sampler, "set_epoch", None)
        if tell is not None:
            tell(epoch)

    def __len__(self) -> int:
        if self.sampler is None:
            return self.count
        assert isinstance(self.sampler, Sized)
        return len(self.sampler)

    def __iter__(self) -> Iterator[Draw]:
        random = torch.Generator().manual_seed(self._seed)
        if self.sampler is not None:
            order = [int(index) for index in self.sampler]
        else:
            order = (
                torch.randperm(self.count, generator=random) if self.shuffle else torch.arange(self.count)
            ).tolist()
        seeds = torch.randint(LARGEST_SEED, (len(order),), generator=random).tolist()
        yield from zip(order, seeds, strict=True)


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
    return DataLoader(
        SeededItems(dataset),
        batch_size=batch_size,
        sampler=SeededSampler(len(dataset), shuffle, sampler),
        num_workers=num_workers,
        persistent_workers=num_workers > 0,
        pin_memory=pin_memory,
        # Of its own: a loader that starts workers draws from it, one whose workers live on does not.
        generator=torch.Generator(),
    )
