"""A cohort of small NIfTI scans, made in a second: for tests of what happens behind the readers."""

from pathlib import Path

import nibabel as nib
import numpy as np

from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.records import Datalist, FollowUpPair, Scan, save_datalist

SHAPE = (48, 48, 24)
"""Voxels (i, j, k) of 1 mm: a little more than the ROI of the CPU settings."""
SECTIONS = {"training": 16, "validation": 8, "test": 8, "inference": 2}


def make_small_cohort(folder: Path, seed: int = 0) -> Path:
    """Write a cohort in which malignant nodules (every second one) have doubled their diameter at t1."""
    random = np.random.default_rng(seed)
    sections: dict[str, tuple[FollowUpPair, ...]] = {}
    subject = 100_000
    for section, count in SECTIONS.items():
        pairs = []
        for number in range(count):
            subject += 1
            malignant = number % 2
            scans = [
                _write_scan(folder, f"{subject}/t{time}.nii", radius, random)
                for time, radius in enumerate((4.0, 8.0 if malignant else 4.0))
            ]
            pairs.append(
                FollowUpPair(
                    subject=str(subject),
                    nodule="1",
                    t0=scans[0],
                    t1=scans[1],
                    label=None if section == "inference" else malignant,
                    interval_days=365.0,
                    clinical={"age": 60 + number, "gender": 1 + number % 2, "cigsmok": number % 2},
                )
            )
        sections[section] = tuple(pairs)
    header = {"name": "small test cohort", "provenance": {"phantom_version": 0, "seed": seed}}
    save_datalist(Datalist(folder, sections, header))
    return folder


def _write_scan(folder: Path, name: str, radius: float, random: np.random.Generator) -> Scan:
    center = np.array(SHAPE) / 2 + random.uniform(-2, 2, 3)
    i, j, k = np.indices(SHAPE)
    distance = np.sqrt((i - center[0]) ** 2 + (j - center[1]) ** 2 + (k - center[2]) ** 2)
    values = np.where(distance < radius, 40.0, -850.0) + random.normal(0, 20, SHAPE)
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.Nifti1Image(values.astype(np.int16), np.eye(4)).to_filename(path)
    date = "19990102" if "t0" in name else "20000102"
    return Scan(path=name, point=Point(tuple(center), Space.VOXEL), date=date)
