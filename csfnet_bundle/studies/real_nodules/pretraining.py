"""Pre-training on drawn nodules: nine known targets, no label and no patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from csfnet_bundle.core.files import atomic_path
from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.networks.nodule_network import NoduleNetwork
from csfnet_bundle.prediction.weights_file import read_plain
from csfnet_bundle.studies.real_nodules.augmentation import middle, windowed
from csfnet_bundle.studies.real_nodules.claiming import claim
from csfnet_bundle.studies.real_nodules.drawn_nodules import Drawing, draw_nodules
from csfnet_bundle.studies.real_nodules.recipe import Recipe
from csfnet_bundle.studies.real_nodules.stepping import run_steps
from csfnet_bundle.studies.real_nodules.targets import DESCRIPTIONS

WEIGHTS_NAME = "pretrained.pt"
STATE_NAME = "pretraining_state.pt"
WEIGHTS: Mapping[str, float] = {"log_diameter": 1.5, "log_volume": 0.5, "texture": 1.0, "margin": 0.4}
"""Of the targets' squared errors; size first, since size is what ranks nodules best."""
OTHER_WEIGHT = 0.2
DRAWN, DRAWN_SIZE = 4096, (28, 54, 54)
"""Nodules in the bank and their ROI, the largest of the recipes. Drawing a batch anew at every step takes three times
as long as learning from it. A recipe of the base's length sees each a dozen times, in another of 16 positions."""
DRAWING_SEED = 20260
AT_A_TIME = 32


@dataclass(frozen=True)
class DrawnNodules:
    """A bank of drawn nodules.

    Attributes:
        images: HU, int16, (N, D, H, W).
        targets: (N, 9), standardised.
    """

    images: NDArray[np.int16]
    targets: NDArray[np.float32]

    def views(self, network: NoduleNetwork, roi_size: tuple[int, int, int]) -> Tensor:
        """Return what a network's encoder sees of all nodules, (N, C, d, h, w): cut once, not at every step."""
        parts = []
        for first in range(0, len(self.images), AT_A_TIME):
            images = torch.from_numpy(self.images[first : first + AT_A_TIME].astype(np.float32))
            parts.append(network.encoder.views(windowed(middle(images, roi_size))))
        return torch.cat(parts)


def drawn_bank(cache: Path, drawing: Drawing) -> DrawnNodules:
    """Draw the bank, or read what was drawn before."""
    kind = f"{DRAWN}_{DRAWING_SEED}_small{drawing.small:g}_subsolid{drawing.subsolid:g}"
    path, targets_path = (cache / f"drawn_{kind}{name}.npy" for name in ("", "_targets"))
    if not (path.is_file() and targets_path.is_file()):
        generator = torch.Generator().manual_seed(DRAWING_SEED)
        targets = []
        with atomic_path(path) as temporary, progress_bar("drawing nodules", DRAWN) as advance:
            images = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.int16, shape=(DRAWN, *DRAWN_SIZE))
            for first in range(0, DRAWN, AT_A_TIME):
                drawn, known = draw_nodules(AT_A_TIME, DRAWN_SIZE, generator, drawing)
                images[first : first + AT_A_TIME] = drawn.round().to(torch.int16).numpy()
                targets.append(known.numpy())
                advance(AT_A_TIME)
            images.flush()
            with atomic_path(targets_path) as other, other.open("wb") as file:
                np.save(file, np.concatenate(targets))
    return DrawnNodules(np.load(path, mmap_mode="r"), np.load(targets_path))


def pretrain(recipe: Recipe, folder: Path, cache: Path, seed: int) -> Path:
    """Pre-train a recipe's network, or go on where it stopped, and return the file of its weights.

    Args:
        recipe: its network, schedule, number of steps and kinds of drawn nodules.
        folder: for weights and state.
        cache: for the drawn nodules, 0.7 GB for each kind of drawing.
        seed: of weights and order.

    Raises:
        BundleError: the folder holds a pre-training with other settings.
    """
    settings = [dict(recipe.network), asdict(recipe.schedule), recipe.pretraining_steps, asdict(recipe.drawing), seed]
    claim(folder, settings, (WEIGHTS_NAME, STATE_NAME))
    path = folder / WEIGHTS_NAME
    if path.is_file():
        return path
    torch.manual_seed(seed)
    network = recipe.make_network()
    bank = drawn_bank(cache, recipe.drawing)
    views, known = bank.views(network, recipe.roi_size), torch.from_numpy(bank.targets)
    weights = torch.tensor([WEIGHTS.get(name, OTHER_WEIGHT) for name in DESCRIPTIONS])

    def loss(network: NoduleNetwork, step: int, generator: torch.Generator) -> Tensor:
        chosen = torch.randint(len(views), (recipe.schedule.batch_size,), generator=generator)
        turned = in_random_position(views[chosen], generator)
        return description_loss(network.answers_of_views(turned).descriptions, known[chosen], weights)

    steps = recipe.pretraining_steps
    network = run_steps(network, loss, steps, recipe.schedule, folder / STATE_NAME, seed=seed)
    with atomic_path(path) as temporary:
        torch.save(network.state_dict(), temporary)
    (folder / STATE_NAME).unlink(missing_ok=True)
    return path


def in_random_position(views: Tensor, generator: torch.Generator) -> Tensor:
    """Return every view of (B, C, d, h, w) flipped along any of its axes and turned by 90 degrees in plane, or not."""
    flips = torch.rand(len(views), 4, generator=generator) < 0.5
    turned = []
    for view, flip in zip(views, flips.tolist(), strict=True):
        axes = [axis + 1 for axis in range(3) if flip[axis]]
        flipped = view.flip(axes) if axes else view
        turned.append(flipped.transpose(2, 3) if flip[3] else flipped)
    return torch.stack(turned)


def load_pretrained(network: NoduleNetwork, path: Path) -> None:
    """Take over all of a pre-training but the answers that it did not train."""
    weights = read_plain(path, "Delete it and pre-train again.")
    own = network.state_dict()
    kept = {name: value for name, value in weights.items() if not name.startswith(("head.answer", "head.hidden"))}
    network.load_state_dict({**own, **kept})


def description_loss(given: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted smooth L1 of the nine targets, (B, 9) each, weights (9,)."""
    return (F.smooth_l1_loss(given, targets, reduction="none") * weights).sum(dim=1).mean()
