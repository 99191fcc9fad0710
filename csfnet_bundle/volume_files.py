"""The readers of volume files under the name of version 0.1; moved to ``csfnet_bundle.scans.volume_files``."""

from csfnet_bundle.scans.volume_files import SUFFIXES, files_of, is_volume_file, open_volume_file, read_roi, read_volume

__all__ = ["SUFFIXES", "files_of", "is_volume_file", "open_volume_file", "read_roi", "read_volume"]
