"""Files of weights side by side on the same phantoms: what each tells of a pair, and of the later scan alone.

Phantoms are not patients. The comparison says what weights make of drawn nodules, whose oracle is known, and no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from csfnet_bundle.cohorts.phantom.roi_set import RoiSet, RoiSetSettings, make_roi_set
from csfnet_bundle.core.code_book import nlst_code_book
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.delong import area_difference, area_interval
from csfnet_bundle.evaluation.markdown import UNDEFINED, markdown_table
from csfnet_bundle.inputs.tensors import scale_window
from csfnet_bundle.prediction.checkpoint import ModelCheckpoint, load_checkpoint, named_weights
from csfnet_bundle.prediction.forward import run_network

SEED = 51
"""Of the phantoms: no training and no other test set of the project has it."""
AT_ONCE = 16
PAIR, LATER = "pair", "t1 in both channels"
ORACLES = {PAIR: "oracle_all", LATER: "oracle_t1+clinical"}


def compare_on_phantoms(weights: Sequence[str], out: Path, *, pairs: int, workers: int = 1) -> dict[str, Any]:
    """Judge files of weights on phantom pairs that none of the shipped ones was trained on.

    Every file gets the ROIs that it was trained on, of the same subjects; two files with the same ROI see the same
    voxels, others differ in the noise.

    Args:
        weights: files of weights; the first is what the others are compared with.
        out: folder for the ROIs.
        pairs: phantom pairs.
        workers: processes that render.

    Returns:
        ``rows``, in the order of ``weights``; ``oracles``, area and limits for both scans and for t1 alone, clinical
        values included.

    Raises:
        BundleError: fewer than two files, one twice, one that cannot be read or has another clinical code book, or too
            few pairs for an interval.
    """
    if len({named_weights(name).resolve() for name in weights}) < max(2, len(weights)):
        raise BundleError(
            f"they are {', '.join(weights)}, expected two or more different files",
            record="--weights",
            remedy="Name them by commas.",
        )
    RoiSetSettings(pairs, SEED).check_both_labels("--pairs")
    checkpoints = {name: load_checkpoint(named_weights(name)) for name in weights}
    for name, checkpoint in checkpoints.items():
        if checkpoint.code_book.digest != nlst_code_book().digest:
            raise BundleError(
                "its clinical code book is not this bundle's, by which phantoms are encoded",
                record=name,
                remedy="Compare it with the version of the bundle that trained it.",
            )
    sets = {name: _phantoms(out, checkpoint, pairs, workers) for name, checkpoint in checkpoints.items()}
    answers = {name: _ask(checkpoint, sets[name]) for name, checkpoint in checkpoints.items()}
    one = sets[weights[0]]
    rows = []
    for name, checkpoint in checkpoints.items():
        row: dict[str, Any] = {"weights": name, "trained_on": checkpoint.trained_on}
        for kind, logits in answers[name].items():
            row[kind] = dict(zip(("auc", "lower", "upper"), area_interval(logits, one.labels), strict=True))
            if name != weights[0]:
                difference = area_difference(logits, answers[weights[0]][kind], one.labels)
                row[kind] |= {"minus_first": [difference.difference, difference.lower, difference.upper]}
        rows.append(row)
    oracles = {kind: area_interval(one.truth[name].to_numpy(np.float64), one.labels) for kind, name in ORACLES.items()}
    return {"pairs": pairs, "malignant": int(one.labels.sum()), "seed": SEED, "rows": rows, "oracles": oracles}


def weights_markdown(document: Mapping[str, Any]) -> str:
    """Return the comparison's table below the sentence that says what was measured."""
    head = ["weights", "trained on"]
    for kind in (PAIR, LATER):
        head += [f"{kind}: AUC (95 %)", "minus the first (95 %)"]
    rows = []
    for row in document["rows"]:
        cells = [f"`{row['weights']}`", row["trained_on"]]
        for found in (row[PAIR], row[LATER]):
            cells.append(_area(found["auc"], found["lower"], found["upper"]))
            limits = found.get("minus_first")
            cells.append("{:+.3f} ({:+.3f} to {:+.3f})".format(*limits) if limits else UNDEFINED)
        rows.append(cells)
    best = ["oracle", "the rule that made the labels"]
    for kind in (PAIR, LATER):
        best += [_area(*document["oracles"][kind]), UNDEFINED]
    rows.append(best)
    return (
        f"**Phantoms, not patients**: {document['pairs']} pairs, {document['malignant']} malignant, of seed "
        f"{document['seed']}, on which no weights of the bundle were trained. Made by `{document['command']}`.\n\n"
        f"{markdown_table(head, rows)}"
    )


def _area(area: float, lower: float, upper: float) -> str:
    return f"{area:.3f} ({lower:.3f} to {upper:.3f})"


def _phantoms(out: Path, checkpoint: ModelCheckpoint, pairs: int, workers: int) -> RoiSet:
    roi = checkpoint.roi
    name = "x".join(f"{size}at{step:g}" for size, step in zip(roi.size, roi.spacing, strict=True))
    return make_roi_set(out / name, RoiSetSettings(pairs, SEED, 1, roi.size, roi.spacing), workers=workers)


def _ask(checkpoint: ModelCheckpoint, pairs: RoiSet) -> dict[str, NDArray[np.float64]]:
    """Return the logits (N,) of the pairs, and of their later scans alone.

    Those stand in both channels, without days between the scans: so pre-processing shows a missing prior.
    """
    network = checkpoint.create_network()
    parts: dict[str, list[NDArray[np.float64]]] = {PAIR: [], LATER: []}
    for rows in torch.arange(len(pairs.images)).split(AT_ONCE):
        at = rows.numpy()
        image = scale_window(torch.from_numpy(pairs.images[at]).float(), checkpoint.roi.window)  # (B, 2, D, H, W)
        clinical, days = torch.from_numpy(pairs.clinical[at]), torch.from_numpy(pairs.interval_days[at])
        later = image[:, 1:].expand_as(image).contiguous()
        for kind, shown, between in ((PAIR, image, days), (LATER, later, torch.full_like(days, torch.nan))):
            parts[kind].append(run_network(network, shown, clinical, between).logit.numpy())
    return {kind: np.concatenate(part) for kind, part in parts.items()}
