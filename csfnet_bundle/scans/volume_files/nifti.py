"""NIfTI files: nibabel parses the header, numpy reads the voxels."""

from __future__ import annotations

import io
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
    block_reader,
    check_header,
    refusal,
    unreadable,
)
from csfnet_bundle.scans.volume_files.voxels import ReadSlices, inflate_start, inflated_slices, plain_slices

UNITS_READ = ("mm", "unknown")
"""Units of length that are taken as mm: most converters write mm, some leave the field empty."""

FORMS_AGREE_MM = 0.1
"""mm by which the corners of the volume may differ between sform and qform: the qform's quaternion is float32."""

HEADER_BYTES = {348: 1, 540: 2}
"""Versions of NIfTI by the header's length, its first number."""

SINGLE_FILE_MAGIC = b"n+"
"""Header and voxels in one file; ``ni`` means a pair of .hdr and .img."""


def open_nifti(path: Path) -> VolumeFile:
    """Read and check the header of a .nii or .nii.gz file; the RAS affine becomes LPS.

    Raises:
        Refusal: ``UNREADABLE_SLICE``, ``NO_GEOMETRY``, ``TOO_FEW_SLICES``, ``TOO_LARGE``, ``NOT_HU`` (colour or
            complex).
    """
    header = _header(path)
    if header["sform_code"] <= 0 and header["qform_code"] <= 0:
        problem = "its header has neither sform nor qform: the volume's place is not known"
        raise refusal(RefusalCode.NO_GEOMETRY, path, problem, CONVERT_AGAIN)
    unit = header.get_xyzt_units()[0]
    if unit not in UNITS_READ:
        raise refusal(
            RefusalCode.NO_GEOMETRY, path, f"its unit of length is {unit}, expected mm", CONVERT_AGAIN, unit=unit
        )
    dtype = np.dtype(header.get_data_dtype())
    if dtype.kind not in "iuf":
        problem = f"its voxels are {dtype}, expected one real number each"
        raise refusal(RefusalCode.NOT_HU, path, problem, "Give the CT in Hounsfield units.")
    stored = tuple(int(n) for n in header.get_data_shape())
    while len(stored) > 3 and stored[-1] == 1:  # one volume of a series in time
        stored = stored[:-1]
    affine = np.asarray(LPS_FROM_RAS @ header.get_best_affine(), dtype=np.float64)
    shape = check_header(path, stored, affine)
    offset = int(header.get_data_offset())
    if offset < header.sizeof_hdr:
        raise unreadable(path, ValueError(f"its header's vox_offset is {offset}, inside of the header"))
    if _is_gzip(path):
        read = inflated_slices(path, path, 0, shape, dtype, skipped=offset)
    else:
        read = plain_slices(path, path, offset, shape, dtype)
    read_block = block_reader(_scaled(path, header, read))
    return VolumeFile(path, shape, affine, read_block, _findings(header, shape), _is_gzip(path))


def _is_gzip(path: Path) -> bool:
    return path.name.lower().endswith(".gz")


def _header(path: Path) -> Any:
    import nibabel
    from nibabel.imageglobals import LoggingOutputSuppressor

    longest = max(HEADER_BYTES)
    if _is_gzip(path):
        start = inflate_start(path, longest)
    else:
        with path.open("rb") as stream:
            start = stream.read(longest)
    length = next((n for order in ("little", "big") if (n := _first_number(start, order)) in HEADER_BYTES), 0)
    if len(start) < length or not length:
        raise unreadable(path, ValueError("no NIfTI header was found"))
    kind = nibabel.Nifti1Header if HEADER_BYTES[length] == 1 else nibabel.Nifti2Header
    try:
        with LoggingOutputSuppressor():
            header = kind.from_fileobj(io.BytesIO(start[:length]))
        header.get_data_dtype(), header.get_best_affine(), header.get_xyzt_units(), header.get_slope_inter()
        header.get_data_shape(), header.get_data_offset()
    except Exception as error:  # nibabel lets through whatever a damaged header sets off
        raise unreadable(path, error) from error
    magic = bytes(header["magic"].item())
    if not magic.startswith(SINGLE_FILE_MAGIC):
        raise unreadable(path, ValueError(f"its magic is {magic!r}, expected one file with header and voxels"))
    return header


def _first_number(start: bytes, order: Any) -> int:
    return int.from_bytes(start[:4], order)


def _scaled(path: Path, header: Any, read: ReadSlices) -> ReadSlices:
    """Apply the header's slope and intercept, as nibabel does."""
    from nibabel.volumeutils import apply_read_scaling

    slope, intercept = header.get_slope_inter()

    def scaled(first: int, last: int) -> NDArray[np.generic]:
        values: NDArray[np.generic] = apply_read_scaling(read(first, last), slope, intercept)
        return values

    return scaled if slope is not None else read


def _findings(header: Any, shape: Index) -> tuple[str, ...]:
    if header["sform_code"] <= 0 or header["qform_code"] <= 0:
        return ()
    corners = np.array([[i, j, k, 1.0] for i in (0, shape[0]) for j in (0, shape[1]) for k in (0, shape[2])])
    distance = np.abs(corners @ (header.get_sform() - header.get_qform()).T).max()
    if distance <= FORMS_AGREE_MM:
        return ()
    return (f"sform and qform differ by up to {distance:.1f} mm; the sform was taken.",)
