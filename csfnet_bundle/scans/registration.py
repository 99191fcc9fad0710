"""The same place in the earlier scan, from a point in the later one.

Both chests are laid on each other by an affine transform of thinned scans; then what lies around the point is sought
near where the transform puts it, and so are eight neighbours. Where they do not agree, the match is refused: a wrong
place gives a plausible probability. docs/matching.md has the figures.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.geometry import Point, RoiGrid, Space
from csfnet_bundle.geometry.inside import bounds_lps, is_inside
from csfnet_bundle.scans.alignment import Alignment, align
from csfnet_bundle.scans.local_search import COARSE, FINE, Surroundings
from csfnet_bundle.scans.lungs import Lungs, find_lungs
from csfnet_bundle.scans.nearby import nearest_opacity, opacity_finding
from csfnet_bundle.scans.place_words import place_words
from csfnet_bundle.scans.presence import LEAST_CONTRAST_HU, absence_finding, contrast_and_lung, is_absent
from csfnet_bundle.scans.scan import OpenedScan
from csfnet_bundle.scans.thinned import ThinnedScan
from csfnet_bundle.scans.vote import DIAGONALS, LEAST_NCC, Vote, count_votes

PEAK_FROM_VOTE_MM = 8.0
"""A peak farther from the vote is another place that looks alike: the match is refused."""

LEAST_PEAK_NCC = 0.5
"""Correlation of the place itself below which it is another one. On the series of docs/matching.md and on phantoms that
its test does not use, right ones have at least so much, 99 % of them .57; of places in other lungs four in five have
less. Where t0 shows no nodule its neighbours decide alone."""

VOTES_WITHOUT_PEAK = 5
"""Where t0 shows no nodule, what looks most like it is no guide; so many neighbours then decide without it."""

PEAK_TAKEN_MM = 3.0
"""A peak this near to the vote is more exact than the vote; farther, the vote is safer."""

NEAR_END_MM = 25.0
"""An unsure match this near to an end of t0 is put down to what the scan does not show."""


@dataclass(frozen=True)
class AlignedScans:
    """Two scans laid on each other; matches any number of points.

    Attributes:
        scan0: t0.
        scan1: t1.
        thinned0: t0, thinned.
        thinned1: t1, thinned.
        lungs0: the lungs of t0.
        lungs1: the lungs of t1.
        alignment: from t1 to t0.
    """

    scan0: OpenedScan
    scan1: OpenedScan
    thinned0: ThinnedScan
    thinned1: ThinnedScan
    lungs0: Lungs
    lungs1: Lungs
    alignment: Alignment


@dataclass(frozen=True)
class Match:
    """A place of t1 found in t0.

    Attributes:
        point0: the place in t0, LPS mm.
        point1: the place in t1, LPS mm.
        votes: how many of the eight neighbours agree.
        spread: root mean square distance of those from a common local motion, mm.
        peak_from_vote: distance of the correlation's peak from the vote, mm.
        ncc: height of the peak.
        neighbours0: where the neighbours were found in t0, LPS mm, shape (8, 3).
        neighbours1: the neighbours in t1, LPS mm, shape (8, 3).
        agreeing: which neighbours agree, shape (8,).
        contrasts: HU of the core above the lung around it, in t0 and in t1.
        absent: whether t0 shows nothing like the nodule there.
        other_opacity_mm: distance of another opacity in t0; None without one.
        findings: what a reader should know, one sentence each.
    """

    point0: Point
    point1: Point
    votes: int
    spread: float
    peak_from_vote: float
    ncc: float
    neighbours0: NDArray[np.float64] = field(repr=False)
    neighbours1: NDArray[np.float64] = field(repr=False)
    agreeing: NDArray[np.bool_] = field(repr=False)
    contrasts: tuple[float, float] = (0.0, 0.0)
    absent: bool = False
    other_opacity_mm: float | None = None
    findings: tuple[str, ...] = ()

    @property
    def is_sure(self) -> bool:
        """Whether neighbours and peak agree well enough to answer."""
        return self.doubt == ""

    @property
    def doubt(self) -> str:
        """Why the match is not sure; empty if it is."""
        vote = Vote(np.zeros(3), self.agreeing, self.spread)
        if not vote.is_sure:
            return f"{self.votes} of 8 neighbours agree" + (f", spread {self.spread:.1f} mm" if self.votes else "")
        if self.ncc < LEAST_PEAK_NCC and not self.absent:
            return f"the best place looks different (correlation {self.ncc:.2f})"
        if self.peak_from_vote > PEAK_FROM_VOTE_MM and not (self.absent and self.votes >= VOTES_WITHOUT_PEAK):
            return f"the best place lies {self.peak_from_vote:.1f} mm from where the neighbours say"
        return ""


def match_point(scan0: OpenedScan, scan1: OpenedScan, point1: Point, *, record: str = "") -> Match:
    """Find the place in t0 that a point of t1 shows.

    Args:
        scan0: t0, the earlier scan.
        scan1: t1, the later scan.
        point1: the place in t1.
        record: which pair, for the refusal.

    Raises:
        Refusal: ``NO_LUNGS``, ``PRIOR_NOT_ALIGNED``, ``PRIOR_CUT_OFF``, ``MATCH_UNSURE`` (``figures`` hold the best
            guess), ``POINT_OUTSIDE``, or a scan that cannot be read right.
    """
    scan1.lps(point1, record)  # a point that cannot be is told before anything is read
    return match_aligned(align_scans(scan0, scan1, record=record), point1, record=record)


def align_scans(scan0: OpenedScan, scan1: OpenedScan, *, record: str = "") -> AlignedScans:
    """Lay two scans on each other.

    Raises:
        Refusal: ``NO_LUNGS``, ``PRIOR_NOT_ALIGNED``, or a scan that cannot be read right.
    """
    thinned0, thinned1 = scan0.read_thinned(), scan1.read_thinned()
    lungs0 = find_lungs(thinned0, scan0.name, f"{record}, t0" if record else "t0")
    lungs1 = find_lungs(thinned1, scan1.name, f"{record}, t1" if record else "t1")
    alignment = align(thinned0, lungs0, thinned1, lungs1, series=scan0.name, record=record)
    return AlignedScans(scan0, scan1, thinned0, thinned1, lungs0, lungs1, alignment)


def match_aligned(scans: AlignedScans, point1: Point, *, record: str = "") -> Match:
    """Find the place in t0 that a point of t1 shows, in scans that are laid on each other.

    Raises:
        Refusal: ``PRIOR_CUT_OFF``, ``MATCH_UNSURE``, ``POINT_OUTSIDE``, or slices that cannot be read right.
    """
    place1 = scans.scan1.lps(point1, record)
    expected = carried(scans.alignment.matrix, place1)
    if not is_inside(_point(expected), scans.scan0.affine, scans.scan0.shape):
        raise _cut_off(scans.scan0, expected, record)
    match = best_match(scans, place1)
    if match.is_sure:
        return match
    if _is_near_end(scans.scan0, expected):
        raise _cut_off(scans.scan0, expected, record)
    guess = np.array(match.point0.coordinates)
    raise Refusal(
        RefusalCode.MATCH_UNSURE,
        f"the place of t1 was not found in t0 for sure: {match.doubt}; the best guess is "
        f"{place_words(scans.scan0, guess)}",
        series=scans.scan0.name,
        record=record,
        figures={
            "best_guess_lps": list(match.point0.coordinates),
            "votes": match.votes,
            "spread_mm": match.spread if np.isfinite(match.spread) else None,
            "peak_from_vote_mm": match.peak_from_vote,
            "ncc": match.ncc,
            "contrasts_hu": list(match.contrasts),
        },
        remedy="Look at both places (csfnet match --out draws them), then give the right one by --point0.",
    )


def best_match(scans: AlignedScans, place1: NDArray[np.float64]) -> Match:
    """Return the best guess, sure or not.

    The neighbours of a large nodule show some of it. Where it has gone since, they are not found; they are then sought
    without what lies around the place.

    Args:
        scans: two scans laid on each other.
        place1: LPS mm in t1, shape (3,); the alignment takes it into t0.
    """
    surroundings = _surroundings(scans, place1)
    match = _guess(scans, surroundings, place1, without=None)
    if match.is_sure:
        return match
    other = _guess(scans, surroundings, place1, without=place1)
    return other if other.is_sure else match


def _guess(
    scans: AlignedScans,
    surroundings: Surroundings,
    place1: NDArray[np.float64],
    without: NDArray[np.float64] | None,
) -> Match:
    """Return the best guess; the neighbours are sought without what lies around ``without``."""
    neighbours = place1 + DIAGONALS
    searches = [surroundings.search(place, place, COARSE, without) for place in neighbours]
    found = np.array([peak.height > LEAST_NCC and not peak.is_at_edge for peak, _ in searches])
    motions = np.array([place for _, place in searches]) - neighbours
    vote = count_votes(motions, found)
    _, coarse = surroundings.search(place1, place1, COARSE)
    peak, fine = surroundings.search(place1, coarse, FINE)
    voted = place1 + vote.motion
    matrix = scans.alignment.matrix
    distance = float(np.linalg.norm(carried(matrix, fine) - carried(matrix, voted)))
    place0 = carried(matrix, fine if distance <= PEAK_TAKEN_MM else voted)
    findings = [
        f"The place in t0 was found by matching: {vote.votes} of 8 neighbours agree within {vote.spread_mm:.1f} mm."
    ]
    if distance > PEAK_TAKEN_MM:
        findings.append(
            f"The most similar place lies {distance:.1f} mm from where the neighbours say; theirs was taken."
        )
    (contrast0, lung0), (contrast1, _) = (
        contrast_and_lung(block, place)
        for block, place in ((surroundings.block0, place0), (surroundings.block1, place1))
    )
    absent = is_absent(contrast0, contrast1)
    if absent:
        findings.append(absence_finding(contrast0, contrast1))
    other = nearest_opacity(surroundings.block0, place0, lung0, contrast1) if contrast1 >= LEAST_CONTRAST_HU else None
    if other is not None:
        findings.append(opacity_finding(other[1], place0, scans.scan0))
    return Match(
        point0=_point(place0),
        point1=_point(place1),
        votes=vote.votes,
        spread=vote.spread_mm,
        peak_from_vote=distance,
        ncc=peak.height,
        neighbours0=np.array([carried(matrix, place) for _, place in searches]),
        neighbours1=neighbours,
        agreeing=vote.agreeing,
        contrasts=(contrast0, contrast1),
        absent=absent,
        other_opacity_mm=None if other is None else other[0],
        findings=tuple(findings),
    )


def block_grids(scans: AlignedScans, place1: NDArray[np.float64]) -> tuple[RoiGrid, RoiGrid]:
    """Return the grids, in t0 and in t1, between which lie all voxels that the search for a place reads.

    Args:
        scans: two scans laid on each other.
        place1: LPS mm in t1, shape (3,).
    """
    matrix = scans.alignment.matrix
    template_mm = float(np.abs(DIAGONALS).max()) + COARSE.half_width_mm
    window_mm = template_mm + COARSE.reach_mm
    stretch = float(np.abs(matrix[:3, :3]).sum(axis=1).max())  # of a cube's half width under the matrix
    return _cube(carried(matrix, place1), window_mm * stretch), _cube(place1, template_mm)


def _surroundings(scans: AlignedScans, place1: NDArray[np.float64]) -> Surroundings:
    """Read both scans around the place, as far as the neighbours' searches reach."""
    grid0, grid1 = block_grids(scans, place1)
    return Surroundings(
        block0=scans.scan0.read_block(grid0),
        block1=scans.scan1.read_block(grid1),
        matrix=scans.alignment.matrix,
        scan1=scans.thinned1,
        lungs1=scans.lungs1,
    )


def _cube(center: NDArray[np.float64], half_mm: float) -> RoiGrid:
    """A grid of 1 mm that is a cube of this half width."""
    x, y, z = center.tolist()
    return RoiGrid((x, y, z), (2 * int(np.ceil(half_mm)) + 1,) * 3)


def carried(matrix: NDArray[np.float64], place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where a matrix (4, 4) takes a place (3,)."""
    place0: NDArray[np.float64] = matrix[:3, :3] @ place + matrix[:3, 3]
    return place0


def _point(place: NDArray[np.float64]) -> Point:
    x, y, z = (round(float(value), 3) for value in place)
    return Point((x, y, z), Space.LPS)


def _is_near_end(scan: OpenedScan, place: NDArray[np.float64]) -> bool:
    low, high = bounds_lps(scan.affine, scan.shape)
    return bool(place[2] - low[2] < NEAR_END_MM or high[2] - place[2] < NEAR_END_MM)


def _cut_off(scan: OpenedScan, expected: NDArray[np.float64], record: str) -> Refusal:
    low, high = bounds_lps(scan.affine, scan.shape)
    x, y, z = (float(value) for value in expected)
    return Refusal(
        RefusalCode.PRIOR_CUT_OFF,
        f"t0 does not show the place: it is expected near {x:.0f},{y:.0f},{z:.0f} (LPS), and t0 reaches from "
        f"{low[2]:.0f} to {high[2]:.0f} mm in z",
        series=scan.name,
        record=record,
        figures={"expected_lps": [x, y, z], "lowest_lps": low.tolist(), "highest_lps": high.tolist()},
        remedy="Give a prior that shows it, or its place in t0 by --point0; without either, predict without --t0.",
    )
