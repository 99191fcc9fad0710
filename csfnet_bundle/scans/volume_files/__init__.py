"""CT volumes in single files: NIfTI (.nii, .nii.gz) and MetaImage (.mha, .mhd)."""

from csfnet_bundle.scans.volume_files.read import (
    SUFFIXES,
    files_of,
    is_volume_file,
    name_without_ending,
    open_volume_file,
    read_block,
    read_roi,
    read_slices,
    read_volume,
)
from csfnet_bundle.scans.volume_files.volume_file import VolumeFile

__all__ = [
    "SUFFIXES",
    "VolumeFile",
    "files_of",
    "is_volume_file",
    "name_without_ending",
    "open_volume_file",
    "read_block",
    "read_roi",
    "read_slices",
    "read_volume",
]
