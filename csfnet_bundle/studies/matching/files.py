"""Volumes as uncompressed NIfTI, for the trials to read as a user's files are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from csfnet_bundle.geometry import Volume
from csfnet_bundle.geometry.points import LPS_FROM_RAS


def write_volume(volume: Volume, path: Path) -> Path:
    """Write HU as int16 and return the path."""
    import nibabel

    image = nibabel.Nifti1Image(np.rint(volume.array).astype(np.int16), LPS_FROM_RAS @ volume.affine)
    image.header.set_xyzt_units("mm")
    nibabel.save(image, path)
    return path
