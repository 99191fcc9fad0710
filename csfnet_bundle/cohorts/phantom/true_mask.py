"""The voxels of a phantom's nodule: drawn again from the seed, not segmented."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.cohorts.phantom.cohort import CohortSettings
from csfnet_bundle.cohorts.phantom.nodule import Nodule
from csfnet_bundle.cohorts.phantom.subject import DATES
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Volume
from csfnet_bundle.records import load_datalist

PRESENT = 0.5
"""A voxel belongs to the nodule if the nodule takes more than half of it."""


def true_mask(nodule: Nodule, center: NDArray[np.float64], rotation: float, volume: Volume) -> NDArray[np.bool_]:
    """Return the voxels that a nodule takes more than half of, shape (I, J, K).

    Args:
        nodule: the nodule.
        center: its centre, scanner LPS mm, shape (3,).
        rotation: of the patient about z, radians.
        volume: the scan, axial.
    """
    shape, steps = volume.array.shape, np.diag(volume.affine)[:3]
    lines = [volume.affine[axis, 3] + np.arange(shape[axis]) * steps[axis] - center[axis] for axis in range(3)]
    near = [np.flatnonzero(np.abs(line) < nodule.reach + 2 * step) for line, step in zip(lines, steps, strict=True)]
    mask = np.zeros(shape, bool)
    if not all(len(places) for places in near):
        return mask
    x, y, z = (line[places] for line, places in zip(lines, near, strict=True))
    across, down = np.meshgrid(x, y)
    cosine, sine = np.cos(rotation), np.sin(rotation)
    columns, rows = cosine * across + sine * down, -sine * across + cosine * down  # to the nodule's own frame
    share, _ = nodule.draw(columns.astype(np.float32), rows.astype(np.float32), z.astype(np.float32))  # (K, J, I)
    mask[np.ix_(*near)] = share.transpose(2, 1, 0) > PRESENT
    return mask


def cohort_mask(cohort: Path, patient_id: str, study_date: str, volume: Volume) -> NDArray[np.bool_]:
    """Return the voxels of the nodule in a scan of a phantom cohort, shape (I, J, K).

    Args:
        cohort: the cohort's folder.
        patient_id: of the scan.
        study_date: of the scan, ``YYYYMMDD``.
        volume: the scan.

    Raises:
        BundleError: the folder holds no phantom cohort, or none with this patient and date.
    """
    known = load_datalist(cohort).header.get("provenance")
    if not isinstance(known, dict) or "phantom_version" not in known:
        raise BundleError("it is no phantom cohort", record=str(cohort), remedy="Name the folder that phantom made.")
    names = {one.name for one in fields(CohortSettings)}
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in known.items() if name in names
    }
    subjects = CohortSettings(**values).all_subjects()
    subject = next((one for one in subjects if one.patient_id == patient_id), None)
    if subject is None or study_date not in DATES[: subject.screens]:
        raise BundleError(
            f"it has no scan of patient {patient_id or '(none)'} on {study_date or '(no date)'}",
            record=str(cohort),
            remedy="Give the cohort that the series belongs to.",
        )
    screen = DATES.index(study_date)
    acquisition = subject.acquisition(screen)
    cosine, sine = np.cos(acquisition.rotation), np.sin(acquisition.rotation)
    turn = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])  # anatomy to scanner
    center = turn @ subject.outline.nodule + np.array(acquisition.shift)
    return true_mask(subject.nodule(screen), center, acquisition.rotation, volume)
