"""A federation on one machine: MONAI's ``MonaiAlgo`` for every site, plain averaging in between."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from monai.bundle import ConfigWorkflow
from monai.fl.client import MonaiAlgo
from monai.fl.utils.constants import ExtraItems
from monai.fl.utils.exchange_object import ExchangeObject

from csfnet_bundle.prediction.checkpoint import ModelCheckpoint, load_checkpoint
from csfnet_bundle.prediction.data import data_description, datalist_items
from csfnet_bundle.prediction.seen_patients import ACCEPTED, SEEN_PATIENTS
from csfnet_bundle.training.best_model import BestModel
from csfnet_bundle.training.federated.averaging import average_weights

logger = logging.getLogger(__name__)

TRAIN_CONFIGS = ("configs/train.json", "configs/federated.json")
EVALUATE_CONFIGS = ("configs/train.json", "configs/evaluate.json", "configs/federated_evaluate.json")


@dataclass(frozen=True)
class Site:
    """One participant.

    Attributes:
        name: of the site.
        dataset_dir: its cohort, with training and validation lists; nothing of it leaves the site but weights, metrics
            and, where patients may be told, their hashes.
        output_dir: its own folder for logs and its best local model.
    """

    name: str
    dataset_dir: Path
    output_dir: Path

    @property
    def training_pairs(self) -> int:
        """Number of pairs that the site trains on."""
        return len(datalist_items(self.dataset_dir, "training"))

    def algorithm(
        self, bundle_root: Path, global_model: Path, local_epochs: int, override: Mapping[str, Any]
    ) -> MonaiAlgo:
        """Return MONAI's client of this site, initialized.

        Args:
            bundle_root: the folder that holds configs/.
            global_model: the checkpoint that the federation starts from; it tells network and ROI.
            local_epochs: epochs in a round.
            override: further ids of the configs and their values.
        """
        shared = {"dataset_dir": str(self.dataset_dir), "global_model": str(global_model), **override}
        algorithm = MonaiAlgo(
            bundle_root=str(bundle_root),
            local_epochs=local_epochs,
            config_train_filename=list(TRAIN_CONFIGS),
            train_kwargs={**shared, "output_dir": str(self.output_dir)},
            config_evaluate_filename=list(EVALUATE_CONFIGS),
            eval_kwargs={**shared, "output_dir": str(self.output_dir)},
        )
        with warnings.catch_warnings():
            # Here no server sends configs: they are the bundle's own.
            warnings.filterwarnings("ignore", "executing the bundle config", UserWarning)
            algorithm.initialize({ExtraItems.CLIENT_NAME: self.name})
        return algorithm


@dataclass(frozen=True)
class Round:
    """What happened in a round.

    Attributes:
        number: from 1.
        metrics: by site, of the global model that the round ended with, on the site's validation pairs.
    """

    number: int
    metrics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def simulate_federation(
    sites: Sequence[Site],
    bundle_root: Path,
    global_model: Path,
    rounds: int,
    local_epochs: int = 1,
    override: Mapping[str, Any] | None = None,
) -> tuple[ModelCheckpoint, list[Round]]:
    """Train over sites: in every round each trains the global weights on its own pairs, and the results are averaged.

    The sites are weighed by their numbers of training pairs.

    Args:
        sites: the participants; they take turns on this machine.
        bundle_root: the folder that holds configs/.
        global_model: the checkpoint to start from.
        rounds: of training and averaging.
        local_epochs: epochs at each site in a round.
        override: ids of the configs and their values, at every site.

    Returns:
        The last global model, uncalibrated, and the rounds. It lists the sites' patients as a training's weights do
        (:class:`csfnet_bundle.training.BestModel`).

    Raises:
        BundleError: no such checkpoint or cohort, or a site holds out patients whom the checkpoint has seen; MONAI
            wraps what is raised in a site.
    """
    start = load_checkpoint(global_model)
    algorithms = {site.name: site.algorithm(bundle_root, global_model, local_epochs, override or {}) for site in sites}
    shares = [site.training_pairs for site in sites]
    weights = dict(start.weights)
    history = []
    for number in range(1, rounds + 1):
        results = []
        for algorithm in algorithms.values():
            algorithm.train(ExchangeObject(weights=_copy(weights)))
            difference = algorithm.get_weights().weights  # MonaiAlgo sends what changed, not the weights
            results.append({name: weights[name] + change for name, change in difference.items()})
        weights = average_weights(results, shares)
        metrics = {
            name: dict(algorithm.evaluate(ExchangeObject(weights=_copy(weights))).metrics)
            for name, algorithm in algorithms.items()
        }
        history.append(Round(number, metrics))
        logger.info("round %d/%d: %s", number, rounds, metrics)
    for algorithm in algorithms.values():
        algorithm.finalize()
    models = {name: _best_model(algorithm) for name, algorithm in algorithms.items()}
    accepted = [f"{name}: {told}" for name, model in models.items() for told in model.accepted.values()]
    provenance = _provenance(start, sites, history) | ({ACCEPTED: "; ".join(accepted)} if accepted else {})
    further = {**start.further, **({SEEN_PATIENTS: seen} if (seen := _seen_patients(models.values())) else {})}
    return replace(start, weights=weights, provenance=provenance, further=further), history


def _best_model(algorithm: MonaiAlgo) -> BestModel:
    """Return the handler that keeps the site's own best model."""
    workflow = algorithm.train_workflow
    assert isinstance(workflow, ConfigWorkflow)  # of the site's config files
    found: BestModel = workflow.parser.get_parsed_content("train#best_model")
    return found


def _seen_patients(models: Iterable[BestModel]) -> list[Mapping[str, Any]]:
    """Return the sites' lists; those of the weights that all of them started from are there once."""
    seen: list[Mapping[str, Any]] = []
    for model in models:
        seen += [listed for listed in model.seen_patients() if listed not in seen]
    return seen


def _copy(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """MonaiAlgo loads what it is given into its network and hands out views of it."""
    return {name: tensor.clone() for name, tensor in weights.items()}


def _provenance(start: ModelCheckpoint, sites: Sequence[Site], history: Sequence[Round]) -> dict[str, Any]:
    data = [data_description(site.dataset_dir) for site in sites]
    return {
        **{key: value for key, value in start.provenance.items() if key in ("bundle_version", "torch_version")},
        "trained_on": "federation of " + ", ".join(description.name for description in data),
        "phantom": any(description.phantom for description in data),
        "started_from": str(start.provenance.get("trained_on")),
        "rounds": len(history),
        "validation_by_site": {name: dict(values) for name, values in history[-1].metrics.items()} if history else {},
    }
