"""Random numbers that follow from the seed and the epoch alone."""

from __future__ import annotations

import ignite.distributed as idist
import torch
from ignite.engine import Events
from monai.data import DataLoader
from monai.engines import Trainer
from monai.utils import set_determinism

from csfnet_bundle.training.seeded_items import SeededSampler

SEED_STEP, EPOCH_STEP = 100_003, 1_009
"""Primes that keep the streams of different seeds, epochs and processes apart."""


def set_random_state(seed: int, deterministic: bool) -> None:
    """Seed torch, numpy and MONAI.

    Args:
        seed: of the run.
        deterministic: use only algorithms that give the same bits again on a GPU; else cuDNN tries which are fastest.
    """
    set_determinism(seed=seed)
    if not deterministic:
        torch.backends.cudnn.deterministic = False
        torch.backends.cudnn.benchmark = True


class SeedEpochs:
    """Seeds torch, the transforms and thereby the loader's workers anew at the start of every epoch.

    So an epoch is the same whether the ones before it ran in the same process or not.

    Args:
        seed: of the run.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def attach(self, trainer: Trainer) -> None:
        """Attach to the trainer."""
        trainer.add_event_handler(Events.EPOCH_STARTED, self._seed)

    def _seed(self, trainer: Trainer) -> None:
        seed = (self.seed * SEED_STEP + trainer.state.epoch * EPOCH_STEP + idist.get_rank()) % 2**32
        torch.manual_seed(seed)
        loader = trainer.data_loader
        sampler = getattr(loader, "sampler", None)
        if isinstance(sampler, SeededSampler):
            sampler.set_seed(seed, trainer.state.epoch)
        transform = getattr(loader.dataset, "transform", None) if isinstance(loader, DataLoader) else None
        if transform is not None:
            transform.set_random_state(seed=seed)
