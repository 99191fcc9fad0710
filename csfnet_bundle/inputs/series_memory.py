"""The series of DICOM folders, kept in memory: a second nodule of a scan reads no header again."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from csfnet_bundle.inputs.store.identity import files_state
from csfnet_bundle.scans import dicom

FOLDERS_REMEMBERED = 8
"""A few patients' scans; the headers of a chest CT take some megabytes."""


class SeriesMemory:
    """Finds the series in a folder as :func:`csfnet_bundle.scans.dicom.scan_folder` does, and remembers them.

    The names, sizes and times of change of all files are looked at every time; a folder that changed is read again.

    Args:
        folders: how many folders are remembered.
        follow_links: see :func:`csfnet_bundle.scans.dicom.scan_folder`.
    """

    def __init__(self, folders: int = FOLDERS_REMEMBERED, *, follow_links: bool = False) -> None:
        self._folders = folders
        self._follow_links = follow_links
        self._known: OrderedDict[Path, tuple[object, list[dicom.Series]]] = OrderedDict()

    def __call__(self, path: Path) -> list[dicom.Series]:
        """Return the folder's series; raises as :func:`csfnet_bundle.scans.dicom.scan_folder` does."""
        place = path.resolve()
        # Before the files are read: a change while they are read then shows.
        state = sorted(files_state(place, follow_links=self._follow_links))
        known = self._known.pop(place, None)
        series = known[1] if known is not None and known[0] == state else None
        if series is None:
            series = dicom.scan_folder(path, follow_links=self._follow_links)
        self._known[place] = (state, series)
        while len(self._known) > self._folders:
            self._known.popitem(last=False)
        return list(series)
