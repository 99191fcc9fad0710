"""Pre-training on drawn nodules: nine known targets, no label and no patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from csfnet_bundle.core.files import atomic_path
from csfnet_bundle.networks.nodule_network import NoduleNetwork
from csfnet_bundle.prediction.checkpoint import read_plain
from csfnet_bundle.studies.real_nodules.drawn_nodules import draw_nodules
from csfnet_bundle.studies.real_nodules.recipe import WINDOW, Recipe
from csfnet_bundle.studies.real_nodules.stepping import run_steps
from csfnet_bundle.studies.real_nodules.targets import DESCRIPTIONS

WEIGHTS_NAME = "pretrained.pt"
STATE_NAME = "pretraining_state.pt"
WEIGHTS: Mapping[str, float] = {"log_diameter": 1.5, "log_volume": 0.5, "texture": 1.0, "margin": 0.4}
"""Of the targets' squared errors; size first, since size is what ranks nodules best."""
OTHER_WEIGHT = 0.2


def pretrain(recipe: Recipe, folder: Path, seed: int) -> Path:
    """Pre-train a recipe's network, or go on where it stopped, and return the file of its weights.

    Args:
        recipe: its network, schedule and number of steps.
        folder: for weights and state.
        seed: of weights and drawings.

    Raises:
        BundleError: the folder holds a pre-training with other settings.
    """
    path = folder / WEIGHTS_NAME
    if path.is_file():
        return path
    torch.manual_seed(seed)
    network = recipe.make_network()
    weights = torch.tensor([WEIGHTS.get(name, OTHER_WEIGHT) for name in DESCRIPTIONS])

    def loss(network: NoduleNetwork, step: int, generator: torch.Generator) -> Tensor:
        images, targets = draw_nodules(recipe.schedule.batch_size, recipe.roi_size, generator)
        return description_loss(network.answers(windowed(images)).descriptions, targets, weights)

    settings = str([dict(recipe.network), asdict(recipe.schedule), recipe.pretraining_steps, seed])
    steps = recipe.pretraining_steps
    network = run_steps(network, loss, steps, recipe.schedule, folder / STATE_NAME, seed=seed, settings=settings)
    with atomic_path(path) as temporary:
        torch.save(network.state_dict(), temporary)
    (folder / STATE_NAME).unlink(missing_ok=True)
    return path


def load_pretrained(network: NoduleNetwork, path: Path) -> None:
    """Take over all of a pre-training but the answers that it did not train."""
    weights = read_plain(path, "Delete it and pre-train again.")
    own = network.state_dict()
    kept = {name: value for name, value in weights.items() if not name.startswith(("head.answer", "head.hidden"))}
    network.load_state_dict({**own, **kept})


def description_loss(given: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted smooth L1 of the nine targets, (B, 9) each, weights (9,)."""
    return (F.smooth_l1_loss(given, targets, reduction="none") * weights).sum(dim=1).mean()


def windowed(images: Tensor) -> Tensor:
    """Map HU to [0, 1] by the bundle's window."""
    low, high = WINDOW
    return ((images - low) / (high - low)).clamp(0, 1)
