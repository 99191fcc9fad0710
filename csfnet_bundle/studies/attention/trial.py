"""The attention trial: can CMAF select the nodule that a clinical value names, and does its map show it?

On phantoms with two nodules in a ROI. Accepted if, for every seed, the network's area is at least :data:`MARGIN` above
that of the same network trained with uniform attention, falls by at least as much when its own attention is made
uniform, and its map puts at least :data:`LEAST_SHARE` of its weight into the half of the ROI with the named nodule.

Encoder and temporal fusion are those of models/model.pt, which saw one nodule a ROI, and are not trained on: with all
weights trained, the narrow network learns from some thousand pairs neither the nodules well nor to select
(docs/attention.md has these trials too).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from csfnet_bundle.cohorts.phantom.roi_set import RoiSet, RoiSetSettings, make_roi_set
from csfnet_bundle.core.bundle_root import bundle_root
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.delong import area_interval
from csfnet_bundle.evaluation.markdown import UNDEFINED, markdown_table
from csfnet_bundle.networks import CSFNet, Network, create_system
from csfnet_bundle.networks.cross_modal_attention import with_uniform_attention
from csfnet_bundle.prediction.checkpoint import load_checkpoint, shipped_model
from csfnet_bundle.studies.attention.above_trunk import AboveTrunk, take_trunk, trunk_maps
from csfnet_bundle.studies.roi_fitting import WIDTH, Tensors, Training, fit, processor_minutes
from csfnet_bundle.studies.trial_results import begin_or_resume, check_seeds, has_fit, keep_results
from csfnet_bundle.training.transfer import weights_digest

NETWORK, UNIFORM = "csfnet", "uniform_attention"
SYSTEMS = (NETWORK, UNIFORM, "published_attention")
MARGIN = 0.08
LEAST_SHARE = 0.8
SIZE = (16, 32, 32)
"""(D, H, W) in voxels of 1 mm, as of configs/cpu_demo.json: both nodules lie within it."""
FLIPPED_AXES = (0, 1)
"""Depth and height. A flip along the width would exchange the sides that the clinical value names."""
LEARNING_RATE = 2e-4
"""Chosen on 256 pairs of their own. At 3e-4 one of the four heads may look at the other nodule; at 3e-3, the rate of
the demonstration, queries and keys end at zero behind their ReLU within an epoch, and attention stays uniform."""
FROZEN, START, RANDOM = "frozen", "start", "random"
TRUNK_WORDS = {
    FROZEN: "of models/model.pt, not trained",
    START: "of models/model.pt, trained further",
    RANDOM: "from random weights",
}
"""What becomes of the shipped trunk, with its words in a table: kept as it is, trained further, or not used."""
ASKED_AT_ONCE = 16
TRAINING_SEED, TEST_SEED = 21, 22


def run_trial(
    out: Path,
    *,
    training: int = 2048,
    test: int = 512,
    seeds: int = 3,
    epochs: int = 30,
    learning_rate: float = LEARNING_RATE,
    trunk: str = FROZEN,
    systems: Sequence[str] = SYSTEMS,
    workers: int = 1,
) -> dict[str, Any]:
    """Do what is left to do and return the result, which lies in ``out`` after every fit.

    Args:
        out: folder for all that is made; the same call goes on in it.
        training: training pairs.
        test: test pairs.
        seeds: trainings a system.
        epochs: of every training.
        learning_rate: at the start.
        trunk: a key of :data:`TRUNK_WORDS`.
        systems: keys of :data:`csfnet_bundle.networks.SYSTEMS`.
        workers: processes that render.

    Raises:
        BundleError: there is no such trunk, or ``out`` holds a trial with other settings.
    """
    if trunk not in TRUNK_WORDS:
        raise BundleError(f"trunk is {trunk!r}, expected one of {', '.join(TRUNK_WORDS)}")
    check_seeds(seeds)
    RoiSetSettings(test, TEST_SEED, 2, SIZE).check_both_labels("--test")
    model = shipped_model(bundle_root())
    weights = load_checkpoint(model).weights
    document = begin_or_resume(
        out,
        training=training,
        test=test,
        epochs=epochs,
        learning_rate=learning_rate,
        trunk=trunk,
        model_sha256=weights_digest(model),
    )
    pairs = make_roi_set(out / "training", RoiSetSettings(training, TRAINING_SEED, 2, SIZE), workers=workers)
    judged = make_roi_set(out / "test", RoiSetSettings(test, TEST_SEED, 2, SIZE), workers=workers)
    shown, asked = Tensors.of(pairs), Tensors.of(judged)
    if trunk == FROZEN:
        shown = trunk_maps(_made(NETWORK, weights), shown)
    document["oracle"] = {name: _area(judged, judged.truth[f"oracle_{name}"].to_numpy()) for name in ("all", "both")}
    needed = [(system, seed) for seed in range(seeds) for system in systems if system in (NETWORK, UNIFORM)]
    beside = [(system, seed) for seed in range(seeds) for system in systems if system not in (NETWORK, UNIFORM)]
    for system, seed in (*needed, *beside):
        if has_fit(document, system=system, seed=seed):
            continue
        folder = out / "fits" / f"{system}_seed{seed}"
        torch.manual_seed(seed)
        network = _made(system, {} if trunk == RANDOM else weights)
        trained = AboveTrunk(network) if trunk == FROZEN else network
        plan = Training(epochs, learning_rate=learning_rate, flipped_axes=FLIPPED_AXES)
        seconds = fit(trained, shown, folder, plan, seed=seed, name=system).told_seconds
        found = measure(network.eval(), judged, asked)
        document["fits"].append({"system": system, "seed": seed, **found, "processor_seconds": seconds})
        document["verdict"] = verdict(document["fits"])
        keep_results(out, document, trial_markdown(document))
    return document


def _made(system: str, weights: Mapping[str, Tensor]) -> CSFNet:
    """Return a fresh network of a system, with the trunk of these weights where there are any."""
    network = create_system(system, WIDTH, SIZE)
    assert isinstance(network, CSFNet)
    return take_trunk(network, weights) if weights else network


def measure(network: Network, pairs: RoiSet, tensors: Tensors) -> dict[str, Any]:
    """Judge a trained network on the test pairs.

    Returns:
        ``auc`` with ``auc_lower`` and ``auc_upper`` (DeLong); ``auc_made_uniform``, the same network's with its
        attention made uniform; ``share``, the mean weight of its map in the named nodule's half; ``peak_image`` and
        ``peak_clinical``, the largest weight times the number of keys in both streams, mean over pairs: 1 is flat.
    """
    logits, maps, peaks = _ask(network, tensors)
    uniform, _, _ = _ask(with_uniform_attention(network), tensors)
    area, lower, upper = area_interval(logits, pairs.labels)
    return {
        "auc": area,
        "auc_lower": lower,
        "auc_upper": upper,
        "auc_made_uniform": _area(pairs, uniform),
        "share": float(named_share(maps, pairs.truth["isolation"].to_numpy(np.int64)).mean()),
        "peak_image": float(peaks[:, 0].mean()),
        "peak_clinical": float(peaks[:, 1].mean()),
    }


def named_share(maps: NDArray[np.float64], side: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the weight in the half of each map that holds the named nodule, (N,).

    Args:
        maps: (N, d, h, w), summing to 1; the width runs from the patient's right to the left.
        side: 0 right, 1 left, (N,).
    """
    width = maps.shape[3] // 2
    right = maps[..., :width].sum(axis=(1, 2, 3))
    left = maps[..., maps.shape[3] - width :].sum(axis=(1, 2, 3))
    return np.where(side == 0, right, left)


def verdict(fits: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Compare the network's fits with those of the same seed that were trained with uniform attention."""
    ablation = {one["seed"]: one["auc"] for one in fits if one["system"] == UNIFORM}
    rows = [
        {
            "seed": one["seed"],
            "above_uniform": one["auc"] - ablation[one["seed"]],
            "falls_by": one["auc"] - one["auc_made_uniform"],
            "share": one["share"],
        }
        for one in fits
        if one["system"] == NETWORK and one["seed"] in ablation
    ]
    passed = [
        row["above_uniform"] >= MARGIN and row["falls_by"] >= MARGIN and row["share"] >= LEAST_SHARE for row in rows
    ]
    return {"seeds": rows, "accepted": bool(rows) and all(passed)}


def trial_markdown(document: dict[str, Any]) -> str:
    """Return the trial's table, a row a fit, below the sentence that says what was measured."""
    settings, oracle, judged = document["settings"], document["oracle"], document["verdict"]
    table = pd.DataFrame(document["fits"])
    rows = [
        [
            row["system"],
            row["seed"],
            f"{row['auc']:.3f} ({row['auc_lower']:.3f} to {row['auc_upper']:.3f})",
            f"{row['auc_made_uniform']:.3f}",
            f"{row['share']:.2f}",
            f"{row['peak_image']:.2f}",
            f"{row['peak_clinical']:.2f}",
        ]
        for _, row in table.iterrows()
    ]
    head = ["system", "seed", "AUC (95 %, DeLong)", "AUC, attention made uniform", "map's weight on the named half"]
    head += ["max weight x keys, image", "clinical"]
    compared = [
        [row["seed"], f"{row['above_uniform']:+.3f}", f"{row['falls_by']:+.3f}", f"{row['share']:.2f}"]
        for row in judged["seeds"]
    ] or [[UNDEFINED] * 4]
    return (
        f"**Phantoms, not patients**: two nodules in each ROI, {settings['training']} training and {settings['test']} "
        f"test pairs, {settings['epochs']} epochs at a rate of {settings['learning_rate']:g}, the last one taken; "
        f"encoder and temporal fusion {TRUNK_WORDS[settings['trunk']]}. Oracle {oracle['all']:.3f} where the side is "
        f"known, {oracle['both']:.3f} for both nodules added up. {processor_minutes(document['fits'])}\n\n"
        f"{markdown_table(head, rows)}\n"
        f"Needed of every seed: {MARGIN} above the network trained with uniform attention, {MARGIN} lost when its own "
        f"is made uniform, {LEAST_SHARE} of the map's weight. "
        f"{'Accepted' if judged['accepted'] else 'Not accepted'}, {len(judged['seeds'])} seeds.\n\n"
        f"{markdown_table(['seed', 'above trained uniform', 'lost when made uniform', 'weight'], compared)}"
    )


def _ask(
    network: torch.nn.Module, tensors: Tensors
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return logits (N,), maps (N, d, h, w) and peaks (N, 2)."""
    assert isinstance(network, CSFNet)
    logits, maps, peaks = [], [], []
    with torch.no_grad():
        for image, clinical, interval_days, _ in tensors.batches(torch.arange(len(tensors.label)), ASKED_AT_ONCE):
            answer = network(image, clinical, interval_days).double()
            logits.append(answer[:, 1] - answer[:, 0])
            maps.append(network.attention_map(image, clinical, interval_days).double())
            peaks.append(network.attention_peaks(image, clinical, interval_days).double())
    return torch.cat(logits).numpy(), torch.cat(maps).numpy(), torch.cat(peaks).numpy()


def _area(pairs: RoiSet, scores: NDArray[np.float64]) -> float:
    return area_interval(scores, pairs.labels)[0]
