"""Whether the two points given for a nodule can be of one nodule."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.core.alarm import CHECK_POINT
from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.geometry import Point
from csfnet_bundle.scans.lungs import Lungs
from csfnet_bundle.scans.place_words import place_words
from csfnet_bundle.scans.registration import AlignedScans, align_scans, match_aligned
from csfnet_bundle.scans.scan import OpenedScan
from csfnet_bundle.scans.thinned import ThinnedScan

LARGEST_DISTANCE_MM = 15.0
"""A point given farther from the match is of another place: readers' centres of one nodule differ by less than its
radius, and the matches of docs/matching.md miss by less than 8 mm."""

MIDLINE_MM = 15.0
"""Points this near to the middle of the lungs are on neither side."""

RED = f"{CHECK_POINT}S: "
"""Begins every finding of this check."""


def check_points(scan0: OpenedScan, scan1: OpenedScan, point0: Point, point1: Point) -> tuple[str, ...]:
    """Check the points given for a nodule against the scans.

    Args:
        scan0: t0, the earlier scan.
        scan1: t1, the later scan.
        point0: the nodule's centre in t0, as given.
        point1: the nodule's centre in t1.

    Returns:
        Findings that begin with :data:`RED`, one sentence each; empty if nothing speaks against the points, or if a
        scan shows no lungs, so that nothing can be checked.

    Raises:
        Refusal: ``POINT_OUTSIDE``, or a scan that cannot be read right.
    """
    place0, place1 = scan0.lps(point0, "t0"), scan1.lps(point1, "t1")
    try:
        scans = align_scans(scan0, scan1)
    except Refusal as refusal:
        if refusal.code == RefusalCode.NO_LUNGS:
            return ()
        if refusal.code == RefusalCode.PRIOR_NOT_ALIGNED:
            return (f"{RED}the scans do not look like one patient's: {refusal.problem}.",)
        raise
    found = _other_side(scans, place0, place1)
    try:
        match = match_aligned(scans, point1)
    except Refusal as refusal:
        if refusal.code not in (RefusalCode.PRIOR_CUT_OFF, RefusalCode.MATCH_UNSURE):
            raise
        return tuple(found)
    distance = float(np.linalg.norm(place0 - match.point0.coordinates))
    if distance > LARGEST_DISTANCE_MM:
        there = place_words(scan0, np.array(match.point0.coordinates))
        found.append(f"{RED}t0's point lies {distance:.0f} mm from where t1's is found in t0: {there}.")
    return tuple(found)


def distance_to_lungs(thinned: ThinnedScan, lungs: Lungs, places: NDArray[np.float64]) -> float:
    """Return how far the nearest of places lies outside of the lungs, mm; 0 inside.

    Args:
        thinned: the scan.
        lungs: its lungs.
        places: LPS mm, (3,) or (N, 3).
    """
    homogeneous = np.pad(np.atleast_2d(places), ((0, 0), (0, 1)), constant_values=1.0)
    index = (np.linalg.inv(thinned.grid.affine) @ homogeneous.T)[:3]
    return float(ndimage.map_coordinates(lungs.distance_mm, index, order=1, mode="nearest").min())


def _other_side(scans: AlignedScans, place0: NDArray[np.float64], place1: NDArray[np.float64]) -> list[str]:
    side0, side1 = place0[0] - scans.lungs0.centroid[0], place1[0] - scans.lungs1.centroid[0]
    if side0 * side1 >= 0 or min(abs(side0), abs(side1)) <= MIDLINE_MM:
        return []
    names = ["left" if side > 0 else "right" for side in (side0, side1)]
    return [f"{RED}t0's point lies in the {names[0]} lung, t1's in the {names[1]}."]
