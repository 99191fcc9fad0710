"""The one folder of scans that a request may name."""

from __future__ import annotations

from pathlib import Path

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.scans.volume_files import is_volume_file, name_without_ending

REMEDY = "Name a .nii, .nii.gz or .mha file or a folder of DICOM files by its path inside the studies folder."


class MissingScanError(BundleError):
    """A request names a scan that the server does not serve; whether it exists elsewhere is not told."""


class StudiesFolder:
    """Finds scans by their paths inside one folder, and nothing else.

    Args:
        folder: the folder that MONAI Label serves (its ``--studies``).

    Raises:
        BundleError: there is no such folder.
    """

    def __init__(self, folder: str | Path | None) -> None:
        if folder is None or not Path(folder).is_dir():
            raise BundleError(
                f"studies_dir is {str(folder)!r}, expected the folder that the server is given by --studies",
                record="configs/inference.json",
                remedy="Make the app's bundle by `python -m csfnet_bundle label-app`.",
            )
        self.folder = Path(folder).resolve()

    def find(self, name: object, record: str) -> Path:
        """Return the scan's path relative to the folder.

        Args:
            name: path of a scan, relative to the folder or absolute; links are followed before it is judged.
            record: ``"t0"`` or ``"image"``, for the error.

        Raises:
            BundleError: the name is no text.
            MissingScanError: it leads out of the folder, to nothing, or to what is no scan.
        """
        if not isinstance(name, str):
            raise BundleError(f"{name!r} is {type(name).__name__}, expected a path", record=record, remedy=REMEDY)
        missing = MissingScanError(f"the studies hold no scan {name!r}", record=record, remedy=REMEDY)
        try:
            path = (self.folder / name).resolve()
            is_scan = path.is_dir() or (path.is_file() and is_volume_file(path))
        except (OSError, ValueError, RuntimeError):  # a null byte, too long a name, a ring of links
            raise missing from None
        # The folder itself is no scan either: all patients' files would be read for one.
        if not is_scan or self.folder not in path.parents:
            raise missing
        return path.relative_to(self.folder)


def scan_stem(path: Path) -> str:
    """Return the name of a scan's folder, or of its file without the ending; other dots stay, as in a series' UID."""
    return name_without_ending(path) or "scan"
