"""``pretrain-nodules``: pre-train a recipe's network on drawn nodules."""

from __future__ import annotations

from pathlib import Path

import torch

from csfnet_bundle.commands.bundle_run import bundle_root
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.studies.real_nodules.pretraining import pretrain
from csfnet_bundle.studies.real_nodules.recipe import BASE, load_recipe


def pretrain_nodules(out: str, recipe: str = BASE, seed: int = 0) -> None:
    """Pre-train on drawn nodules, which need no data; started again, it goes on where it stopped.

    ``real-nodules`` does the same by itself for every recipe and seed.

    Args:
        out: folder for the weights, the state and the drawn nodules.
        recipe: name of a file in configs/real_nodules/.
        seed: of weights and order.
    """
    chosen = load_recipe(recipe, bundle_root())
    if not chosen.pretraining_steps:
        raise BundleError(f"recipe {recipe} has no pre-training", remedy="Name another by --recipe.")
    torch.set_num_threads(1)  # the network is small: more threads take longer
    folder = Path(out).resolve()
    print(pretrain(chosen, folder, folder / "cache", seed))
