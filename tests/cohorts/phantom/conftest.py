"""A small cohort, and the real nodules of LIDC-IDRI with their readers' outlines."""

import json
import lzma
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from helpers.small_phantom import SETTINGS
from matplotlib.path import Path as Outline
from numpy.typing import NDArray

from csfnet_bundle.cohorts.phantom.cohort import make_cohort
from csfnet_bundle.geometry import Volume
from csfnet_bundle.scans.dicom import read_volume, scan_folder, select_series


@dataclass(frozen=True)
class RealNodule:
    """A nodule of LIDC-IDRI in the part of its series around it; ``consensus`` is what half of its readers outlined."""

    name: str
    volume: Volume
    point: NDArray[np.float64]
    consensus: NDArray[np.bool_]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole cohort of a few subjects; read only."""
    return make_cohort(tmp_path_factory.mktemp("cohort") / "phantom", SETTINGS, workers=1, show_progress=False)


@pytest.fixture(scope="session")
def real_nodules(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[RealNodule]:
    described = json.loads((shared_data / "lidc_dicom" / "nodules.json").read_text())
    return [
        nodule
        for name in sorted(described)
        for nodule in _nodules_of(name, described[name], shared_data, tmp_path_factory)
    ]


def _nodules_of(
    name: str, series: dict, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealNodule]:
    folder = tmp_path_factory.mktemp(name)
    with lzma.open(shared_data / "lidc_dicom" / f"{name}.tar.xz") as packed, tarfile.open(fileobj=packed) as archive:
        archive.extractall(folder, filter="data")
    volume = read_volume(select_series(scan_folder(folder)))
    for number, nodule in enumerate(series["nodules"]):
        row, column, slice_number = nodule["centroid_row_col_slice"]
        center = np.array([column, row, slice_number])
        spacing = np.linalg.norm(volume.affine[:3, :3], axis=0)
        shape = np.array(volume.array.shape)
        start = np.clip(center - 62 / spacing, 0, shape).astype(int)
        stop = np.clip(center + 62 / spacing, 0, shape).astype(int)
        box = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
        affine = volume.affine.copy()
        affine[:3, 3] = (volume.affine @ [*start, 1])[:3]
        yield RealNodule(
            name=f"{name}-{number}",
            volume=Volume(volume.array[box].copy(), affine),
            point=(volume.affine @ [*center, 1])[:3],
            consensus=_consensus(nodule, series["slice_zvals"], volume.array.shape)[box],
        )


def _consensus(nodule: dict, slice_z: list[float], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Voxels (I, J, K) that at least half of the readers outlined; the outlines' pairs are (column, row)."""
    votes = np.zeros(shape, np.int8)
    for reader in nodule["contours"]:
        outlined = np.zeros(shape, bool)
        for contour in reader:
            k = int(np.abs(np.array(slice_z) - contour["z"]).argmin())
            pairs = np.array(contour["row_col"])
            low, high = pairs.min(axis=0), pairs.max(axis=0) + 1
            columns, rows = np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1]), indexing="ij")
            inside = Outline(pairs).contains_points(np.stack([columns.ravel(), rows.ravel()], 1), radius=0.1)
            window = (slice(low[0], high[0]), slice(low[1], high[1]), k)
            outlined[window] = (
                (outlined[window] | inside.reshape(rows.shape))
                if contour["inclusion"]
                else (outlined[window] & ~inside.reshape(rows.shape))
            )
        votes += outlined
    return votes * 2 >= len(nodule["contours"])
