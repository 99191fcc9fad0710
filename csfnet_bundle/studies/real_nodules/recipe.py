"""A recipe for one-scan networks on real nodules: a base config and small overrides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from monai.bundle import ConfigParser

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.networks import create_network
from csfnet_bundle.networks.nodule_network import NoduleNetwork
from csfnet_bundle.studies.real_nodules.augmentation import Augmentation
from csfnet_bundle.studies.real_nodules.drawn_nodules import Drawing

FOLDER = Path("configs/real_nodules")
BASE = "base"


@dataclass(frozen=True)
class Schedule:
    """How weights move: AdamW, a linear warm-up, then a cosine to 0; what is kept is their moving average.

    Attributes:
        learning_rate: the highest.
        betas: of AdamW.
        weight_decay: of matrices and kernels; biases and normalisation have none.
        warm_up: share of the steps.
        gradient_clip: largest norm of a step's gradient.
        averaging: share of the moving average that a step keeps.
        batch_size: nodules a step.
    """

    learning_rate: float = 0.003
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 0.05
    warm_up: float = 0.15
    gradient_clip: float = 3.0
    averaging: float = 0.99
    batch_size: int = 32


@dataclass(frozen=True)
class LossWeights:
    """Weights of what is added to the cross-entropy of the label.

    Attributes:
        rating: of the squared error of the malignancy rating.
        sizes: of the smooth L1 of log diameter and log volume.
        ratings: of the squared error of the seven ratings.
        descriptions: of the smooth L1 of all nine.
    """

    rating: float = 2.0
    sizes: float = 1.0
    ratings: float = 0.5
    descriptions: float = 0.5


@dataclass(frozen=True)
class Recipe:
    """All settings of a fit.

    Attributes:
        name: of the config file.
        network: architecture of a :class:`csfnet_bundle.networks.nodule_network.NoduleNetwork`.
        pretraining_steps: on drawn nodules; 0 for none.
        drawing: what kinds of nodules are drawn.
        epochs: on real nodules.
        schedule: of both.
        loss: on real nodules.
        augmentation: of real nodules.
    """

    name: str
    network: Mapping[str, Any]
    pretraining_steps: int = 1500
    drawing: Drawing = field(default_factory=Drawing)
    epochs: int = 20
    schedule: Schedule = field(default_factory=Schedule)
    loss: LossWeights = field(default_factory=LossWeights)
    augmentation: Augmentation = field(default_factory=Augmentation)

    def make_network(self) -> NoduleNetwork:
        """Make the network, with fresh weights."""
        network = create_network(self.network)
        if not isinstance(network, NoduleNetwork):
            raise BundleError(
                f"its network is a {type(network).__name__}, expected NoduleNetwork", record=f"recipe {self.name}"
            )
        return network

    @property
    def roi_size(self) -> tuple[int, int, int]:
        """(D, H, W) of the ROI at 1 mm."""
        depth, height, width = self.network["roi_size"]
        return depth, height, width


def load_recipe(name: str, root: Path) -> Recipe:
    """Read ``configs/real_nodules/base.json`` and, over it, ``NAME.json``.

    Raises:
        BundleError: no such file, or a setting that recipes do not have.
    """
    paths = [root / FOLDER / f"{part}.json" for part in dict.fromkeys((BASE, name))]
    for path in paths:
        if not path.is_file():
            known = sorted(file.stem for file in (root / FOLDER).glob("*.json"))
            raise BundleError(f"there is no recipe {path.stem!r}", remedy=f"Choose of {', '.join(known)}.")
    parser = ConfigParser(ConfigParser.load_config_file(paths[0]))
    for path in paths[1:]:
        parser.update(ConfigParser.load_config_file(path))
    config = dict(parser.get())
    parts = {"drawing": Drawing, "schedule": Schedule, "loss": LossWeights, "augmentation": Augmentation}
    settings = sorted({entry.name for entry in fields(Recipe)} - {"name"})
    for key in config:
        if key not in settings:
            remedy = f"Known: {', '.join(settings)}."
            raise BundleError(f"setting {key!r} is not known", record=str(paths[-1]), remedy=remedy)
    try:
        made = {key: part(**config.pop(key, {})) for key, part in parts.items()}
    except TypeError as error:
        raise BundleError(str(error), record=str(paths[-1])) from None
    return Recipe(name=name, **config, **made)
