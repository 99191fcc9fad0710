"""The outline as a label file that viewers load."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry.points import LPS_FROM_RAS

TYPES = ("uint8", "uint16", "int16", "int32", "float32")
ENDINGS = (".nii", ".nii.gz", ".nrrd", ".seg.nrrd", ".mha")
LONGEST_NIFTI_NOTE = 79
"""Characters of ASCII that a NIfTI header has for its description."""


def label_format(request: Mapping[str, Any], scan: Path) -> tuple[str, str]:
    """Return the ending and the type of the label file; raises BundleError as :func:`write_label`."""
    kinds = [ending for ending in ENDINGS if scan.name.lower().endswith(ending)] or [".nii.gz"]
    ending, kind = request.get("result_extension") or kinds[-1], request.get("result_dtype") or "uint8"
    for name, value, known in (("result_extension", ending, ENDINGS), ("result_dtype", kind, TYPES)):
        if value not in known:
            raise BundleError(f"is {value!r}, expected one of {', '.join(known)}", record=name)
    return str(ending), str(kind)


def write_label(
    mask: NDArray[np.uint8], affine: NDArray[np.float64], request: Mapping[str, Any], scan: Path, description: str
) -> Path:
    """Write a label into the temporary folder, from where the server sends and removes it; return its path.

    Args:
        mask: (I, J, K), 1 inside the nodule.
        affine: (4, 4) of the scan, from (i, j, k, 1) to LPS mm.
        request: its ``result_extension``, ``result_dtype`` and ``result_compress`` are the viewer's.
        scan: whose ending the file has where the request names none; a folder of DICOM files gives ``.nii.gz``.
        description: goes into the file's header: the description of NIfTI, cut to its length, or a key of NRRD and
            MetaImage.

    Raises:
        BundleError: an ending or a type that is not written.
    """
    ending, kind = label_format(request, scan)
    handle, path = tempfile.mkstemp(suffix=ending, prefix="csfnet_label_")
    os.close(handle)
    try:
        if ending.startswith(".nii"):
            _write_nifti(Path(path), mask.astype(kind), affine, description)
        else:
            _write_itk(Path(path), mask.astype(kind), affine, description, bool(request.get("result_compress")))
    except BaseException:
        Path(path).unlink(missing_ok=True)
        raise
    return Path(path)


def _write_nifti(path: Path, mask: NDArray[Any], affine: NDArray[np.float64], description: str) -> None:
    import nibabel as nib

    image = nib.Nifti1Image(mask, LPS_FROM_RAS @ affine)
    image.header["descrip"] = description.encode("ascii", "replace")[:LONGEST_NIFTI_NOTE]
    image.to_filename(path)


def _write_itk(path: Path, mask: NDArray[Any], affine: NDArray[np.float64], description: str, compress: bool) -> None:
    import SimpleITK

    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(mask.transpose()))  # (K, J, I)
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    image.SetSpacing(spacing.tolist())
    image.SetDirection((affine[:3, :3] / spacing).ravel().tolist())
    image.SetOrigin(affine[:3, 3].tolist())
    image.SetMetaData("description", description)
    SimpleITK.WriteImage(image, str(path), compress)
