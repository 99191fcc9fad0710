"""The network's attention as a NIfTI file in the t1 scan's space."""

from __future__ import annotations

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.geometry.points import LPS_FROM_RAS
from csfnet_bundle.report.attention_map import attention_on_roi

SCANNER_SPACE = 1
"""NIfTI code for coordinates of the scanner, which the t1 scan's own coordinates are."""

DWH_FROM_WHD = np.eye(4)[[2, 1, 0, 3]]
"""From (w, h, d, 1), the order of axes that NIfTI readers expect of an axial image, to (d, h, w, 1)."""


def write_attention_nifti(
    path: Path,
    attention: NDArray[np.floating],
    roi_affine: NDArray[np.float64],
    roi_size: tuple[int, int, int],
) -> None:
    """Write the attention on the ROI's voxels; laid over the t1 scan, it stands around the nodule.

    Args:
        path: ends with ``.nii.gz``; replaced in one step.
        attention: coarse map of the network, shape (d, h, w).
        roi_affine: (4, 4) of the t1 ROI, from (d, h, w, 1) to LPS mm.
        roi_size: the ROI's voxels (D, H, W).

    The file's values are even shares: 1 is the average cell. Its axes are (W, H, D), its affine leads to RAS mm.
    """
    values = attention_on_roi(attention, roi_size).astype(np.float32)
    affine = LPS_FROM_RAS @ roi_affine @ DWH_FROM_WHD
    image = nib.Nifti1Image(values.transpose(2, 1, 0), affine)
    image.set_sform(affine, code=SCANNER_SPACE)
    image.set_qform(affine, code=SCANNER_SPACE)
    image.header.set_xyzt_units(xyz="mm")
    image.header["descrip"] = b"CSF-Net attention, 1 = average; not a medical device"
    image.header["cal_min"], image.header["cal_max"] = 1.0, values.max()
    # A fixed time stamp: the same map gives the same file.
    write_atomically(path, gzip.compress(image.to_bytes(), mtime=0))
