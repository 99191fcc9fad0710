"""ROIs on disk under a key that changes with anything that changes them."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import struct
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from csfnet_bundle.core.files import atomic_path
from csfnet_bundle.inputs.locating import scan_path
from csfnet_bundle.inputs.matching import MATCHING_VERSION, match_findings
from csfnet_bundle.inputs.pair_reader import PairRois, read_pair
from csfnet_bundle.inputs.settings import RoiSettings
from csfnet_bundle.records import CHOICE, FollowUpPair, Scan
from csfnet_bundle.scans import volume_files
from csfnet_bundle.scans.dicom import SeriesSummary, scan_folder
from csfnet_bundle.scans.dicom.header import Skip
from csfnet_bundle.scans.dicom.index import file_state
from csfnet_bundle.scans.dicom.scan import list_files

logger = logging.getLogger(__name__)

READER_VERSION = 2
"""Goes up when a change of the readers or of the resampling changes voxels: cached ROIs of before are then not used."""

HEADERS = "headers"
"""Subfolder of the cache for the known index of DICOM folders: the next nodule of a scan reads no header again."""


class RoiCache:
    """Reads pairs through a folder of cached ROIs.

    The key holds the reader's version, both scans' files (name, size and times of change of every file in the folder),
    their declared series, dates, points and spaces, the subject, the ROI's size and spacing, and, where t0 is missing,
    how that is treated. HU are kept before the window is applied, so that the window needs no place in the key.

    Args:
        folder: where ROIs are kept; None reads every time.
        settings: size and spacing of the ROI.
        repeat_missing_prior: see :func:`csfnet_bundle.inputs.read_pair`.
        follow_links: see :func:`csfnet_bundle.scans.dicom.scan_folder`.
    """

    def __init__(
        self,
        folder: str | Path | None,
        settings: RoiSettings,
        *,
        repeat_missing_prior: bool = False,
        follow_links: bool = False,
    ) -> None:
        # Absolute, since workers of a cluster read through it in folders of their own.
        self.folder = None if folder is None else Path(folder).absolute()
        self.settings = settings
        self.repeat_missing_prior = repeat_missing_prior
        self.follow_links = follow_links

    def read(self, pair: FollowUpPair, datalist_folder: Path) -> PairRois:
        """Return the pair's ROIs, from the cache where they are; raises as :func:`read_pair` does."""
        if self.folder is None:
            return self._read(pair, datalist_folder)
        file = self.path(pair, datalist_folder)
        cached = _load(file, self.settings.size)
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
            "has_interval": pair.interval_days is not None,  # it may stand for dates
            "scans": [
                _scan_key(scan, datalist_folder, follow_links=self.follow_links)
                for scan in (pair.t0, pair.t1)
                if scan is not None
            ],
            "size": self.settings.size,
            "spacing": self.settings.spacing,
            "repeat_missing_prior": self.repeat_missing_prior and pair.t0 is None,
        }
        digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
        return self.folder / digest[:2] / f"{digest[:32]}.npz"

    def _read(self, pair: FollowUpPair, datalist_folder: Path) -> PairRois:
        index = None if self.folder is None else self.folder / HEADERS
        return read_pair(
            pair,
            datalist_folder,
            self.settings,
            repeat_missing_prior=self.repeat_missing_prior,
            find_series=partial(scan_folder, index=index, follow_links=self.follow_links),
        )


def _scan_key(scan: Scan, datalist_folder: Path, *, follow_links: bool) -> dict[str, object]:
    path = scan_path(scan, datalist_folder)
    return {
        "files": sorted(files_state(path, follow_links=follow_links)),
        "follow_links": follow_links,
        "choice": str(scan.extra.get(CHOICE, "")),
        "path": str(path.resolve()),
        "series_uid": scan.series_uid,
        "date": scan.date,
        **_point_key(scan),
    }


def _point_key(scan: Scan) -> dict[str, object]:
    """What of a point the ROI depends on; a point to be found depends on the other scan, which the key has too."""
    if scan.point is None:
        return {"matching_version": MATCHING_VERSION}
    return {"point": scan.point.coordinates, "space": scan.point.space, "match": match_findings(scan)}


def files_state(path: Path, *, follow_links: bool) -> Iterator[tuple[str, int, int, int]]:
    """Yield name, bytes and times of change (ns) of the scan's file, or of every file in its folder.

    Two times, since copying programs set the one of the content back to the original's, but not that of the entry.
    """
    if path.is_file():
        for file in volume_files.files_of(path):
            yield file.name, *_state(file.stat())
        return
    start = len(os.path.join(path, ""))  # noqa: PTH118 - as os.scandir puts its paths together
    for name in list_files(path, follow_links=follow_links):  # what the reader passes over changes nothing
        if not isinstance(name, Skip):
            yield name[start:], *file_state(name, follow_links=follow_links)


def _state(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _save(file: Path, rois: PairRois) -> None:
    with atomic_path(file) as temporary, temporary.open("wb") as stream:
        np.savez(
            stream,
            array=rois.array,
            affines=rois.affines,
            findings=np.array(rois.findings, dtype=np.str_),
            series=np.array(series_to_json(rois.series), dtype=np.str_),
        )


def series_to_json(series: tuple[SeriesSummary | None, SeriesSummary | None]) -> str:
    """Return the series of t0 and t1 as one text, which collating and caching leave alone."""
    return json.dumps([None if item is None else item.to_plain() for item in series])


def series_from_json(text: str) -> tuple[SeriesSummary | None, SeriesSummary | None]:
    """Return what :func:`series_to_json` wrote."""
    t0, t1 = (None if item is None else SeriesSummary.from_plain(item) for item in json.loads(text))
    return t0, t1


def _load(file: Path, size: tuple[int, int, int]) -> PairRois | None:
    """Return what the file holds; None where there is none, or where it is damaged and has to be made again."""
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            findings = tuple(str(text) for text in stored["findings"])
            series = series_from_json(str(stored["series"]))
            rois = PairRois(stored["array"], stored["affines"], findings, series)
        if rois.array.shape != (2, *size) or rois.affines.shape != (2, 4, 4):
            raise ValueError(f"arrays of shapes {rois.array.shape} and {rois.affines.shape}")
    except FileNotFoundError:
        return None
    except _DAMAGE as error:
        logger.warning("%s is damaged and is made again (%s)", file, error)
        return None
    return rois


_DAMAGE = (
    *(OSError, EOFError, BadZipFile, zlib.error, struct.error, RuntimeError),
    *(ValueError, KeyError, TypeError, AttributeError),
)
"""What reading a damaged archive raises, seen by changing and cutting its bytes: the first line when the archive is no
longer one (or seems compressed or encrypted), the second when its members are no longer the arrays that they were."""
