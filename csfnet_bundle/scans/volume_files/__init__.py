"""CT volumes in single files: NIfTI (.nii, .nii.gz) and MetaImage (.mha, .mhd)."""

from csfnet_bundle.scans.volume_files.read import (
    SUFFIXES,
    files_of,
    is_volume_file,
    open_volume_file,
    read_roi,
    read_volume,
)

__all__ = ["SUFFIXES", "files_of", "is_volume_file", "open_volume_file", "read_roi", "read_volume"]
