"""Loaders of training pairs: the same epoch from its seed in one process, in many, after any epoch before it."""

from typing import Any

import pytest
import torch
from monai.data import DataLoader, Dataset
from monai.transforms import Compose, RandFlipd, RandGaussianNoised

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs.transforms import random_augmentation
from csfnet_bundle.training.batch_augmentation import FlipsAndTurns
from csfnet_bundle.training.memory_loader import MemoryLoader
from csfnet_bundle.training.seeded_items import training_loader

ITEMS = 10


def items() -> list[dict[str, Any]]:
    random = torch.Generator().manual_seed(5)
    return [
        {"image": torch.randn(2, 2, 4, 4, generator=random), "label": number % 2, "subject": f"{number:03}"}
        for number in range(ITEMS)
    ]


def augmented() -> Dataset:
    return Dataset(items(), Compose([RandFlipd("image", prob=0.5), RandGaussianNoised("image", prob=0.5)]))


def epoch(loader: Any, seed: int) -> list[dict[str, Any]]:
    torch.manual_seed(seed)
    if isinstance(loader, DataLoader):
        loader.sampler.set_seed(seed, seed)
    return list(loader)


def assert_same(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> None:
    for first, second in zip(one, other, strict=True):
        torch.testing.assert_close(torch.as_tensor(first["image"]), torch.as_tensor(second["image"]), rtol=0, atol=0)
        assert first["subject"] == second["subject"]


def test_workers_that_live_on_give_the_epochs_that_one_process_gives() -> None:
    alone, two = training_loader(augmented(), 3), training_loader(augmented(), 3, num_workers=2)
    assert two.persistent_workers
    first = epoch(two, 1)
    assert_same(first, epoch(alone, 1))
    later = epoch(two, 7)  # the same workers
    assert_same(later, epoch(training_loader(augmented(), 3), 7))
    assert_same(epoch(two, 1), first)
    assert any((a["image"] != b["image"]).any() for a, b in zip(first, later, strict=True))
    del two


def test_a_share_of_the_items_is_told_its_epoch() -> None:
    class Share(torch.utils.data.Sampler[int]):
        epoch = 0

        def set_epoch(self, epoch: int) -> None:
            self.epoch = epoch

        def __iter__(self) -> Any:
            return iter([self.epoch, 4])

        def __len__(self) -> int:
            return 2

    loader = training_loader(augmented(), 2, sampler=Share())
    loader.sampler.set_seed(0, 3)
    (batch,) = loader
    assert batch["subject"] == ["003", "004"]


def test_a_set_in_memory_gives_every_item_once_an_epoch_and_reads_it_once() -> None:
    read: list[str] = []

    def note(item: dict[str, Any]) -> dict[str, Any]:
        read.append(item["subject"])
        return item

    loader = MemoryLoader(Dataset(items(), note), 4, augmentation=FlipsAndTurns(0.5))
    assert len(loader) == 3
    first, again, other = epoch(loader, 1), epoch(loader, 1), epoch(loader, 2)
    assert len(read) == ITEMS
    assert_same(first, again)
    for batches in (first, other):
        assert sorted(name for batch in batches for name in batch["subject"]) == [f"{n:03}" for n in range(ITEMS)]
        for batch in batches:
            for image, label, subject in zip(batch["image"], batch["label"], batch["subject"], strict=True):
                source = items()[int(subject)]
                assert source["label"] == label
                torch.testing.assert_close(image.flatten().sort().values, source["image"].flatten().sort().values)
    assert [batch["subject"] for batch in first] != [batch["subject"] for batch in other]
    (whole,) = MemoryLoader(Dataset(items()), ITEMS, shuffle=False)
    torch.testing.assert_close(whole["image"], torch.stack([item["image"] for item in items()]))
    with pytest.raises(BundleError, match="batch_size is 0"):
        MemoryLoader(Dataset(items()), 0)


def test_flips_and_turns_of_items_follow_from_the_seed_whatever_comes_before_them() -> None:
    """Before them is nothing, or a random transform of MONAI's; no item loses a voxel."""
    shifted = Dataset(items() * 40, Compose([RandGaussianNoised("image", prob=1.0), random_augmentation(0.5)]))
    plain = Dataset(items() * 40, Compose([random_augmentation(0.5)]))
    for dataset in (plain, shifted):
        first, other = (epoch(training_loader(dataset, 50, shuffle=False), seed) for seed in (1, 2))
        assert_same(first, epoch(training_loader(dataset, 50, shuffle=False, num_workers=1), 1))
        assert any((a["image"] != b["image"]).any() for a, b in zip(first, other, strict=True))
    images = torch.cat([batch["image"] for batch in epoch(training_loader(plain, 50, shuffle=False), 3)])
    sources = torch.stack([item["image"] for item in items() * 40])
    torch.testing.assert_close(images.flatten(1).sort().values, sources.flatten(1).sort().values, rtol=0, atol=0)
    kinds = {image.numpy().tobytes() for image in images[::ITEMS]}  # 40 times the same item
    assert 10 < len(kinds) <= 32
