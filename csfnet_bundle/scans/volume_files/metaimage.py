"""MetaImage files: the header is judged first, then the voxels are read with numpy."""

from __future__ import annotations

from pathlib import Path

from csfnet_bundle.scans.volume_files.metaimage_header import read_header
from csfnet_bundle.scans.volume_files.volume_file import VolumeFile, block_reader
from csfnet_bundle.scans.volume_files.voxels import inflated_slices, plain_slices, text_slices


def open_metaimage(path: Path) -> VolumeFile:
    """Read and check the header of a .mha or .mhd file; its geometry is LPS already.

    Raises:
        Refusal: ``UNREADABLE_SLICE``, ``NO_GEOMETRY``, ``TOO_FEW_SLICES``, ``TOO_LARGE``, ``NOT_HU`` (more than one
            number a voxel).
    """
    header = read_header(path)
    place = (path, header.data_path, header.data_offset, header.shape, header.dtype)
    if header.compressed:
        read = inflated_slices(*place, length=header.compressed_bytes)
    else:
        read = plain_slices(*place) if header.binary else text_slices(*place)
    return VolumeFile(path, header.shape, header.affine, block_reader(read), is_compressed=header.compressed)
