"""A synthetic chest with one round nodule, and the real nodules of LIDC-IDRI with their readers' outlines."""

import json
import lzma
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from matplotlib.path import Path as Outline
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.dicom import read_volume, scan_folder, select_series
from csfnet_bundle.geometry import Volume


@dataclass(frozen=True)
class RealNodule:
    """A nodule of LIDC-IDRI in the part of its series around it; ``consensus`` is what half of its readers outlined."""

    name: str
    volume: Volume
    point: NDArray[np.float64]
    consensus: NDArray[np.bool_]


ChestMaker = Callable[..., Volume]


@pytest.fixture(scope="session")
def make_chest() -> ChestMaker:
    def make(
        diameter: float = 14.0,
        offset: tuple[float, float, float] = (0.0, 0.0, 0.0),
        nodule_hu: float = 30.0,
        noise: float = 20.0,
        affine: NDArray[np.float64] | None = None,
        shape: tuple[int, int, int] = (110, 104, 46),
        seed: int = 0,
    ) -> Volume:
        """A lung in a wall, vessels along it, and a ball ``offset`` mm (LPS) from the volume's centre."""
        if affine is None:
            affine = np.diag([0.9, 0.9, 2.0, 1.0])
            affine[:3, 3] = -40.0, 25.0, -300.0
        index = np.stack(np.meshgrid(*(np.arange(n, dtype=float) for n in shape), indexing="ij"))
        place = np.tensordot(affine[:3, :3], index, axes=1) + affine[:3, 3][:, None, None, None]
        center = affine[:3, :3] @ ((np.array(shape) - 1) / 2) + affine[:3, 3]
        x, y, z = place - center[:, None, None, None]
        values = np.where((x / 44) ** 2 + (y / 40) ** 2 < 1, -860.0, 40.0)
        for a, b, radius in ((-22.0, 10.0, 2.5), (18.0, -24.0, 2.0)):
            values[(x - a - 0.1 * z) ** 2 + (y - b) ** 2 < radius**2] = 40.0
        distance = np.sqrt((x - offset[0]) ** 2 + (y - offset[1]) ** 2 + (z - offset[2]) ** 2)
        inside = np.clip((diameter / 2 - distance) / 1.2 + 0.5, 0, 1)  # partial volume at the rim
        values = values * (1 - inside) + nodule_hu * inside
        grain = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), (0.7, 0.7, 0))
        values = values + noise * grain / grain.std()
        return Volume(np.maximum(values, -1024).astype(np.float32), affine)

    return make


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
