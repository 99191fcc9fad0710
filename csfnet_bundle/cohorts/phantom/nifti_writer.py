"""A phantom scan as a NIfTI file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from csfnet_bundle.cohorts.phantom.render import RenderedScan

RAS_FROM_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def write_nifti(path: Path, scan: RenderedScan) -> None:
    """Write a scan, int16 HU; its affine goes to RAS mm, as NIfTI has it.

    Args:
        path: the file, ending in ``.nii``.
        scan: what to write.
    """
    import nibabel

    image = nibabel.Nifti1Image(scan.hu.transpose(2, 1, 0), RAS_FROM_LPS @ scan.affine)  # (I, J, K)
    image.header.set_xyzt_units("mm")
    nibabel.save(image, path)
