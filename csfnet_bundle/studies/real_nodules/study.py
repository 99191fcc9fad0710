"""The study: every recipe, seed and fold, fitted or read, and judged together; started again it goes on."""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.networks import count_parameters
from csfnet_bundle.nodule.simple_reference import simple_reference_scores
from csfnet_bundle.prediction.data import datalist_hash
from csfnet_bundle.records import Datalist, FollowUpPair, load_datalist
from csfnet_bundle.studies.benchmark.splits import Split, labelled_pairs, make_splits
from csfnet_bundle.studies.real_nodules.fitting import CROPPED, TEST, VALIDATION, read_fit, run_fit
from csfnet_bundle.studies.real_nodules.judging import DIAMETER, FoldScores, judge
from csfnet_bundle.studies.real_nodules.pretraining import pretrain
from csfnet_bundle.studies.real_nodules.recipe import Recipe
from csfnet_bundle.studies.real_nodules.spending import add_seconds, read_seconds
from csfnet_bundle.studies.real_nodules.targets import stratum
from csfnet_bundle.studies.real_nodules.volumes import filled_volumes

PRETRAINING_SEED = 0
ALL = "all networks"
CROPPED_ROW = "boxes cropped at test"
SEED_OF = ", seed "
"""Between a recipe's name and a seed, in a system's name; without it stands the mean of the seeds."""


@dataclass(frozen=True)
class Study:
    """What is fitted.

    Attributes:
        dataset_dir: a cohort of boxed nodules, made by ``cohort lidc-voi``.
        out: folder for everything that is made.
        recipes: their settings.
        seeds: networks a fold that differ in their seed alone.
        folds: of the cross-validation, by patient.
    """

    dataset_dir: Path
    out: Path
    recipes: tuple[Recipe, ...]
    seeds: int
    folds: int

    @property
    def cache(self) -> Path:
        """Where volumes are kept that all fits share."""
        return self.out / "cache"

    def folder(self, recipe: Recipe, seed: int, fold: int) -> Path:
        """Return where a fit's files go."""
        return self.out / recipe.name / f"seed{seed}_fold{fold}"

    def pretraining(self, recipe: Recipe) -> Path:
        """Return where the files of a recipe's pre-training go: one for all its fits, since it sees no patient."""
        return self.out / recipe.name / "pretraining"


def run_study(study: Study, command: str) -> dict[str, Any]:
    """Do what is left to do, and return all results.

    Args:
        study: what is fitted.
        command: that makes the results, to be named in them.

    Raises:
        BundleError: data that cannot be used, or fits with other settings in ``out``.
    """
    splits, seconds = fit_study(study)
    folds = [_scores(study, split, number) for number, split in enumerate(splits)]
    single = [single_name(recipe, seed) for recipe in study.recipes for seed in range(study.seeds)]
    systems = [DIAMETER, *single]
    for name, members in _groups(study).items():
        for fold in folds:
            fold.add_mean(name, members)
            fold.add_sum(f"{name} + {DIAMETER}", [name, DIAMETER])
        systems += [name, f"{name} + {DIAMETER}"]
    rows = judge(folds, systems)
    cropped = [_cropped(study, fold, number) for number, fold in enumerate(folds)]
    for name, row in judge(cropped, single).items():
        rows[name][CROPPED_ROW] = row["auc"]
    return {
        "what": "One-scan networks on LIDC-IDRI nodule volumes. The label is the readers' opinion, not pathology.",
        "command": command,
        "cohort": _cohort(load_datalist(study.dataset_dir)),
        "folds": study.folds,
        "seeds": study.seeds,
        "recipes": {recipe.name: _settings(recipe) for recipe in study.recipes},
        "seconds": seconds,
        "device": f"CPU ({platform.machine()}), {torch.get_num_threads()} thread",
        "difference_is": f"system - {DIAMETER}",
        "systems": rows,
    }


def fit_study(study: Study) -> tuple[list[Split], dict[str, float]]:
    """Fit what is not there; return the splits, and the processor seconds of each recipe's fits.

    Raises:
        BundleError: data that cannot be used, or fits with other settings in the study's folder.
    """
    datalist = load_datalist(study.dataset_dir)
    splits = make_splits(datalist, study.folds)
    volumes = filled_volumes(labelled_pairs(datalist), datalist.folder, study.cache)
    begun, path = time.process_time(), seconds_path(study)
    with progress_bar("fits", study.seeds * len(study.recipes) * len(splits)) as advance:
        for recipe, seed in ((recipe, seed) for seed in range(study.seeds) for recipe in study.recipes):
            start = None
            if recipe.pretraining_steps:
                start = pretrain(recipe, study.pretraining(recipe), study.cache, PRETRAINING_SEED)
                begun = add_seconds(path, _pretraining_name(recipe), begun)
            for number, split in enumerate(splits):
                run_fit(recipe, split, volumes, start, study.folder(recipe, seed, number), seed)
                begun = add_seconds(path, single_name(recipe, seed), begun)
                advance(1)
    return splits, read_seconds(path)


def fits_of(recipe: Recipe, seed: int) -> list[str]:
    """Return by what names the seconds of a recipe's fits with one seed are kept."""
    fits = [single_name(recipe, seed)]
    return [_pretraining_name(recipe), *fits] if recipe.pretraining_steps else fits


def seconds_path(study: Study) -> Path:
    """Return the file of what the study's fits have taken."""
    return study.out / "seconds.json"


def _scores(study: Study, split: Split, number: int) -> FoldScores:
    scores = FoldScores({}, {}, np.array([pair.label for pair in split.validation], dtype=np.int64), split.test)
    for recipe in study.recipes:
        for seed in range(study.seeds):
            tables = read_fit(study.folder(recipe, seed, number))
            scores.validation[single_name(recipe, seed)] = _logits(tables[VALIDATION], split.validation)
            scores.test[single_name(recipe, seed)] = _logits(tables[TEST], split.test)
    training = np.log([[stratum(pair, "diameter_mm")] for pair in split.training])
    labels = np.array([pair.label for pair in split.training])
    for part, pairs in ((scores.validation, split.validation), (scores.test, split.test)):
        features = np.log([[stratum(pair, "diameter_mm")] for pair in pairs])
        part[DIAMETER] = simple_reference_scores(training, labels, features)
    return scores


def _cropped(study: Study, fold: FoldScores, number: int) -> FoldScores:
    """The fold's scores with the test boxes cropped before they were filled."""
    test = dict(fold.test)
    for recipe in study.recipes:
        for seed in range(study.seeds):
            test[single_name(recipe, seed)] = _logits(read_fit(study.folder(recipe, seed, number))[CROPPED], fold.pairs)
    return FoldScores(fold.validation, test, fold.validation_labels, fold.pairs)


def _logits(table: pd.DataFrame, pairs: Sequence[FollowUpPair]) -> np.ndarray:
    by_nodule = table.set_index(["subject", "nodule"])["logit"]
    return by_nodule.loc[[(pair.subject, pair.nodule) for pair in pairs]].to_numpy(np.float64)


def _groups(study: Study) -> dict[str, list[str]]:
    """Networks that are averaged: the seeds of each recipe, and those of all recipes with a pre-training."""
    groups = {recipe.name: [single_name(recipe, seed) for seed in range(study.seeds)] for recipe in study.recipes}
    pretrained = [recipe.name for recipe in study.recipes if recipe.pretraining_steps]
    if len(pretrained) > 1:
        groups[ALL] = [name for recipe in pretrained for name in groups[recipe]]
    return groups


def _pretraining_name(recipe: Recipe) -> str:
    return f"{recipe.name}, pre-training"


def single_name(recipe: Recipe, seed: int) -> str:
    """Return what a recipe's networks of one seed are called in results."""
    return f"{recipe.name}{SEED_OF}{seed}"


def _settings(recipe: Recipe) -> dict[str, Any]:
    network = recipe.make_network()
    return {**asdict(recipe), "network": network.architecture(), "parameters": count_parameters(network)}


def _cohort(datalist: Datalist) -> dict[str, Any]:
    pairs = labelled_pairs(datalist)
    return {
        "datalist_sha256": datalist_hash(datalist.folder),
        "nodules": len(pairs),
        "patients": len({pair.subject for pair in pairs}),
        "malignant": sum(pair.label == 1 for pair in pairs),
    }
