"""The slices that a prediction needs of a pair in a PACS: thinned for the match, then blocks around the nodule.

The match's block of t1 is larger than what is read besides: the measured cube (26 mm) and the check for lung (30 mm).
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.geometry import Point
from csfnet_bundle.scans.dicom import Series
from csfnet_bundle.scans.match_parts import BLOCK, THINNED, Part, match_by_parts
from csfnet_bundle.scans.registration import Match
from csfnet_bundle.scans.scan import OpenedScan, open_scan
from csfnet_bundle.serving.pacs.priors import WHOLE_FILE, PairFound
from csfnet_bundle.serving.pacs.service import DicomWebService

FOLDERS = {BLOCK: "{}", THINNED: "{}_thinned"}
"""By a part's purpose: where its slices lie, of t0 and of t1."""


@dataclass(frozen=True)
class FetchedPair:
    """A pair on disk, as much of it as is needed.

    Attributes:
        folder0: slices of t0 around the nodule.
        folder1: slices of t1 around the nodule.
        match: how the place in t0 was found.
        slices: fetched and in all, by what they are; those that an earlier step had fetched count there.
    """

    folder0: Path
    folder1: Path
    match: Match
    slices: dict[str, tuple[int, int]]


def fetch_pair(service: DicomWebService, pair: PairFound, point1: Point, folder: Path) -> FetchedPair:
    """Fetch a pair's slices and find the nodule in t0.

    Args:
        service: the PACS.
        pair: the series, by their headers.
        point1: the nodule's centre in t1, LPS or RAS.
        folder: where the files go.

    Raises:
        Refusal: as :func:`csfnet_bundle.scans.registration.match_point`.
        BundleError: the PACS fails.
    """
    slices = _Slices(service)

    def fetch(part: Part) -> OpenedScan:
        return slices.fetch(part.series, part.numbers, folder / FOLDERS[part.purpose].format(part.scan), part.label)

    scan0, scan1 = (OpenedScan(folder, series=series) for series in (pair.t0, pair.t1))
    match = match_by_parts(scan0, scan1, point1, fetch)
    return FetchedPair(folder / "t0", folder / "t1", match, slices.counts)


class _Slices:
    """Fetches slices, each once, and counts them.

    Attributes:
        counts: by what they are for: how many were fetched, and how many the series has.
    """

    def __init__(self, service: DicomWebService) -> None:
        self._service = service
        self._files: dict[str, Path] = {}
        self.counts: dict[str, tuple[int, int]] = {}

    def fetch(self, series: Series, wanted: Sequence[int], folder: Path, label: str) -> OpenedScan:
        """Put slices of a series into a folder and open them as a scan; those that are there already are copied."""
        instances = series.check_volume().instances
        uids = sorted({instances[k].sop_uid for k in wanted})
        new = [uid for uid in uids if uid not in self._files]
        folder.mkdir(parents=True)
        for number, uid in enumerate(uids):
            path = folder / f"{number}.dcm"
            if uid in self._files:
                shutil.copyfile(self._files[uid], path)
            else:
                self._files[uid] = path
        with progress_bar(f"fetching {label}", len(new)) as advance:
            for uid in new:
                made = self._service.instance(series.study_uid, series.uid, uid, label)
                made.save_as(self._files[uid], **WHOLE_FILE)
                advance(1)
        self.counts[label] = (len(new), len({instance.sop_uid for instance in instances}))
        return open_scan(folder)
