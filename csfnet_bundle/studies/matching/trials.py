"""One trial: an earlier scan made of a later one by a known motion, and places of the later one sought in it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.cohorts.phantom.followup import grown, removed, simulate_nodule
from csfnet_bundle.cohorts.phantom.motion import Motion, MotionLevel
from csfnet_bundle.cohorts.phantom.moved_scan import move_scan
from csfnet_bundle.core.errors import BundleError, Refusal
from csfnet_bundle.geometry import Point, Volume
from csfnet_bundle.geometry.inside import is_inside
from csfnet_bundle.scans.lungs import find_lungs
from csfnet_bundle.scans.registration import AlignedScans, align_scans, match_aligned
from csfnet_bundle.scans.scan import OpenedScan, open_scan
from csfnet_bundle.studies.matching.files import write_volume
from csfnet_bundle.studies.matching.sources import PARENCHYMA_BELOW_HU, Source

STATES = (0.15, 0.4, 0.75, 0.0)
"""What t0 has of a nodule's volume; 0 is none of it."""

GUESS_FIGURES = ("votes", "spread_mm", "peak_from_vote_mm", "ncc", "contrasts_hu")
"""What a refusal as unsure tells of its best guess."""

RANDOM_PLACES = 6
"""Places in the lungs besides the nodules, for each trial."""


@dataclass(frozen=True)
class Query:
    """A place sought, and what came of it.

    Attributes:
        trial: which.
        source: of the later scan.
        level: of the motion.
        kind: "nodule" or "lung".
        diameter_mm: of the nodule; None for a place in the lung.
        attenuation: of the nodule.
        volume_share: what t0 has of the nodule; None for a place in the lung.
        in_t0: whether t0 shows the true place.
        answer: "found", or the code of the refusal.
        error_mm: distance of the place found from the true one; None where refused.
        affine_error_mm: distance of the place that the affine transform gives; None if the scans were not aligned.
        same_point_error_mm: distance of the same LPS point in t0.
        votes: see :class:`csfnet_bundle.scans.registration.Match`.
        spread_mm: see there.
        peak_from_vote_mm: see there.
        ncc: see there.
        contrasts_hu: see there.
        guess_error_mm: distance of the best guess from the true place, refused as unsure or not.
        absent: whether the findings say that t0 shows nothing like the nodule.
        other_opacity_mm: see there.
        seconds: processor time of this place, without the alignment.
    """

    trial: str
    source: str
    level: str
    kind: str
    diameter_mm: float | None
    attenuation: str | None
    volume_share: float | None
    in_t0: bool
    answer: str
    error_mm: float | None = None
    affine_error_mm: float | None = None
    same_point_error_mm: float | None = None
    votes: int | None = None
    spread_mm: float | None = None
    peak_from_vote_mm: float | None = None
    ncc: float | None = None
    contrasts_hu: tuple[float, float] | None = None
    guess_error_mm: float | None = None
    other_opacity_mm: float | None = None
    absent: bool | None = None
    seconds: float | None = None


def run_trial(source: Source, number: int, seed: int, folder: Path) -> dict[str, object]:
    """Make the earlier scan of a trial, seek every place in it, and return plain values.

    Args:
        source: the later scan.
        number: of the trial, which gives level and states of the nodules.
        seed: of everything drawn.
        folder: for the earlier scan, which is removed at the end.
    """
    rng = np.random.default_rng([seed, number])
    scan1 = open_scan(source.path)
    thinned = scan1.read_thinned()
    lungs = find_lungs(thinned).mask
    near = [(nodule.center, nodule.diameter_mm) for nodule in source.nodules]
    changed, states, notes = _changed(source, number)
    level = list(MotionLevel)[number % len(MotionLevel)]
    moved = move_scan(changed, source.grain, level, (lungs, thinned.grid), near, rng)
    name = f"{source.name}-{number}"
    array = np.stack(list(moved.slices), axis=-1).astype(np.float32)
    path = write_volume(Volume(array, moved.geometry.affine), folder / f"{name}.nii")
    places: list[tuple[NDArray[np.float64], float | None, str | None, float | None]] = [
        (nodule.center, nodule.diameter_mm, nodule.attenuation, state)
        for nodule, state in zip(source.nodules, states, strict=True)
    ]
    inside = np.argwhere(lungs & (thinned.array < PARENCHYMA_BELOW_HU))
    for index in inside[rng.integers(len(inside), size=RANDOM_PLACES)]:
        places.append(((thinned.grid.affine @ [*index, 1.0])[:3], None, None, None))
    try:
        scan0 = open_scan(path)
        start = time.process_time()
        aligned, refusal = _align(scan0, scan1)
        seconds = time.process_time() - start
        queries = []
        for place, diameter, attenuation, state in places:
            truth = moved.motion.forward(place[:, None])[:, 0]
            query = Query(
                trial=name,
                source=source.name,
                level=str(level),
                kind="lung" if diameter is None else "nodule",
                diameter_mm=diameter,
                attenuation=attenuation,
                volume_share=state,
                in_t0=is_inside(Point.at_lps(truth), scan0.affine, scan0.shape),
                answer=refusal,
                same_point_error_mm=float(np.linalg.norm(truth - place)),
            )
            queries.append(query if aligned is None else _seek(query, aligned, place, truth))
    finally:
        path.unlink(missing_ok=True)
    return {
        "trial": name,
        "settings": moved.to_plain(),
        "notes": notes,
        "align_seconds": seconds,
        "rms_hu": None if aligned is None else aligned.alignment.rms_hu,
        "dice": None if aligned is None else aligned.alignment.dice,
        "inversion_mm": _inversion_error(moved.motion, [place for place, *_ in places]),
        "queries": [asdict(query) for query in queries],
    }


def _changed(source: Source, number: int) -> tuple[Volume, Sequence[float], list[str]]:
    """The source with each nodule smaller or removed; what cannot be done is noted and left as it is."""
    volume, states, notes = source.smooth, [], []
    for index, nodule in enumerate(source.nodules):
        state = STATES[(number // len(MotionLevel) + index) % len(STATES)]
        try:
            if state == 0:
                volume = removed(volume, nodule.mask)
            else:
                volume = grown(volume, simulate_nodule(volume, nodule.center, state, known=nodule.mask).growth)
        except BundleError as error:
            notes.append(f"nodule {index + 1} left as it is: {error}")
            state = 1.0
        states.append(state)
    return volume, states, notes


def _align(scan0: OpenedScan, scan1: OpenedScan) -> tuple[AlignedScans | None, str]:
    try:
        return align_scans(scan0, scan1), ""
    except Refusal as refusal:
        return None, str(refusal.code)


def _seek(query: Query, aligned: AlignedScans, place: NDArray[np.float64], truth: NDArray[np.float64]) -> Query:
    matrix = aligned.alignment.matrix
    expected = matrix[:3, :3] @ place + matrix[:3, 3]
    values = asdict(query) | {"affine_error_mm": float(np.linalg.norm(expected - truth))}
    start = time.process_time()
    try:
        match = match_aligned(aligned, Point.at_lps(place))
    except Refusal as refusal:
        refused = {"answer": str(refusal.code), "seconds": time.process_time() - start}
        known = {key: refusal.figures[key] for key in GUESS_FIGURES if key in refusal.figures}
        if "best_guess_lps" in refusal.figures:
            known["guess_error_mm"] = float(np.linalg.norm(np.array(refusal.figures["best_guess_lps"]) - truth))
        return Query(**values | known | refused)
    error = float(np.linalg.norm(np.array(match.point0.coordinates) - truth))
    found = {
        "answer": "found",
        "error_mm": error,
        "guess_error_mm": error,
        "votes": match.votes,
        "spread_mm": match.spread,
        "peak_from_vote_mm": match.peak_from_vote,
        "ncc": match.ncc,
        "contrasts_hu": match.contrasts,
        "other_opacity_mm": match.other_opacity_mm,
        "absent": match.absent,
        "seconds": time.process_time() - start,
    }
    return Query(**values | found)


def _inversion_error(motion: Motion, places: Sequence[NDArray[np.float64]]) -> float:
    """How far the truth's own inverse misses, mm: the motion moves a place there and back."""
    points = np.array(places).T
    return float(np.abs(motion.backward(motion.forward(points)) - points).max())
