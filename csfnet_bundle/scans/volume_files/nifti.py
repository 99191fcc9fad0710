"""NIfTI files, through nibabel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import RefusalCode
from csfnet_bundle.geometry.points import LPS_FROM_RAS
from csfnet_bundle.scans.volume_files.volume_file import (
    CONVERT_AGAIN,
    Index,
    VolumeFile,
    check_header,
    refusal,
    unreadable,
)

UNITS_READ = ("mm", "unknown")
"""Units of length that are taken as mm: most converters write mm, some leave the field empty."""

FORMS_AGREE_MM = 0.1
"""mm by which the corners of the volume may differ between sform and qform: the qform's quaternion is float32."""


def open_nifti(path: Path) -> VolumeFile:
    """Read and check the header of a .nii or .nii.gz file; the RAS affine becomes LPS.

    Raises:
        Refusal: ``UNREADABLE_SLICE``, ``NO_GEOMETRY``, ``TOO_FEW_SLICES``, ``TOO_LARGE``, ``NOT_HU`` (colour or
            complex).
    """
    import nibabel

    try:
        image = nibabel.load(path)
    except Exception as error:  # nibabel lets through whatever a damaged header sets off
        raise unreadable(path, error) from error
    if not isinstance(image, nibabel.Nifti1Image):  # version 2 is a subclass
        raise unreadable(path, ValueError(f"it is a {type(image).__name__}, no NIfTI image"))
    header = image.header
    if header["sform_code"] <= 0 and header["qform_code"] <= 0:
        problem = "its header has neither sform nor qform, so nobody knows where the volume lies"
        raise refusal(RefusalCode.NO_GEOMETRY, path, problem, CONVERT_AGAIN)
    unit = header.get_xyzt_units()[0]
    if unit not in UNITS_READ:
        raise refusal(
            RefusalCode.NO_GEOMETRY, path, f"its unit of length is {unit}, expected mm", CONVERT_AGAIN, unit=unit
        )
    if np.dtype(header.get_data_dtype()).kind not in "iuf":
        problem = f"its voxels are {header.get_data_dtype()}, expected one real number each"
        raise refusal(RefusalCode.NOT_HU, path, problem, "Give the CT in Hounsfield units.")
    affine = np.asarray(LPS_FROM_RAS @ image.affine, dtype=np.float64)
    shape = check_header(path, image.shape, affine)

    def read_block(start: Index, stop: Index) -> NDArray[np.generic]:
        (i0, j0, k0), (i1, j1, k1) = start, stop
        try:
            block: NDArray[np.generic] = np.asarray(image.dataobj[i0:i1, j0:j1, k0:k1])
        except Exception as error:  # a file that is cut off, or gzip data that are damaged
            raise unreadable(path, error) from error
        return block

    return VolumeFile(path, shape, affine, read_block, _findings(header, shape))


def _findings(header: Any, shape: Index) -> tuple[str, ...]:
    if header["sform_code"] <= 0 or header["qform_code"] <= 0:
        return ()
    corners = np.array([[i, j, k, 1.0] for i in (0, shape[0]) for j in (0, shape[1]) for k in (0, shape[2])])
    distance = np.abs(corners @ (header.get_sform() - header.get_qform()).T).max()
    if distance <= FORMS_AGREE_MM:
        return ()
    return (f"sform and qform differ by up to {distance:.1f} mm; the sform was taken.",)
