"""The slices that a prediction needs of a pair in a PACS: thinned for the match, then blocks around the nodule."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.geometry.inside import check_point_inside, is_inside
from csfnet_bundle.scans.dicom import Series
from csfnet_bundle.scans.local_search import COARSE
from csfnet_bundle.scans.registration import Match, align_scans, match_aligned
from csfnet_bundle.scans.scan import OpenedScan, open_scan
from csfnet_bundle.scans.thinned import kept_slices, thinning
from csfnet_bundle.scans.vote import DIAGONALS
from csfnet_bundle.serving.pacs.priors import PairFound
from csfnet_bundle.serving.pacs.service import DicomWebService

MARGIN_MM = 6.0
"""Beyond what is looked up: the interpolation's neighbours, and what the alignment stretches."""
STRETCH = 1.25
"""Largest sum of a row of the alignment's matrix, which stretches what is looked up in t0."""
TEMPLATE_MM = float(np.abs(DIAGONALS).max()) + COARSE.half_width_mm
BLOCK1_MM = TEMPLATE_MM + MARGIN_MM
"""Of t1 on each side of the nodule: more than the measured cube (26 mm) and the check for lung (30 mm)."""
BLOCK0_MM = (TEMPLATE_MM + COARSE.reach_mm) * STRETCH + MARGIN_MM
LEAST_SLICES = 5
"""Of a block on each side: thick slices still make a stack."""


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
        Refusal: as :func:`csfnet_bundle.scans.registration.match_point`; ``POINT_OUTSIDE``.
        BundleError: the PACS fails.
    """
    slices = _Slices(service)
    stack1 = pair.t1.check_volume()
    place1 = check_point_inside(point1, stack1.affine(), stack1.shape, series=pair.t1.uid, record="t1")
    thinned = []
    for name, series in (("t0", pair.t0), ("t1", pair.t1)):
        stack = series.check_volume()
        kept = kept_slices(stack.shape[2], thinning(stack.affine())[2])
        label = f"{name}, thinned for the match"
        thinned.append(slices.fetch(series, list(kept), folder / f"{name}_thinned", label))
    aligned = align_scans(*thinned)
    expected = aligned.alignment.matrix[:3, :3] @ place1 + aligned.alignment.matrix[:3, 3]
    if not is_inside(_lps(expected), aligned.scan0.affine, aligned.scan0.shape):
        match_aligned(aligned, _lps(place1))  # rejects the pair: t0 does not show the place
    block1 = slices.fetch(pair.t1, slices_around(pair.t1, place1, BLOCK1_MM), folder / "t1", "t1, block")
    block0 = slices.fetch(pair.t0, slices_around(pair.t0, expected, BLOCK0_MM), folder / "t0", "t0, block")
    match = match_aligned(replace(aligned, scan0=block0, scan1=block1), _lps(place1))
    return FetchedPair(folder / "t0", folder / "t1", match, slices.counts)


def slices_around(series: Series, place: NDArray[np.float64], half_mm: float) -> list[int]:
    """Return the slices within some mm of a place, at least :data:`LEAST_SLICES` on each side.

    Args:
        series: the series.
        place: LPS mm, (3,).
        half_mm: distance from the place along the slices' normal.
    """
    stack = series.check_volume()
    offsets = stack.offsets - float(place @ stack.normal)
    nearest = int(np.abs(offsets).argmin())
    near = np.flatnonzero(np.abs(offsets) <= half_mm)
    first = min(int(near[0]) if len(near) else nearest, nearest - LEAST_SLICES)
    last = max(int(near[-1]) if len(near) else nearest, nearest + LEAST_SLICES)
    return list(range(max(first, 0), min(last, len(offsets) - 1) + 1))


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
                made.save_as(self._files[uid], enforce_file_format=True)
                advance(1)
        self.counts[label] = (len(new), len({instance.sop_uid for instance in instances}))
        return open_scan(folder)


def _lps(place: NDArray[np.float64]) -> Point:
    x, y, z = (float(value) for value in place)
    return Point((x, y, z), Space.LPS)
