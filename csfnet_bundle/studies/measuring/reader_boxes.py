"""LIDC's nodule volumes against the readers' inset masks."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from scipy import ndimage

from csfnet_bundle.geometry import Point, Space, Volume, sample_grid
from csfnet_bundle.nodule.beyond_scan import REACH
from csfnet_bundle.nodule.cube import cube_grid, cube_of_volume
from csfnet_bundle.studies.measuring.cases import Case, Loaded
from csfnet_bundle.training.measure.boxes import (
    Box,
    emptied,
    inset_distance,
    inset_volume,
    read_box,
    read_rows,
    share_with_volume,
    unpack_boxes,
)

PART = "readers"
OUTSIDE_MM = -8.0
"""Distance given to voxels beyond the box."""
PRESENT = 0.5


def reader_cases(data: Path, work: Path, reach: float = REACH) -> list[Case]:
    """Return a case for each volume.

    Args:
        data: LIDC's folder.
        work: where packed volumes are unpacked.
        reach: see :func:`csfnet_bundle.nodule.beyond_scan.continue_beyond`.
    """
    folder = unpack_boxes(data, work)
    return [
        Case(
            PART,
            row["file"].removesuffix(".nii.gz"),
            partial(_load, folder, row, reach),
            {
                "texture": int(row["texture"]),
                "diameter_mm": float(row["diameter_mm"]),
                "slice_mm": float(row["spacing_z_mm"]),
            },
            patient=row["patient_id"],
        )
        for row in read_rows(data)
    ]


def _load(folder: Path, row: dict[str, str], reach: float) -> Loaded:
    return load_box(read_box(folder, row), reach)


def load_box(box: Box, reach: float = REACH) -> Loaded:
    """Return the cube around the mask's centroid, the click, with the readers' inset mask on its voxels.

    Args:
        box: the volume.
        reach: see :func:`csfnet_bundle.nodule.beyond_scan.continue_beyond`.
    """
    distance = inset_distance(box.mask, box.spacing)
    k, j, i = ndimage.center_of_mass(box.mask)
    affine = np.diag([*box.spacing[::-1], 1.0])
    volume = Volume(box.hu.transpose(2, 1, 0).astype(np.float32), affine)
    cube = cube_of_volume(volume, Point((i, j, k), Space.VOXEL), box.name, reach=reach)
    x, y, z = (affine @ [i, j, k, 1.0])[:3]
    padded = np.pad(distance, ((1, 1), (0, 0), (0, 0)), constant_values=OUTSIDE_MM)
    for last, beyond in ((1, 0), (-2, -1)):
        if padded[last].max() > 0:  # the end slice stands for its whole thickness
            padded[beyond] = emptied(padded[last])
    shifted = affine.copy()
    shifted[2, 3] = -box.spacing[0]
    sampled = sample_grid(padded.transpose(2, 1, 0), shifted, cube_grid((x, y, z)), fill=OUTSIDE_MM)
    true = inset_volume(distance, box.spacing)
    return Loaded(cube, true, share_with_volume(sampled, cube.inside, true) >= PRESENT)
