"""A whole series packed as LIDC's, with nodules.json beside it."""

import json
import tarfile
from pathlib import Path

import numpy as np

from helpers.chest_series import make_chest, write_series
from helpers.drawn_spheres import ball_mm3

AFFINE = np.diag([1.1, 1.1, 2.5, 1.0])
SHAPE = (80, 74, 30)
CENTER = (39.5, 36.5, 14.5)
VOXEL_MM3 = 1.1 * 1.1 * 2.5


def write_packed(folder: Path) -> Path:
    """A series with one nodule of 12 mm, told of twice: by four readers and by one."""
    folder.mkdir()
    write_series(make_chest(affine=AFFINE, shape=SHAPE, diameter=12), folder / "P1" / "ct")
    with tarfile.open(folder / "P1.tar.xz", "w:xz") as packed:
        packed.add(folder / "P1", "P1")
    column, row, k = CENTER
    nodule = {"centroid_row_col_slice": [row, column, k], "consensus_voxels": round(ball_mm3(12.0) / VOXEL_MM3)}
    nodules = [nodule | {"n_readers": readers} for readers in (4, 1)]
    known = {"P1": {"pixel_spacing": 1.1, "slice_thickness": 2.5, "nodules": nodules}}
    (folder / "nodules.json").write_text(json.dumps(known))
    return folder
