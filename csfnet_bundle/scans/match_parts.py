"""A match of two scans that lie elsewhere: it asks for the slices that it needs, first thinned, then around the place.

An archive's client says how slices are fetched; what is needed is the same for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from csfnet_bundle.geometry import Point, RoiGrid
from csfnet_bundle.geometry.inside import is_inside
from csfnet_bundle.scans.dicom import Series
from csfnet_bundle.scans.dicom.roi import needed_slices
from csfnet_bundle.scans.local_search import COARSE
from csfnet_bundle.scans.registration import Match, align_scans, block_grids, carried, match_aligned
from csfnet_bundle.scans.scan import OpenedScan
from csfnet_bundle.scans.thinned import SLICES_MM, kept_slices, thinning
from csfnet_bundle.scans.vote import DIAGONALS

THINNED, BLOCK = "thinned for the match", "block"
LEAST_SLICES = 5
"""Of a block on each side: thick slices still make a stack."""


@dataclass(frozen=True)
class Part:
    """Slices of one scan.

    Attributes:
        scan: ``t0`` or ``t1``.
        purpose: :data:`THINNED` or :data:`BLOCK`.
        series: the scan's series, with the headers of all of its slices.
        numbers: the slices, counted along the normal of the whole series, ascending.
        grid: of a block: what it is read between.
    """

    scan: str
    purpose: str
    series: Series
    numbers: tuple[int, ...]
    grid: RoiGrid | None = None

    @property
    def label(self) -> str:
        """What a message calls it."""
        return f"{self.scan}, {self.purpose}"


Fetch = Callable[[Part], OpenedScan]
"""Gets slices and returns a scan of which at least these can be read: the whole series, hollow beside them, or they
alone."""


def match_by_parts(scan0: OpenedScan, scan1: OpenedScan, point1: Point, fetch: Fetch) -> Match:
    """Find the place in t0 that a point of t1 shows, fetching only the slices that this needs.

    Args:
        scan0: t0; of DICOM the headers of all slices are at hand, of other files everything.
        scan1: t1, likewise.
        point1: the nodule's centre in t1.
        fetch: gets slices of a DICOM series.

    Raises:
        Refusal: as :func:`csfnet_bundle.scans.registration.match_point`.
    """
    place1 = scan1.lps(point1)
    thinned = [_thinned(name, scan, fetch) for name, scan in (("t0", scan0), ("t1", scan1))]
    aligned = align_scans(*thinned)
    expected = carried(aligned.alignment.matrix, place1)
    if is_inside(Point.at_lps(expected), aligned.scan0.affine, aligned.scan0.shape):
        grid0, grid1 = block_grids(aligned, place1)
        aligned = replace(aligned, scan0=_block("t0", scan0, grid0, fetch), scan1=_block("t1", scan1, grid1, fetch))
    return match_aligned(aligned, Point.at_lps(place1))  # where t0 does not show the place, this rejects the pair


def slices_around(series: Series, grid: RoiGrid) -> tuple[int, ...]:
    """Return the slices that a grid lies between, and at least :data:`LEAST_SLICES` on each side of its centre."""
    stack = series.check_volume()
    first, last = needed_slices(series, stack, grid)
    nearest = int(np.abs(stack.offsets - stack.normal @ grid.center).argmin())
    first, last = min(first, nearest - LEAST_SLICES), max(last, nearest + LEAST_SLICES)
    return tuple(range(max(first, 0), min(last, stack.shape[2] - 1) + 1))


def estimated_slices(count: int, slice_mm: float, width_mm: float) -> float:
    """Return about how many slices' worth of pixels a match needs of an axial series: of t0, which needs more.

    Args:
        count: its slices.
        slice_mm: their distance.
        width_mm: of the image; of a block's slices only the rows around the place are needed.
    """
    step = max(1, round(SLICES_MM / slice_mm))
    block_mm = 2 * (float(np.abs(DIAGONALS).max()) + COARSE.half_width_mm + COARSE.reach_mm)
    block = min(count, ceil(block_mm / slice_mm) + 1) * min(1.0, block_mm / width_mm)
    return min(float(count), count / step + block * (1 - 1 / step))


def _thinned(name: str, scan: OpenedScan, fetch: Fetch) -> OpenedScan:
    if scan.series is None:
        return scan
    kept = kept_slices(scan.shape[2], thinning(scan.affine)[2])
    return fetch(Part(name, THINNED, scan.series, tuple(kept)))


def _block(name: str, scan: OpenedScan, grid: RoiGrid, fetch: Fetch) -> OpenedScan:
    if scan.series is None:
        return scan
    return fetch(Part(name, BLOCK, scan.series, slices_around(scan.series, grid), grid))
