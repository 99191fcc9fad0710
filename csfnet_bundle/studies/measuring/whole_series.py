"""The nodules of two whole LIDC series against the readers' consensus, and simulated follow-ups of them."""

from __future__ import annotations

import json
import tarfile
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.cohorts.phantom.followup import followup_slices, simulate_nodule
from csfnet_bundle.cohorts.phantom.reader_masks import read_outlines
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space, Volume
from csfnet_bundle.nodule.cube import Cube, cube_of_volume
from csfnet_bundle.scans.dicom import read_volume, scan_folder, select_series
from csfnet_bundle.studies.measuring.cases import Case, Loaded

PART, FOLLOWUP_PART = "series", "followups"
NODULES = "nodules.json"
RATIOS = (0.6, 1.0, 1.26, 2.0)
SAME = 1.001
"""Stands for a ratio of 1, at which the deformation is not defined."""
CLICK_MM = 1.0
LEAST_READERS = 2
"""A nodule of one reader has no consensus; it is measured, and not grown."""
MARGIN_MM = 70.0
"""Of the scan kept around a nodule: what the simulation moves, with some lung."""


def series_cases(data: Path, work: Path) -> list[Case]:
    """Return the cases of every nodule that ``nodules.json`` lists, and of its follow-ups.

    Args:
        data: the folder of the packed series.
        work: where they are unpacked.
    """
    known = _nodules(data)
    cases = []
    for patient, series in known.items():
        folder = _unpacked(data, work, patient)
        for number, nodule in enumerate(series["nodules"]):
            name = f"{patient}_{number}"
            readers = int(nodule["n_readers"])
            true = _consensus_mm3(series, nodule) if readers >= LEAST_READERS else float("nan")
            row, column, k = nodule["centroid_row_col_slice"]
            index = (float(column), float(row), float(k))
            about = {"readers": readers, "consensus_mm3": true}
            load = partial(_load, folder, index, true, name)
            cases.append(Case(PART, name, load, about, clicks=True, patient=patient))
            if readers >= LEAST_READERS:
                cases += [
                    Case(FOLLOWUP_PART, f"{name}_x{ratio:g}",
                         partial(_load_followup, folder, data / NODULES, number, index, true * ratio, ratio, name),
                         {"nodule": name, "ratio": ratio}, clicks=True, patient=patient)
                    for ratio in RATIOS
                ]  # fmt: skip
    return cases


def _nodules(data: Path) -> dict[str, dict]:  # type: ignore[type-arg]
    file = data / NODULES
    if not file.is_file():
        raise BundleError(f"there is no {NODULES}", record=str(data), remedy="Name the folder of LIDC's series.")
    return json.loads(file.read_text(encoding="utf-8"))


def _unpacked(data: Path, work: Path, patient: str) -> Path:
    folder = work / patient
    if not folder.is_dir():
        with tarfile.open(data / f"{patient}.tar.xz") as packed:
            packed.extractall(work, filter="data")
    return folder


def _consensus_mm3(series: dict, nodule: dict) -> float:  # type: ignore[type-arg]
    return float(nodule["consensus_voxels"]) * float(series["pixel_spacing"]) ** 2 * float(series["slice_thickness"])


def _load(folder: Path, index: tuple[float, float, float], true: float, name: str) -> Loaded:
    volume, place = _around(_series(folder).volume, index)
    return Loaded(cube_of_volume(volume, Point((place[0], place[1], place[2]), Space.LPS), name), true)


def _load_followup(
    folder: Path,
    outlines: Path,
    number: int,
    index: tuple[float, float, float],
    true: float,
    ratio: float,
    name: str,
) -> Loaded:
    """Return a simulated later scan: the readers' nodule grown, which no method that is judged has segmented."""
    series = _series(folder)
    affine, shape = series.volume.affine, series.volume.array.shape
    known = read_outlines(outlines, series.uid, affine, (shape[0], shape[1], shape[2]))[number].mask
    volume, place = _around(series.volume, index)
    mask, _ = _around(Volume(known.astype(np.float32), affine), index)
    return Loaded(_followup(volume, place, mask.array > 0, ratio, name), true)


@dataclass(frozen=True)
class _Series:
    uid: str
    volume: Volume


@lru_cache(maxsize=1)
def _series(folder: Path) -> _Series:
    series = select_series(scan_folder(folder))
    return _Series(series.uid, read_volume(series))


def _around(volume: Volume, index: tuple[float, float, float]) -> tuple[Volume, NDArray[np.float64]]:
    """Return a volume around a voxel, and the voxel's place in LPS mm."""
    edges = np.linalg.norm(volume.affine[:3, :3], axis=0)
    low = np.maximum(np.floor(np.array(index) - MARGIN_MM / edges), 0).astype(int)
    high = np.minimum(np.ceil(np.array(index) + MARGIN_MM / edges) + 1, volume.array.shape).astype(int)
    affine = volume.affine.copy()
    affine[:3, 3] = (volume.affine @ [*low, 1.0])[:3]
    part = volume.array[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    return Volume(part.copy(), affine), (volume.affine @ [*index, 1.0])[:3]


def _followup(volume: Volume, place: NDArray[np.float64], known: NDArray[np.bool_], ratio: float, name: str) -> Cube:
    """Return the cube of a simulated later scan, fresh noise included, its click a millimetre off."""
    rng = np.random.default_rng([*name.encode(), round(100 * ratio)])
    nodule = simulate_nodule(volume, place, ratio if ratio != 1 else SAME, name, known=known)
    array = np.stack(list(followup_slices(volume, nodule.growth, rng)), axis=-1)
    direction = rng.normal(size=3)
    click = nodule.point + direction / np.linalg.norm(direction) * CLICK_MM
    return cube_of_volume(Volume(array, volume.affine), Point((click[0], click[1], click[2]), Space.LPS), name)
