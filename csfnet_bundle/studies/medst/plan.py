"""What a study trains: variants of the Med-ST pre-training over seeds, where each fit lies, and whether it is done."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from csfnet_bundle import __version__
from csfnet_bundle.core.bundle_root import CONFIGS
from csfnet_bundle.medst.data import texts_digest
from csfnet_bundle.medst.text_models import text_digest
from csfnet_bundle.prediction.checkpoint import MODEL_NAME
from csfnet_bundle.prediction.data import datalist_hash
from csfnet_bundle.studies.medst.variants import OTHER_SEEDS, SMALL, UNTRAINED, Variant, read_variants
from csfnet_bundle.training.transfer import weights_digest
from csfnet_bundle.training.workflow import EPOCHS

PRETRAIN, TINY, EVALUATE = "medst_pretrain.json", "medst/tiny.json", "medst_evaluate.json"
TEXT_SOURCE = "text_source"
"""The id of the text model in the config; without an override it is the one that comes as a package."""
DONE_NAME = "fit.json"


@dataclass(frozen=True)
class StudyPlan:
    """What is trained.

    Attributes:
        dataset_dir: the cohort of CT follow-up.
        out: folder for all that is made.
        bundle_root: holds ``configs/``.
        variants: names of variants.
        seeds: fits of each main variant; others have two at most.
        overrides: ids of the config and their values, for every fit.
    """

    dataset_dir: Path
    out: Path
    bundle_root: Path
    variants: tuple[str, ...]
    seeds: int
    overrides: Mapping[str, Any]

    @property
    def fits(self) -> list[Fit]:
        """All fits: first two seeds of the main variants, then of the others, then the main ones' further seeds."""
        known = read_variants(self.bundle_root)
        main = [name for name in self.variants if name in known and known[name].main]
        others = [name for name in self.variants if name not in main]
        first = range(min(self.seeds, OTHER_SEEDS))
        return [
            *(Fit(variant, seed) for group in (main, others) for seed in first for variant in group),
            *(Fit(variant, seed) for seed in range(OTHER_SEEDS, self.seeds) for variant in main),
        ]

    @property
    def rois(self) -> Path:
        """Where ROIs are cached."""
        return self.out / "roi_cache"

    def folder(self, fit: Fit) -> Path:
        """Return where a fit lies."""
        return self.out / "fits" / fit.variant / f"seed{fit.seed}"

    def configs(self, fit: Fit) -> tuple[Path, ...]:
        """Return the files of a fit's training: the base and the tiny size, with the small one over it where asked."""
        names = [PRETRAIN, TINY, *([f"medst/{SMALL}.json"] if fit.variant == SMALL else [])]
        return tuple(self.bundle_root / CONFIGS / name for name in names)

    def is_done(self, fit: Fit) -> bool:
        """Tell whether a fit has its result, made with its switch as it is now."""
        path = self.folder(fit) / DONE_NAME
        return path.is_file() and self.result(fit)["switch_sha256"] == self.switch_digest(fit)

    def switch_digest(self, fit: Fit) -> str:
        """Return the SHA-256 of what a fit changes against the others, the weights that it starts from among it."""
        changed = json.dumps(dict(self._variant(fit).overrides or {}), sort_keys=True).encode()
        if start := self.start_of(fit):
            changed += str(weights_digest(self._model(start))).encode()
        return _digest(self.configs(fit)[2:], changed)

    def result(self, fit: Fit) -> dict[str, Any]:
        """Return what a finished fit found."""
        found: dict[str, Any] = json.loads((self.folder(fit) / DONE_NAME).read_text(encoding="utf-8"))
        return found

    def overrides_of(self, fit: Fit) -> dict[str, Any]:
        """Return the overrides of a fit; a network that learns nothing is the same after its first epoch."""
        known = self._variant(fit)
        own: dict[str, Any] = {}
        if fit.variant == UNTRAINED:
            own[EPOCHS] = 1
        if start := self.start_of(fit):
            own["initial_weights"] = str(self._model(start))
        return {**(known.overrides or {}), **self.overrides, **own}

    def start_of(self, fit: Fit) -> Fit | None:
        """Return the fit whose weights a fit starts from; None: it starts from random ones."""
        name = self._variant(fit).starts_from
        return Fit(name, fit.seed) if name else None

    def _model(self, fit: Fit) -> Path:
        return self.folder(fit) / MODEL_NAME

    def _variant(self, fit: Fit) -> Variant:
        return Variant("") if fit.variant == SMALL else read_variants(self.bundle_root)[fit.variant]

    def settings(self) -> dict[str, Any]:
        """Return what every fit depends on; a folder holds fits of one of them alone.

        Raises:
            BundleError: there is no text model where the overrides say.
        """
        shared = [self.bundle_root / CONFIGS / name for name in (PRETRAIN, TINY, EVALUATE)]
        text_source = self.overrides.get(TEXT_SOURCE)
        return {
            **({} if text_source is None else {"text_model_sha256": text_digest(str(text_source))}),
            "bundle_version": __version__,
            "datalist_sha256": datalist_hash(self.dataset_dir),
            "texts_sha256": texts_digest(self.dataset_dir),
            "overrides": json.loads(json.dumps(dict(self.overrides))),  # as the file will have them
            "configs_sha256": _digest(shared),
        }


@dataclass(frozen=True)
class Fit:
    """One pre-training of a study."""

    variant: str
    seed: int

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"{self.variant}, seed {self.seed}"


def _digest(paths: Iterable[Path], further: bytes = b"") -> str:
    """Return the SHA-256 of files, one after the other, and of further bytes, hexadecimal."""
    return hashlib.sha256(b"".join([*(path.read_bytes() for path in paths), further])).hexdigest()
