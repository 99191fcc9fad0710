"""How the network's core and rim were chosen, and its usual ratio to the classical volume, on its own patients."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.evaluation.markdown import markdown_table
from csfnet_bundle.nodule.beyond_scan import REACH
from csfnet_bundle.nodule.flags import LARGEST_DISAGREEMENT
from csfnet_bundle.nodule.measurement import MEASURING_VERSION
from csfnet_bundle.nodule.network import CORE, RIM_VOXELS, NoduleNetwork, component_at_click
from csfnet_bundle.nodule.segmentation import Method
from csfnet_bundle.studies.measuring.agreement import LOW_DICE, ratio_figures
from csfnet_bundle.studies.measuring.cases import Case
from csfnet_bundle.studies.measuring.cells import number, percent
from csfnet_bundle.studies.measuring.evaluating import prepared_case
from csfnet_bundle.studies.measuring.reader_boxes import reader_cases
from csfnet_bundle.training.measure.folds import patient_fold

CORES = (0.5, 0.65, 0.8, 0.9, 0.95, 0.97)
RIMS = (1, RIM_VOXELS, 3)
SEED = 3


def choice_cases(volumes: Path, work: Path, held_out: int, count: int, reach: float = REACH) -> list[Case]:
    """Return so many volumes of patients that the fold does not hold out, drawn at random.

    Args:
        volumes: LIDC's nodule volumes.
        work: where packed volumes are unpacked.
        held_out: the fold.
        count: volumes.
        reach: see :func:`csfnet_bundle.nodule.beyond_scan.continue_beyond`.
    """
    cases = [case for case in reader_cases(volumes, work, reach) if patient_fold(case.patient) != held_out]
    cases.sort(key=lambda case: case.name)
    drawn = np.random.default_rng(SEED).permutation(len(cases))[:count]
    return [cases[place] for place in drawn]


def choice_rows(cases: Sequence[Case], network: NoduleNetwork, out: Path) -> list[dict[str, Any]]:
    """Return for each case the volumes and Dice of every core; after an interruption it resumes."""
    rows = []
    with progress_bar("trying cores", len(cases)) as advance:
        for case in cases:
            file = out / f"choices-{MEASURING_VERSION}" / network.sha256[:12] / f"{case.name}.json"
            if not file.is_file():
                write_atomically(file, json.dumps(_row(case, network, out)) + "\n")
            rows.append(json.loads(file.read_text(encoding="utf-8")))
            advance(1)
    return rows


def _row(case: Case, network: NoduleNetwork, out: Path) -> dict[str, Any]:
    cube, loaded, masks, _ = prepared_case(case, out)
    share = network.segment([cube])[0].share
    others = {
        method.value: float(masks[method.value].sum()) * cube.voxel_mm3 if method.value in masks else 0.0
        for method in (Method.CLASSICAL, Method.NECK_CUTTING)
    }
    cores = {}
    assert loaded.true_mask is not None
    for core in CORES:
        answer = component_at_click(share, cube, core)
        mask = np.zeros(share.shape, bool) if answer.mask is None else answer.mask
        dice = 2 * float((mask & loaded.true_mask).sum()) / float(mask.sum() + loaded.true_mask.sum())
        cores[f"{core:g}"] = {"mm3": round(answer.volume_mm3, 2), "dice": round(dice, 4)}
    rims = {str(rim): round(component_at_click(share, cube, rim_voxels=rim).volume_mm3, 2) for rim in RIMS}
    true = round(loaded.true_volume_mm3, 2)
    return {"name": case.name, "true_mm3": true, "others": others, "cores": cores, "rims": rims}


def choices_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the table of the cores."""
    true = np.array([row["true_mm3"] for row in rows])
    others = np.array([list(row["others"].values()) for row in rows])
    lines = []
    for core in rows[0]["cores"]:
        found = np.array([row["cores"][core]["mm3"] for row in rows])
        dice = np.array([row["cores"][core]["dice"] for row in rows])
        figures = ratio_figures(found / true)
        both = (found > 0) & (others[:, 0] > 0)
        usual = float(np.median(found[both] / others[both, 0]))
        far = np.abs(np.log(found[both] / others[both, 0] / usual)) > np.log(LARGEST_DISAGREEMENT)
        lines.append(
            (
                f"{core}{' (taken)' if float(core) == CORE else ''}",
                number(float(np.median(dice)), 2),
                percent(float((dice < LOW_DICE).mean())),
                *_ratio_cells(figures),
                number(usual, 2),
                percent(float(far.mean())),
            )
        )
    head = (
        "core", "Dice, median", "Dice < .5", "V / readers", "within 25 %", "> 2 x",
        "network / classical, median", "further off by 1.5",
    )  # fmt: skip
    return f"{len(rows)} volumes.\n\n{markdown_table(head, lines)}"


def rims_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the table of the rims."""
    true = np.array([row["true_mm3"] for row in rows])
    lines = []
    for rim in rows[0]["rims"]:
        figures = ratio_figures(np.array([row["rims"][rim] for row in rows]) / true)
        lines.append((f"{rim}{' (taken)' if int(rim) == RIM_VOXELS else ''}", *_ratio_cells(figures)))
    return markdown_table(("rim, voxels", "V / readers", "within 25 %", "> 2 x"), lines)


def _ratio_cells(figures: Mapping[str, float]) -> tuple[str, str, str]:
    return number(figures["ratio_median"], 2), percent(figures["within_25"]), percent(figures["over_2"])
