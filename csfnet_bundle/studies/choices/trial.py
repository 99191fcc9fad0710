"""The trial of what the paper leaves open: each choice beside the default, on the same phantoms and seeds.

One thing is changed at a time. A difference is that of the same seed, so that what start and order do is taken out; its
spread over seeds is what a single training may show by chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from csfnet_bundle.cohorts.phantom.roi_set import RoiSet, RoiSetSettings, make_roi_set
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.delong import area_interval
from csfnet_bundle.evaluation.markdown import UNDEFINED, markdown_table
from csfnet_bundle.networks import CSFNet, Network, create_system
from csfnet_bundle.networks.network import Plain
from csfnet_bundle.prediction.forward import run_network
from csfnet_bundle.studies.roi_fitting import WIDTH, Fitted, Tensors, Training, fit, processor_minutes
from csfnet_bundle.studies.trial_results import begin_or_resume, check_seeds, has_fit, keep_results

SIZE = (16, 32, 32)
TRAINING_SEED, TEST_SEED = 31, 32
ASKED_AT_ONCE = 16
DEFAULT = "default"


@dataclass(frozen=True)
class Choice:
    """One answer to what the paper leaves open.

    Attributes:
        question: what is left open.
        arguments: of the network, over the default's.
        training: of the training, over the default's.
    """

    question: str
    arguments: Mapping[str, Plain] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)


CHOICES: Mapping[str, Choice] = {
    DEFAULT: Choice("blur, CBAM of Woo, no interval token, batches of 16, rate by a cosine"),
    "no_blur": Choice("upsampling and pooling before the temporal fusion", {"blur": False}),
    "published_cbam": Choice("the CBAM", {"cbam": "published"}),
    "interval_token": Choice("the days between the scans", {"use_interval": True}),
    "batches_of_8": Choice("batch size", training={"batch_size": 8}),
    "batches_of_32": Choice("batch size", training={"batch_size": 32}),
    "rate_0.8": Choice("factor of the rate's ten steps", training={"rate_factor": 0.8}),
    "rate_0.5": Choice("factor of the rate's ten steps", training={"rate_factor": 0.5}),
}


def run_choices(
    out: Path,
    *,
    training: int = 512,
    test: int = 2048,
    seeds: int = 3,
    epochs: int = 20,
    choices: Sequence[str] = tuple(CHOICES),
    workers: int = 1,
) -> dict[str, Any]:
    """Do what is left to do and return the result, which lies in ``out`` after every fit.

    Args:
        out: folder for all that is made; the same call goes on in it.
        training: training pairs.
        test: test pairs.
        seeds: trainings a choice.
        epochs: of every training.
        choices: keys of :data:`CHOICES`.
        workers: processes that render.

    Raises:
        BundleError: there is no such choice, or ``out`` holds a trial with other settings.
    """
    if unknown := [name for name in choices if name not in CHOICES]:
        raise BundleError(f"there is no choice {unknown[0]!r}", remedy=f"Take of {', '.join(CHOICES)}.")
    check_seeds(seeds)
    RoiSetSettings(test, TEST_SEED, size=SIZE).check_both_labels("--test")
    document = begin_or_resume(out, training=training, test=test, epochs=epochs)
    shown = Tensors.of(
        make_roi_set(out / "training", RoiSetSettings(training, TRAINING_SEED, size=SIZE), workers=workers)
    )
    judged = make_roi_set(out / "test", RoiSetSettings(test, TEST_SEED, size=SIZE), workers=workers)
    document["oracle"] = area_interval(judged.truth["oracle_all"].to_numpy(np.float64), judged.labels)[0]
    asked = Tensors.of(judged)
    for seed in range(seeds):
        for name in choices:
            if has_fit(document, choice=name, seed=seed):
                continue
            fitted = _fit(name, seed, shown, out, epochs)
            document["fits"].append({"choice": name, "seed": seed, **_judge(fitted, judged, asked)})
            keep_results(out, document, choices_markdown(document))
    return document


def lambdas(network: Network) -> dict[str, float]:
    """Return the two mixing weights of the temporal fusion, after their sigmoid: of what is fused, and of t1."""
    assert isinstance(network, CSFNet)
    fusion = network.temporal_fusion
    return {
        "fused": torch.sigmoid(fusion.get_parameter("fused_logit").detach()).item(),
        "later": torch.sigmoid(fusion.get_parameter("later_logit").detach()).item(),
    }


def choices_markdown(document: Mapping[str, Any]) -> str:
    """Return the trial's table, a row a choice, and the course of the mixing weights."""
    settings = document["settings"]
    areas: dict[str, dict[int, float]] = {}
    for one in document["fits"]:
        areas.setdefault(one["choice"], {})[one["seed"]] = one["auc"]
    default = areas.get(DEFAULT, {})
    rows = []
    for name, by_seed in areas.items():
        differences = [area - default[seed] for seed, area in by_seed.items() if seed in default]
        last = [one["lambdas"][-1] for one in document["fits"] if one["choice"] == name]
        rows.append(
            [
                CHOICES[name].question,
                name,
                len(by_seed),
                _spread(list(by_seed.values()), ".3f"),
                UNDEFINED if name == DEFAULT or not differences else _spread(differences, "+.3f"),
                _spread([one["fused"] for one in last], ".2f"),
                _spread([one["later"] for one in last], ".2f"),
            ]
        )
    head = [
        "left open",
        "choice",
        "seeds",
        "AUC (SD over seeds)",
        "minus default, same seed (SD)",
        "weight of fused",
        "of t1",
    ]
    courses = [one["lambdas"] for one in document["fits"] if one["choice"] == DEFAULT]
    course = [
        [number + 1, *(_spread([one[part] for one in epoch], ".3f") for part in ("fused", "later"))]
        for number, epoch in enumerate(zip(*courses, strict=True))
    ]
    return (
        f"**Phantoms, not patients**: {settings['training']} training and {settings['test']} test pairs, width "
        f"{WIDTH:g}, ROI {'x'.join(map(str, SIZE))}, {settings['epochs']} epochs, the last one taken; oracle "
        f"{document['oracle']:.3f}. {processor_minutes(document['fits'])}\n\n"
        f"{markdown_table(head, rows)}\nThe weights of the temporal fusion during "
        f"training, {DEFAULT}; they start at 0.574 and 0.668.\n\n{markdown_table(['epoch', 'fused', 't1'], course)}"
    )


def training_pairs_markdown(documents: Sequence[Mapping[str, Any]]) -> str:
    """Return what more training pairs are worth to the default: a row a trial, all on the same test pairs.

    Args:
        documents: results of trials that differ in their number of training pairs.
    """
    rows = []
    for document in sorted(documents, key=lambda one: one["settings"]["training"]):
        areas = [one["auc"] for one in document["fits"] if one["choice"] == DEFAULT]
        behind = document["oracle"] - float(np.mean(areas))
        rows.append([document["settings"]["training"], len(areas), _spread(areas, ".3f"), f"{behind:.3f}"])
    settings = documents[0]["settings"]
    head = ["training pairs", "trainings", "AUC of CSF-Net (SD over seeds)", "oracle - CSF-Net"]
    return (
        f"**Phantoms, not patients**: {settings['test']} test pairs, width {WIDTH:g}, {settings['epochs']} epochs, the "
        f"last one taken; oracle {documents[0]['oracle']:.3f}.\n\n{markdown_table(head, rows)}"
    )


def _fit(name: str, seed: int, shown: Tensors, out: Path, epochs: int) -> Fitted:
    choice = CHOICES[name]
    torch.manual_seed(seed)
    network = create_system("csfnet", WIDTH, SIZE, choice.arguments)
    folder = out / "fits" / f"{name}_seed{seed}"
    training = replace(Training(epochs), **choice.training)
    return fit(network, shown, folder, training, seed=seed, name=name, watch=lambdas)


def _judge(fitted: Fitted, pairs: RoiSet, tensors: Tensors) -> dict[str, Any]:
    batches = tensors.batches(torch.arange(len(tensors.label)), ASKED_AT_ONCE)
    logits = [run_network(fitted.network, image, clinical, days).logit for image, clinical, days, _ in batches]
    area, lower, upper = area_interval(torch.cat(logits).numpy(), pairs.labels)
    return {
        "auc": area,
        "auc_lower": lower,
        "auc_upper": upper,
        "lambdas": fitted.watched,
        "processor_seconds": fitted.told_seconds,
    }


def _spread(values: Sequence[float], form: str) -> str:
    """Return the mean, and the standard deviation where there are several values."""
    mean = format(float(np.mean(values)), form)
    return f"{mean} ({np.std(values, ddof=1):.3f})" if len(values) > 1 else mean
