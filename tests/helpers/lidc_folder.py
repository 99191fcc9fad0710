"""A folder like LIDC's nodule volumes, with spheres in place of nodules."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import nibabel as nib
import numpy as np

from helpers.drawn_spheres import sphere_cube

HEADER = "file,patient_id,texture,diameter_mm,spacing_z_mm"


def write_lidc_folder(folder: Path, patients: Sequence[str]) -> Path:
    """Write a volume for each patient named, 8 mm the first sphere, 2 mm more each; every other one is subsolid."""
    for name in ("image", "nodule_mask"):
        (folder / name).mkdir(parents=True)
    rows = [HEADER]
    for number, patient in enumerate(patients):
        diameter = 8.0 + 2 * number
        cube = sphere_cube(diameter, seed=number)
        part = (slice(10, 54), slice(10, 54), slice(16, 48))
        mask = sphere_cube(diameter, noise=0).hu.transpose(2, 1, 0)[part] > -430
        for kind, array in (("image", cube.hu.transpose(2, 1, 0)[part]), ("nodule_mask", mask)):
            image = nib.Nifti1Image(array.astype(np.int16), np.diag([0.8, 0.8, 0.8, 1]))
            nib.save(image, folder / kind / f"{number}.nii.gz")
        rows.append(f"{number}.nii.gz,{patient},{5 - number % 2 * 3},{diameter},0.8")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    return folder
