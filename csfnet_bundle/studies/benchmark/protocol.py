"""What a benchmark is: its data, splits, seeds and settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from monai.bundle import ConfigParser

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.comparison import REFERENCE
from csfnet_bundle.inputs import RoiSettings
from csfnet_bundle.networks import PAPER_SYSTEMS, SYSTEMS, Network
from csfnet_bundle.training.workflow import EPOCHS

PRETRAINED = tuple(system.name for system in SYSTEMS.values() if system.compared_with)
"""The systems that start from a pre-training."""
INITIAL_WEIGHTS = "initial_weights"
"""Id of the config: the weights that a training starts from."""


@dataclass(frozen=True)
class Fit:
    """One network to be trained.

    Attributes:
        system: a key of :data:`csfnet_bundle.networks.SYSTEMS`.
        fold: whose patients are held out, from 0.
        seed: of every random number.
        permutation: 0 for the true labels, else the seed that they were dealt anew by.
    """

    system: str
    fold: int
    seed: int
    permutation: int = 0

    @property
    def name(self) -> str:
        """The fit's folder below ``fits``, and its name in messages."""
        permuted = f"_permuted{self.permutation}" if self.permutation else ""
        return f"{self.system}/fold{self.fold}_seed{self.seed}{permuted}"


@dataclass(frozen=True)
class Protocol:
    """A benchmark's settings.

    Attributes:
        dataset_dir: the cohort.
        out: folder for everything that is made.
        bundle_root: the folder that holds configs/.
        systems: keys of :data:`csfnet_bundle.networks.SYSTEMS`.
        folds: of the cross-validation; 1 for one split, the datalist's own.
        seeds: networks a fold that differ in their seed alone.
        config_files: further config files, after configs/train.json and the system's own.
        overrides: ids of the config and their values, for every fit.
        without_reads: take the radiologists' reads out of the clinical values.
        permutations: how often labels are permuted and the reference system trained on them.
        cache_dir: where ROIs are cached; None is within ``out``.
        evaluate_on: another cohort that the trained folds predict.
        pretrained: weights of a pre-training, for the systems that start from one.
        common_test: pairs of a test set of phantom ROIs that every fit scores; 0 for none.
    """

    dataset_dir: Path
    out: Path
    bundle_root: Path
    systems: tuple[str, ...] = PAPER_SYSTEMS
    folds: int = 5
    seeds: int = 3
    config_files: tuple[str, ...] = ()
    overrides: Mapping[str, object] = field(default_factory=dict)
    without_reads: bool = False
    permutations: int = 0
    cache_dir: Path | None = None
    evaluate_on: Path | None = None
    pretrained: Path | None = None
    common_test: int = 0

    def __post_init__(self) -> None:
        unknown = [system for system in self.systems if system not in SYSTEMS]
        if unknown or not self.systems:
            raise BundleError(
                f"there is no system {unknown[0]!r}" if unknown else "no system is named",
                record="benchmark",
                remedy=f"Choose of {', '.join(SYSTEMS)}.",
            )
        least = {"folds": (self.folds, 1), "seeds": (self.seeds, 1), "permuted_labels": (self.permutations, 0)}
        least |= {"common_test": (self.common_test, 0), "epochs": (int(str(self.overrides.get(EPOCHS, 1))), 1)}
        for name, (value, low) in least.items():
            if value < low:
                raise BundleError(f"is {value}, expected {low} or more", record=f"--{name}")
        start = [system for system in self.systems if SYSTEMS[system].compared_with]
        if start and self.pretrained is None:
            raise BundleError(
                f"{start[0]} starts from a pre-training, and none is given",
                record="benchmark",
                remedy="Name the model.pt of configs/medst_pretrain.json by --pretrained.",
            )
        if self.pretrained is not None and not start:
            raise BundleError(
                "a pre-training is given, and no system starts from one",
                record="--pretrained",
                remedy=f"Name by --systems {' or '.join(PRETRAINED)}, or leave it away.",
            )
        if self.pretrained is not None and not self.pretrained.is_file():
            raise BundleError(f"there is no file {self.pretrained}", record="--pretrained")

    @property
    def rois(self) -> Path:
        """Where ROIs are cached."""
        return self.cache_dir or self.out / "roi_cache"

    @property
    def fits(self) -> list[Fit]:
        """Every network to be trained, seed by seed, so that an early stop leaves whole cross-validations."""
        true = [
            Fit(system, fold, seed)
            for seed in range(self.seeds)
            for system in self.systems
            for fold in range(self.folds)
        ]
        return true + [Fit(self.reference, 0, 0, permutation) for permutation in range(1, self.permutations + 1)]

    @property
    def reference(self) -> str:
        """The system that all others are compared with: CSF-Net, or the first where it is not among them."""
        return REFERENCE if REFERENCE in self.systems else self.systems[0]

    def folder(self, fit: Fit) -> Path:
        """Return where a fit's files go."""
        return self.out / "fits" / fit.name

    def cohort(self, fit: Fit) -> Path:
        """Return the folder of the datalist that a fit is trained on."""
        permuted = f"_permuted{fit.permutation}" if fit.permutation else ""
        return self.out / "folds" / f"fold{fit.fold}{permuted}"

    def configs(self, system: str) -> list[str]:
        """Return the config files of a system, the later ones over the earlier.

        A further file ``NAME.json`` may have a part for one system alone, ``NAME/SYSTEM.json``, e.g. a learning rate.
        """
        folder = self.bundle_root / "configs"
        own_settings = SYSTEMS[system].config
        files = [folder / "train.json", *([folder / "systems" / f"{own_settings}.json"] if own_settings else [])]
        for name in map(Path, self.config_files):
            own = name.with_suffix("") / f"{system}.json"
            files += [name, own] if own.is_file() else [name]
        return [str(file) for file in files]

    def settings(self, system: str) -> dict[str, Any]:
        """Return a system's config, its files one over the other, nothing of it evaluated."""
        config: dict[str, Any] = ConfigParser.load_config_files(self.configs(system))
        return {**config, **self.overrides, "system": system}

    def start(self, system: str) -> Path | None:
        """Return the weights that a system's fits start from: the pre-training, or what its config names, if anything.

        Raises:
            BundleError: the config names a file that is not there.
        """
        if SYSTEMS[system].compared_with:
            return self.pretrained
        settings = {**self.settings(system), "bundle_root": str(self.bundle_root)}
        named = ConfigParser(settings).get_parsed_content(INITIAL_WEIGHTS)
        if named is None:
            return None
        if not Path(named).is_file():
            raise BundleError(
                f"there is no file {named}", record=f"{INITIAL_WEIGHTS} of {system}", remedy="Name another, or none."
            )
        return Path(named)

    @property
    def follow_links(self) -> bool:
        """Whether scans are also found through symbolic links."""
        return bool(self.settings(self.systems[0])["follow_links"])

    def roi(self) -> RoiSettings:
        """Return the ROI, the same for all systems."""
        return RoiSettings.from_plain(self.settings(self.systems[0])["roi"])

    def needs_two_scans(self) -> list[str]:
        """Return the systems that cannot do without t0."""
        return [system for system in self.systems if self._network(system).needs_prior]

    def _network(self, system: str) -> Network:
        with torch.device("meta"):  # shapes alone
            network: Network = ConfigParser(self.settings(system)).get_parsed_content("network_def")
        return network
