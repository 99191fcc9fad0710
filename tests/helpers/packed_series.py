"""A whole series packed as LIDC's, with nodules.json beside it."""

import json
import tarfile
from pathlib import Path

import numpy as np
from pydicom import dcmread

from helpers.chest_series import make_chest, write_series
from helpers.drawn_spheres import ball_mm3

AFFINE = np.diag([1.1, 1.1, 2.5, 1.0])
SHAPE = (80, 74, 30)
CENTER = (39.5, 36.5, 14.5)
VOXEL_MM3 = 1.1 * 1.1 * 2.5


def _contours(diameter: float) -> list[dict[str, object]]:
    """A reader's outlines: in each slice the first voxels outside of the sphere, column then row."""
    found = []
    for k in range(SHAPE[2]):
        height = (k - CENTER[2]) * 2.5
        if abs(height) < diameter / 2:
            radius = np.sqrt((diameter / 2) ** 2 - height**2) / 1.1 + 0.5
            angles = np.arange(0, 2 * np.pi, 0.2)
            outline = np.column_stack([CENTER[0] + radius * np.cos(angles), CENTER[1] + radius * np.sin(angles)])
            found.append({"z": AFFINE[2, 2] * k, "inclusion": True, "row_col": outline.round(1).tolist()})
    return found


def write_packed(folder: Path) -> Path:
    """A series with one nodule of 12 mm, told of twice: by four readers and by one."""
    folder.mkdir()
    write_series(make_chest(affine=AFFINE, shape=SHAPE, diameter=12), folder / "P1" / "ct")
    with tarfile.open(folder / "P1.tar.xz", "w:xz") as packed:
        packed.add(folder / "P1", "P1")
    column, row, k = CENTER
    nodule = {"centroid_row_col_slice": [row, column, k], "consensus_voxels": round(ball_mm3(12.0) / VOXEL_MM3)}
    nodules = [
        nodule | {"n_readers": readers, "diameter_mm": [12.0] * readers, "contours": [_contours(12.0)] * readers}
        for readers in (4, 1)
    ]
    uid = str(dcmread(next((folder / "P1" / "ct").iterdir()), stop_before_pixels=True).SeriesInstanceUID)
    known = {"P1": {"series": uid, "pixel_spacing": 1.1, "slice_thickness": 2.5, "nodules": nodules}}
    (folder / "nodules.json").write_text(json.dumps(known))
    return folder
