"""ROIs on disk under a key that changes with anything that changes them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from csfnet_bundle.files import atomic_path
from csfnet_bundle.pairs import FollowUpPair, Scan
from csfnet_bundle.roi.pair_reader import PairRois, read_pair, scan_path
from csfnet_bundle.roi.settings import RoiSettings

READER_VERSION = 1
"""Goes up when a change of the readers or of the resampling changes voxels: cached ROIs of before are then not used."""


class RoiCache:
    """Reads pairs through a folder of cached ROIs.

    The key holds the reader's version, both scans' files (name, size and time of change of every file in the folder),
    their declared series, points and spaces, the subject, the ROI's size and spacing, and how a missing t0 is treated.
    HU are kept before the window is applied, so that the window needs no place in the key.

    Args:
        folder: where ROIs are kept; None reads every time.
        settings: size and spacing of the ROI.
        repeat_missing_prior: see :func:`csfnet_bundle.roi.read_pair`.
    """

    def __init__(self, folder: str | Path | None, settings: RoiSettings, *, repeat_missing_prior: bool = False) -> None:
        self.folder = None if folder is None else Path(folder)
        self.settings = settings
        self.repeat_missing_prior = repeat_missing_prior

    def read(self, pair: FollowUpPair, datalist_folder: Path) -> PairRois:
        """Return the pair's ROIs, from the cache where they are; raises as :func:`csfnet_bundle.roi.read_pair` does."""
        if self.folder is None:
            return self._read(pair, datalist_folder)
        file = self.path(pair, datalist_folder)
        cached = _load(file)
        if cached is None:
            cached = self._read(pair, datalist_folder)
            _save(file, cached)
        return cached

    def path(self, pair: FollowUpPair, datalist_folder: Path) -> Path:
        """Return the file that holds, or would hold, the pair's ROIs."""
        if self.folder is None:
            raise ValueError("a cache without a folder has no files")
        key = {
            "reader_version": READER_VERSION,
            "subject": pair.subject,
            "scans": [_scan_key(scan, datalist_folder) for scan in (pair.t0, pair.t1) if scan is not None],
            "size": self.settings.size,
            "spacing": self.settings.spacing,
            "repeat_missing_prior": self.repeat_missing_prior,
        }
        digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
        return self.folder / digest[:2] / f"{digest[:32]}.npz"

    def _read(self, pair: FollowUpPair, datalist_folder: Path) -> PairRois:
        return read_pair(pair, datalist_folder, self.settings, repeat_missing_prior=self.repeat_missing_prior)


def _scan_key(scan: Scan, datalist_folder: Path) -> dict[str, object]:
    path = scan_path(scan, datalist_folder)
    return {
        "files": sorted(_files(path)),
        "path": str(path.resolve()),
        "series_uid": scan.series_uid,
        "point": scan.point.coordinates,
        "space": scan.point.space,
    }


def _files(path: Path) -> Iterator[tuple[str, int, int]]:
    """Yield relative name, bytes and time of change (ns) of the file, or of every file in the folder."""
    if path.is_file():
        status = path.stat()
        yield path.name, status.st_size, status.st_mtime_ns
        return
    for parent, _, names in os.walk(path):
        for name in names:
            file = Path(parent, name)
            status = file.lstat()
            yield str(file.relative_to(path)), status.st_size, status.st_mtime_ns


def _save(file: Path, rois: PairRois) -> None:
    with atomic_path(file) as temporary, temporary.open("wb") as stream:
        np.savez(stream, array=rois.array, affines=rois.affines, findings=np.array(rois.findings, dtype=np.str_))


def _load(file: Path) -> PairRois | None:
    try:
        with np.load(file, allow_pickle=False) as stored:
            findings = tuple(str(text) for text in stored["findings"])
            return PairRois(stored["array"], stored["affines"], findings)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, BadZipFile):
        # A file damaged on disk is made again rather than trusted.
        return None
