"""``pretrain-nodules``: pre-train a recipe's network on drawn nodules."""

from __future__ import annotations

from pathlib import Path

from csfnet_bundle.commands.bundle_run import bundle_root
from csfnet_bundle.core.errors import BundleError


def pretrain_nodules(out: Path, recipe: str = "base", seed: int = 0) -> None:
    """Pre-train on drawn nodules, which need no data; after an interruption it resumes.

    ``real-nodules`` does the same by itself for every recipe.

    Args:
        out: folder for the weights, the state and the drawn nodules.
        recipe: name of a file in configs/real_nodules/.
        seed: of weights and order.

    Examples:
        csfnet pretrain-nodules output/pretraining
        csfnet pretrain-nodules output/pretraining_finer --recipe finer --seed 1
    """
    import torch

    from csfnet_bundle.studies.real_nodules.pretraining import pretrain
    from csfnet_bundle.studies.real_nodules.recipe import load_recipe

    chosen = load_recipe(recipe, bundle_root())
    if not chosen.pretraining_steps:
        raise BundleError(f"recipe {recipe} has no pre-training", remedy="Name another with --recipe.")
    torch.set_num_threads(1)  # the network is small: more threads take longer
    folder = out.resolve()
    print(pretrain(chosen, folder, folder / "cache", seed))
