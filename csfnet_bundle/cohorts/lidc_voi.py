"""One-scan records from LIDC nodule volumes: a folder with ``labels.csv`` and the volumes, packed or not.

Each volume is a tight box around one nodule. The table gives the nodule's point in LPS mm, the centre of what the
readers outlined; the middle of the box lies up to 14 mm from it. There is no earlier scan: these records serve one-scan
systems and tests on real nodules.
"""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import numpy as np

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.records import FollowUpPair, Scan
from csfnet_bundle.records.rows import Row, parse_rows
from csfnet_bundle.scans.volume_files import open_volume_file

LABELS, ARCHIVE, IMAGES, MASKS = "labels.csv", "voi.tar", "image", "nodule_mask"
POSITION = ("x_mm", "y_mm", "z_mm")
COLUMNS = ("file", "patient_id", "nodule_id", *POSITION, "diameter_mm", "malignant")
READERS_OPINIONS = (
    "malignancy_rating",
    "texture",
    "spiculation",
    "lobulation",
    "calcification",
    "margin",
    "sphericity",
    "subtlety",
)
"""Ratings from 1 to 5 or 6 that the radiologists gave: strata. The label follows from the first of them."""


def read_lidc_voi(folder: Path, out: Path) -> list[FollowUpPair]:
    """Return one record for each nodule volume; paths are relative to ``out``.

    Volumes that lie packed in ``voi.tar`` are unpacked to ``out``. Where the readers' masks are there too, the stratum
    ``volume_mm3`` tells how much they outlined. The masks hold the contour's own pixels, which lie outside of the
    nodule, so that volumes are about a quarter too large.

    Raises:
        BundleError: no labels, no volumes, a volume that is not there, or a cell that is not what it should be.
    """
    images = _volumes(folder, out, IMAGES)
    masks = _volumes(folder, out, MASKS)
    return parse_rows(folder / LABELS, COLUMNS, lambda row: _record(row, images, masks, out))


def _volumes(folder: Path, out: Path, kind: str) -> Path:
    """Return the folder of the images or of the masks, unpacked where they were packed."""
    archive = folder / ARCHIVE
    if (folder / IMAGES).is_dir():
        return folder / kind
    if not archive.is_file():
        raise BundleError(f"neither {IMAGES}/ nor {ARCHIVE} is there", record=str(folder), remedy="Name it by --dir.")
    try:
        with tarfile.open(archive, "r:") as packed:
            members = [member for member in packed if member.isfile() and Path(member.name).parent.name == kind]
            missing = [member for member in members if not _is_unpacked(out / kind, member)]
            for member in missing:
                member.name = Path(member.name).name
            (out / kind).mkdir(parents=True, exist_ok=True)
            packed.extractall(out / kind, missing, filter="data")
    except tarfile.TarError as error:
        raise BundleError(f"the archive cannot be read: {error}", record=str(archive)) from None
    return out / kind


def _is_unpacked(images: Path, member: tarfile.TarInfo) -> bool:
    file = images / Path(member.name).name
    return file.is_file() and file.stat().st_size == member.size


def _record(row: Row, images: Path, masks: Path, out: Path) -> FollowUpPair:
    file = images / row.name("file")
    if not file.is_file():
        raise BundleError(f"there is no volume {file}", record=row.record)
    strata: dict[str, object] = {
        "diameter_mm": round(row.number_in("diameter_mm"), 1),
        "diameter_t1_mm": round(row.number_in("diameter_mm"), 1),
    }
    strata |= {name: row.whole(name) for name in READERS_OPINIONS if row.optional(name) is not None}
    if (masks / file.name).is_file():
        strata["volume_mm3"] = round(_outlined_volume(masks / file.name), 1)
    return FollowUpPair(
        subject=row.name("patient_id"),
        nodule=row.name("nodule_id"),
        t1=Scan(path=os.path.relpath(file, out), point=_point(row, file)),
        label=row.choice("malignant", {"0": 0, "1": 1}),
        strata=strata,
    )


def _point(row: Row, file: Path) -> Point:
    """Return the table's point, or the middle of the box for a point that does not lie in it (1 of 696)."""
    x, y, z = (row.number_in(column) for column in POSITION)
    volume = open_volume_file(file)
    index = (np.linalg.inv(volume.affine) @ [x, y, z, 1.0])[:3]
    last = np.array(volume.shape) - 1.0
    if (index >= 0).all() and (index <= last).all():
        return Point((x, y, z), Space.LPS)
    i, j, k = (last / 2).tolist()
    return Point((i, j, k), Space.VOXEL)


def _outlined_volume(mask: Path) -> float:
    """Return how much a mask's voxels other than 0 hold, in mm3."""
    file = open_volume_file(mask)
    return float(np.count_nonzero(file.read_block((0, 0, 0), file.shape)) * abs(np.linalg.det(file.affine[:3, :3])))
