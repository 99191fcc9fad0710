"""One-scan records from LIDC nodule volumes: a folder with ``labels.csv`` and the volumes, packed or not.

Each volume is a tight box around one nodule, so that its middle is the nodule's point. There is no earlier scan: these
records serve one-scan systems and tests on real nodules.
"""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.records import FollowUpPair, Scan
from csfnet_bundle.records.rows import Row, parse_rows

LABELS, ARCHIVE, IMAGES = "labels.csv", "voi.tar", "image"
COLUMNS = ("file", "patient_id", "nodule_id", "nx", "ny", "nz", "diameter_mm", "malignant")
READERS_OPINIONS = ("malignancy_rating", "texture", "spiculation", "lobulation", "calcification")
"""Ratings from 1 to 5 or 6 that the radiologists gave: strata. The label follows from the first of them."""


def read_lidc_voi(folder: Path, out: Path) -> list[FollowUpPair]:
    """Return one record for each nodule volume; paths are relative to ``out``.

    Volumes that lie packed in ``voi.tar`` are unpacked to ``out``.

    Raises:
        BundleError: no labels, no volumes, a volume that is not there, or a cell that is not what it should be.
    """
    images = _images(folder, out)
    return parse_rows(folder / LABELS, COLUMNS, lambda row: _record(row, images, out))


def _images(folder: Path, out: Path) -> Path:
    if (folder / IMAGES).is_dir():
        return folder / IMAGES
    archive = folder / ARCHIVE
    if not archive.is_file():
        raise BundleError(f"neither {IMAGES}/ nor {ARCHIVE} is there", record=str(folder), remedy="Name it by --dir.")
    try:
        with tarfile.open(archive, "r:") as packed:
            members = [member for member in packed if member.isfile() and Path(member.name).parent.name == IMAGES]
            missing = [member for member in members if not _is_unpacked(out / IMAGES, member)]
            for member in missing:
                member.name = Path(member.name).name
            (out / IMAGES).mkdir(parents=True, exist_ok=True)
            packed.extractall(out / IMAGES, missing, filter="data")
    except tarfile.TarError as error:
        raise BundleError(f"the archive cannot be read: {error}", record=str(archive)) from None
    return out / IMAGES


def _is_unpacked(images: Path, member: tarfile.TarInfo) -> bool:
    file = images / Path(member.name).name
    return file.is_file() and file.stat().st_size == member.size


def _record(row: Row, images: Path, out: Path) -> FollowUpPair:
    file = images / row.name("file")
    if not file.is_file():
        raise BundleError(f"there is no volume {file}", record=row.record)
    sizes = [row.whole(column) for column in ("nx", "ny", "nz")]
    strata: dict[str, object] = {
        "diameter_mm": round(row.number_in("diameter_mm"), 1),
        "diameter_t1_mm": round(row.number_in("diameter_mm"), 1),
    }
    strata |= {name: row.whole(name) for name in READERS_OPINIONS if row.optional(name) is not None}
    return FollowUpPair(
        subject=row.name("patient_id"),
        nodule=row.name("nodule_id"),
        t1=Scan(
            path=os.path.relpath(file, out),
            point=Point(((sizes[0] - 1) / 2, (sizes[1] - 1) / 2, (sizes[2] - 1) / 2), Space.VOXEL),
        ),
        label=row.choice("malignant", {"0": 0, "1": 1}),
        strata=strata,
    )
