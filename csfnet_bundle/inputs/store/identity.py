"""What names the scans of a pair in a store, and the state of their files."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from csfnet_bundle.inputs.interval import interval_findings
from csfnet_bundle.inputs.matching import MATCHING_VERSION, match_findings
from csfnet_bundle.inputs.store.entry import Source
from csfnet_bundle.records import CHOICE, FollowUpPair, Scan
from csfnet_bundle.scans import volume_files
from csfnet_bundle.scans.dicom import SeriesSummary
from csfnet_bundle.scans.dicom.header import Skip
from csfnet_bundle.scans.dicom.index import file_state
from csfnet_bundle.scans.dicom.scan import list_files


@dataclass(frozen=True)
class PairIdentity:
    """A pair as a store knows it.

    Attributes:
        key: digest of what names its scans: patient, series, dates. Neither paths nor points are in it: a store may be
            moved, and a point may be corrected.
        places: the points, as texts that compare.
    """

    key: str
    places: tuple[str, ...]

    @classmethod
    def of(cls, pair: FollowUpPair, *, repeat_missing_prior: bool = False) -> PairIdentity:
        """Return the identity of a record; a missing t0 that is repeated counts."""
        scans = [scan for scan in (pair.t0, pair.t1) if scan is not None]
        named = {
            "subject": pair.subject,
            "has_interval": pair.interval_days is not None,  # it may stand for dates
            "scans": [_name(scan) for scan in scans],
            "repeat_missing_prior": repeat_missing_prior and pair.t0 is None,
        }
        if doubt := interval_findings(pair):  # it stands among the findings that a store keeps
            named["interval"] = doubt
        key = hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()[:32]
        return cls(key, tuple(json.dumps(_place(scan), sort_keys=True) for scan in scans))


def _name(scan: Scan) -> dict[str, object]:
    """What names a scan: its series, or the last part of its path where no series is declared."""
    return {
        "series": scan.series_uid or Path(scan.path).name,
        "date": scan.date,
        "choice": str(scan.extra.get(CHOICE, "")),
    }


def _place(scan: Scan) -> dict[str, object]:
    """What of a point the ROI depends on; a point to be found depends on the other scan, which the key has too."""
    if scan.point is None:
        return {"matching_version": MATCHING_VERSION}
    found: dict[str, object] = {"point": list(scan.point.coordinates), "space": str(scan.point.space)}
    findings = match_findings(scan)
    return {**found, "match": list(findings)} if findings else found


def origin_of(path: Path) -> str:
    """Return the digest of a scan's absolute path, whether or not it is there."""
    return _digest(os.fsencode(path.resolve()))


def state_of(path: Path, *, follow_links: bool) -> str:
    """Return the digest of name, size and times of change of the scan's files."""
    return _digest(json.dumps(sorted(files_state(path, follow_links=follow_links))).encode())


def source_of(path: Path, series: SeriesSummary | None, *, follow_links: bool, state: str) -> Source:
    """Return where a scan was read from.

    Args:
        path: its folder or file.
        series: what was read; None for a volume file.
        follow_links: see :func:`csfnet_bundle.scans.dicom.scan_folder`.
        state: of its files, taken before they were read: a change meanwhile then shows.
    """
    if series is not None:
        return Source(origin_of(path), state, series.instances_sha256, series.uid)
    digest = hashlib.sha256()
    for file in volume_files.files_of(path):
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return Source(origin_of(path), state, digest.hexdigest())


def files_state(path: Path, *, follow_links: bool) -> Iterator[tuple[str, int, int, int]]:
    """Yield name, bytes and times of change (ns) of the scan's file, or of every file in its folder.

    Two times, since copying programs set the one of the content back to the original's, but not that of the entry.
    """
    if path.is_file():
        for file in volume_files.files_of(path):
            status = file.stat()
            yield file.name, status.st_size, status.st_mtime_ns, status.st_ctime_ns
        return
    start = len(os.path.join(path, ""))  # noqa: PTH118 - as os.scandir puts its paths together
    for name in list_files(path, follow_links=follow_links):  # what the reader passes over changes nothing
        if not isinstance(name, Skip):
            yield name[start:], *file_state(name, follow_links=follow_links)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
