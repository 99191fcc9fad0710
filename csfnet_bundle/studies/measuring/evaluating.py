"""Measuring the cases, each kept on disk, so that an interrupted study goes on."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from csfnet_bundle.core.errors import BundleError, Refusal
from csfnet_bundle.core.files import atomic_path, write_atomically
from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.nodule.cube import Cube
from csfnet_bundle.nodule.measurement import MEASURING_VERSION, Measurement, measure_cube
from csfnet_bundle.nodule.network import NoduleNetwork
from csfnet_bundle.nodule.segmentation import Method, Segmentation, segment_without_network
from csfnet_bundle.studies.measuring.cases import Case, Loaded
from csfnet_bundle.studies.measuring.threshold_baseline import segment_by_threshold

THRESHOLD = "threshold (version 0.1)"
TAKEN = "measure"
"""What `measure` says: see :func:`csfnet_bundle.nodule.segmentation.taken_segmentation`."""


def prepare_cases(cases: Sequence[Case], out: Path) -> None:
    """Make what needs no network: masks of the other methods, kept packed in ``out``."""
    with progress_bar("segmenting without the network", len(cases)) as advance:
        for case in cases:
            prepared_case(case, out)
            advance(1)


def evaluate_cases(
    cases: Sequence[Case], network_of: Callable[[Case], NoduleNetwork], out: Path
) -> list[dict[str, Any]]:
    """Return a row for each case.

    Args:
        cases: what to measure.
        network_of: which network measures a case.
        out: folder of rows and masks; rows of another network are made again.
    """
    torch.set_num_threads(1)
    rows = []
    with progress_bar("measuring", len(cases)) as advance:
        for case in cases:
            network = network_of(case)
            file = out / "rows" / f"{network.sha256[:12]}-{MEASURING_VERSION}" / case.part / f"{case.name}.json"
            if not file.is_file():
                write_atomically(file, json.dumps(_row(case, network, out)) + "\n")
            rows.append(json.loads(file.read_text(encoding="utf-8")))
            advance(1)
    return rows


def prepared_case(case: Case, out: Path) -> tuple[Cube, Loaded, dict[str, NDArray[np.bool_]], float]:
    """Return a case's cube and truth, the masks without network, and the processor seconds of the shipped methods."""
    file = out / f"masks-{MEASURING_VERSION}" / case.part / f"{case.name}.npz"
    if not file.is_file():
        loaded = case.load()
        began = time.process_time()
        found = segment_without_network(loaded.cube)
        seconds = time.process_time() - began
        masks = {method.value: one.mask for method, one in found.items()} | {THRESHOLD: _by_threshold(loaded.cube)}
        arrays: dict[str, Any] = {name: np.packbits(mask) for name, mask in masks.items()}
        truth = loaded.true_mask if loaded.true_mask is not None else np.zeros(0, bool)
        file.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(file) as temporary, temporary.open("wb") as opened:
            np.savez_compressed(
                opened,
                hu=np.rint(loaded.cube.hu).astype(np.int16),
                inside=np.packbits(loaded.cube.inside),
                affine=loaded.cube.affine,
                numbers=np.array([loaded.cube.slice_spacing_mm, loaded.true_volume_mm3, seconds, *loaded.cube.click]),
                truth=np.packbits(truth),
                **arrays,
            )
    with np.load(file) as kept:
        shape = kept["hu"].shape
        count = int(np.prod(shape))

        def unpacked(name: str) -> NDArray[np.bool_]:
            return np.unpackbits(kept[name], count=count).astype(bool).reshape(shape)

        numbers = [float(value) for value in kept["numbers"]]
        cube = Cube(
            kept["hu"].astype(np.float32),
            unpacked("inside"),
            kept["affine"],
            slice_spacing_mm=numbers[0],
            click=(numbers[3], numbers[4], numbers[5]),
        )
        truth_mask = unpacked("truth") if kept["truth"].size else None
        names = [name for name in kept.files if name in {THRESHOLD, *(method.value for method in Method)}]
        return cube, Loaded(cube, numbers[1], truth_mask), {name: unpacked(name) for name in names}, numbers[2]


def _by_threshold(cube: Cube) -> NDArray[np.bool_]:
    """Return the mask of version 0.1; it takes the click for the middle, so the cube is moved under it."""
    shift = [round(place - (size - 1) / 2) for place, size in zip(cube.click_voxels, cube.hu.shape, strict=True)]
    moved = np.roll(cube.hu, [-step for step in shift], axis=(0, 1, 2))
    nodule, _, _ = segment_by_threshold(moved, (cube.spacing_mm,) * 3)
    return np.roll(nodule, shift, axis=(0, 1, 2)) & cube.inside


def _row(case: Case, network: NoduleNetwork, out: Path) -> dict[str, Any]:
    cube, loaded, masks, seconds = prepared_case(case, out)
    others = {
        method: Segmentation(method, masks[method.value], float(masks[method.value].sum()) * cube.voxel_mm3)
        for method in Method
        if method.value in masks
    }
    row: dict[str, Any] = {"part": case.part, "name": case.name, "patient": case.patient, **case.about}
    row["true_mm3"] = loaded.true_volume_mm3
    volumes = {name: float(mask.sum()) * cube.voxel_mm3 for name, mask in masks.items()}
    began = time.process_time()
    try:
        measurement: Measurement | None = measure_cube(cube, network, clicks=case.clicks, others=others)
    except Refusal as refusal:
        measurement = None
        row["refused"] = str(refusal.code)
    row["seconds"] = round(seconds + time.process_time() - began, 2)
    if measurement is not None:
        volumes[TAKEN] = measurement.volume_mm3
        volumes |= {method.value: volume for method, volume in measurement.volumes_mm3.items()}
        masks |= {method.value: mask for method, mask in measurement.masks.items()} | {TAKEN: measurement.mask}
        row |= {
            "flags": [flag.code.value for flag in measurement.flags],
            "clicks_mm3": [round(volume, 2) for volume in measurement.click_volumes_mm3],
            "attenuation": measurement.attenuation.value,
            "solid_share": round(measurement.density.solid_share, 3),
            "core_hu": round(measurement.density.core_hu, 1),
            "mean_diameter_mm": round(measurement.mean_diameter_mm, 2),
            "long_axis_mm": round(measurement.long_axis_mm, 2),
        }
    row["volumes_mm3"] = {name: round(volume, 2) for name, volume in volumes.items()}
    if loaded.true_mask is not None:
        row["dice"] = {name: round(_dice(mask, loaded.true_mask), 4) for name, mask in masks.items()}
    return row


def _dice(mask: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    total = int(mask.sum()) + int(truth.sum())
    return 2 * float((mask & truth).sum()) / total if total else math.nan


def check_parts(rows: Sequence[dict[str, Any]]) -> None:
    """Raise BundleError where there is no row at all: a table of nothing would look like a result."""
    if not rows:
        raise BundleError("there is no case to measure", remedy="Check the folders of the data.")
