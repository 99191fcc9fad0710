"""One fit: train a recipe's network on the real nodules of a split, and predict the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from csfnet_bundle.core.files import atomic_path
from csfnet_bundle.evaluation.predictions import prediction_table, read_predictions, write_predictions
from csfnet_bundle.networks.nodule_network import NoduleAnswers, NoduleNetwork
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.studies.benchmark.splits import Split
from csfnet_bundle.studies.real_nodules.augmentation import Moves, middle, windowed, zoomed_targets
from csfnet_bundle.studies.real_nodules.claiming import claim
from csfnet_bundle.studies.real_nodules.levels import Level, make_levels
from csfnet_bundle.studies.real_nodules.pretraining import load_pretrained
from csfnet_bundle.studies.real_nodules.recipe import LossWeights, Recipe
from csfnet_bundle.studies.real_nodules.stepping import run_steps
from csfnet_bundle.studies.real_nodules.targets import RATINGS, descriptions, malignancy_rating
from csfnet_bundle.studies.real_nodules.volumes import VARIANTS, FilledVolumes
from csfnet_bundle.training.transfer import weights_digest

WEIGHTS_NAME, STATE_NAME = "network.pt", "training_state.pt"
VALIDATION, TEST, CROPPED = "validation", "test", "test_cropped"
FLIPS: tuple[tuple[int, ...], ...] = ((), (1,), (2,), (3,))
"""Axes of (B, D, H, W) that are flipped at prediction; the logits are averaged."""


@dataclass(frozen=True)
class _Batches:
    """The training nodules, epoch by epoch.

    Attributes:
        levels: volumes of the whole cohort, one level for each view.
        rows: of the training nodules.
        targets: (N, 9).
        ratings: malignancy, (N,).
        labels: (N,).
    """

    levels: list[Level]
    rows: NDArray[np.intp]
    targets: Tensor
    ratings: Tensor
    labels: Tensor

    def steps_per_epoch(self, size: int) -> int:
        """Return how many batches an epoch has; a rest smaller than half a batch is left out."""
        return max(1, round(len(self.rows) / size))

    def choose(self, step: int, size: int, seed: int) -> Tensor:
        """Return the positions of a step's nodules, (B,): every epoch deals them anew."""
        epoch, place = divmod(step, self.steps_per_epoch(size))
        order = torch.randperm(len(self.rows), generator=torch.Generator().manual_seed(seed * 10_007 + epoch))
        return order[place * size : (place + 1) * size]

    def views(self, chosen: Tensor, moves: Moves, generator: torch.Generator) -> Tensor:
        """Return the views of the nodules at positions (B,), moved, each in one of its variants: (B, V, d, h, w)."""
        variants = torch.randint(VARIANTS, (len(chosen),), generator=generator).numpy()
        rows = self.rows[chosen.numpy()]
        return torch.stack([level.view(rows, variants, moves, generator) for level in self.levels], dim=1)


def fit(
    recipe: Recipe,
    pairs: Sequence[FollowUpPair],
    volumes: FilledVolumes,
    start: Path | None,
    folder: Path,
    seed: int,
    predicted: Sequence[FollowUpPair] = (),
) -> NoduleNetwork:
    """Train on real nodules, or go on where a training stopped, and return the network.

    Args:
        recipe: the settings.
        pairs: the nodules to train on.
        volumes: the cohort's filled volumes.
        start: weights of a pre-training; None for a random start.
        folder: for weights and state.
        seed: of weights, order and augmentation.
        predicted: the nodules that the folder's predictions will be of.

    Raises:
        BundleError: the folder holds a fit with other settings or data.
    """
    data = [[_told(pair) for pair in part] for part in (pairs, predicted)]
    claim(folder, [asdict(recipe), seed, weights_digest(start), data], (WEIGHTS_NAME, STATE_NAME))
    path = folder / WEIGHTS_NAME
    if path.is_file():
        return read_network(recipe, folder)
    torch.manual_seed(seed)
    network = recipe.make_network()
    if start is not None:
        load_pretrained(network, start)
    size = recipe.schedule.batch_size
    batches = _Batches(
        make_levels(volumes, network.view_size, network.view_spacings, recipe.augmentation),
        volumes.of(pairs),
        torch.tensor([descriptions(pair) for pair in pairs]),
        torch.tensor([malignancy_rating(pair) for pair in pairs]),
        torch.tensor([float(pair.label or 0) for pair in pairs]),
    )

    def loss(network: NoduleNetwork, step: int, generator: torch.Generator) -> Tensor:
        chosen = batches.choose(step, size, seed)
        moves = recipe.augmentation.draw(len(chosen), generator)
        views = network.encoder.views.with_center(batches.views(chosen, moves, generator))
        targets = zoomed_targets(batches.targets[chosen], moves.log_zoom)
        answers = network.answers_of_views(views)
        return nodule_loss(answers, batches.labels[chosen], batches.ratings[chosen], targets, recipe.loss)

    steps = recipe.epochs * batches.steps_per_epoch(size)
    network = run_steps(network, loss, steps, recipe.schedule, folder / STATE_NAME, seed=seed)
    with atomic_path(path) as temporary:
        torch.save(network.state_dict(), temporary)
    (folder / STATE_NAME).unlink(missing_ok=True)
    return network


def _told(pair: FollowUpPair) -> dict[str, object]:
    """Return all of a record but where its volume lies: a cohort that is moved stays the same."""
    return {**pair.to_record(), "t1": {**pair.t1.to_record(), "path": ""}}


def read_network(recipe: Recipe, folder: Path) -> NoduleNetwork:
    """Return the network of a finished training, in evaluation mode."""
    network = recipe.make_network()
    network.load_state_dict(torch.load(folder / WEIGHTS_NAME, weights_only=True))
    return network.eval()


def nodule_loss(
    answers: NoduleAnswers, labels: Tensor, ratings: Tensor, targets: Tensor, weights: LossWeights
) -> Tensor:
    """Return the loss of a batch.

    Args:
        answers: of the network.
        labels: 0 or 1, (B,).
        ratings: malignancy, standardised, (B,).
        targets: the nine, standardised, (B, 9).
        weights: of the parts.
    """
    given = answers.descriptions
    return (
        F.binary_cross_entropy_with_logits(answers.logit, labels)
        + weights.rating * F.mse_loss(answers.rating, ratings)
        + weights.sizes * F.smooth_l1_loss(given[:, : -len(RATINGS)], targets[:, : -len(RATINGS)])
        + weights.ratings * F.mse_loss(given[:, -len(RATINGS) :], targets[:, -len(RATINGS) :])
        + weights.descriptions * F.smooth_l1_loss(given, targets)
    )


def predict(
    network: NoduleNetwork, pairs: Sequence[FollowUpPair], volumes: FilledVolumes, recipe: Recipe, variant: int = 0
) -> pd.DataFrame:
    """Return the predictions table of nodules: the mean logit over four flips, not calibrated."""
    logits: list[float] = []
    rows = volumes.of(pairs)
    with torch.no_grad():
        for start in range(0, len(rows), recipe.schedule.batch_size):
            chosen = rows[start : start + recipe.schedule.batch_size]
            images = torch.from_numpy(volumes.array[chosen, variant].astype(np.float32))
            rois = windowed(middle(images, recipe.roi_size))  # (B, d, h, w)
            answers = [network.answers(rois.flip(axes) if axes else rois).logit for axes in FLIPS]
            logits += torch.stack(answers).mean(dim=0).double().tolist()
    return prediction_table(
        [pair.subject for pair in pairs],
        [pair.nodule for pair in pairs],
        logits,
        [pair.label for pair in pairs],
    )


def run_fit(recipe: Recipe, split: Split, volumes: FilledVolumes, start: Path | None, folder: Path, seed: int) -> None:
    """Fit a split and predict its validation and test nodules; nothing where that is done.

    Raises:
        BundleError: the folder holds a fit with other settings or data.
    """
    parts = {VALIDATION: (split.validation, 0), TEST: (split.test, 0), CROPPED: (split.test, 1)}
    network = fit(recipe, split.training, volumes, start, folder, seed, (*split.validation, *split.test))
    if is_fitted(folder):
        return
    for name, (pairs, variant) in parts.items():
        write_predictions(predict(network, pairs, volumes, recipe, variant), _path(folder, name))


def is_fitted(folder: Path) -> bool:
    """Tell whether nothing is left to do for a fit."""
    return all(_path(folder, name).is_file() for name in (VALIDATION, TEST, CROPPED))


def read_fit(folder: Path) -> dict[str, pd.DataFrame]:
    """Return what a finished fit predicted."""
    return {name: read_predictions(_path(folder, name)) for name in (VALIDATION, TEST, CROPPED)}


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}.csv"
