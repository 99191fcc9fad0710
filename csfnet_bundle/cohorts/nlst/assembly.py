"""The second half of making a cohort: points from headers, clinical values, strata, and the lists of the datalist."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from csfnet_bundle.cohorts.nlst.choice import Choice, stop_at_refused
from csfnet_bundle.cohorts.nlst.flow import Flow
from csfnet_bundle.cohorts.nlst.index import IndexedSeries
from csfnet_bundle.cohorts.nlst.pairing import PairedSightings
from csfnet_bundle.cohorts.nlst.positions import Located, locate, movement_problem
from csfnet_bundle.cohorts.nlst.sighting import Sighting
from csfnet_bundle.core.errors import BundleError, Refusal
from csfnet_bundle.core.processes import map_over_processes
from csfnet_bundle.inputs.matching import Matcher, matched_scan, shows_nothing
from csfnet_bundle.records import FollowUpPair, Scan, clinical_notices
from csfnet_bundle.records.participants import Participants, inputs_of
from csfnet_bundle.scans.registration import match_point
from csfnet_bundle.scans.scan import open_scan

REFUSED = "scan, position or clinical value refused"
"""What the flow calls pairs that cannot be put together."""
SEXES = {1: "male", 2: "female"}
SMOKING = {0: "former", 1: "current"}


@dataclass(frozen=True)
class AssembledPair:
    """A pair of the datalist with where its nodule was found in both scans."""

    pair: FollowUpPair
    sightings: PairedSightings
    located: tuple[Located, Located]

    @property
    def subject(self) -> str:
        """PatientID."""
        return self.pair.subject


def assemble(
    choice: Choice,
    folder: Path,
    scan_of: Callable[[Sighting], Path],
    *,
    skip_refused: bool = False,
    workers: int = 1,
    matcher: Matcher = match_point,
    track: Callable[[Iterable[Located | BundleError], int], Iterable[Located | BundleError]] = lambda items, _: items,
) -> list[AssembledPair]:
    """Place the nodules and put the pairs' records together; what is noticed goes into the choice's flow.

    Args:
        choice: the pairs.
        folder: the datalist's folder.
        scan_of: where the scan of a sighting lies.
        skip_refused: leave out and count pairs whose scans or positions are refused, instead of stopping.
        workers: processes that look at the images.
        matcher: finds places that the table does not have.
        track: wraps what was placed, of so many places, to show progress.

    Raises:
        BundleError: scans or positions that are refused (without ``skip_refused``), naming the first.
    """
    assembled: list[AssembledPair] = []
    refused: list[tuple[PairedSightings, str]] = []
    not_found: list[tuple[PairedSightings, str]] = []
    notices: list[tuple[str, str]] = []
    places = _place_all(choice.pairs, scan_of, workers, track)
    labels = {pair.name: label for pair, label in zip(choice.pairs, choice.labels, strict=True)}
    for pair in choice.pairs:
        try:
            located1 = _placed(pair.t1, places)
            scan1 = _scan(pair.t1, located1, folder, scan_of)
            if pair.t0.place is None:
                try:
                    scan0 = _matched(pair, located1, folder, scan_of, matcher)
                except Refusal as error:
                    not_found.append((pair, f"{pair.name}: {error}"))
                    continue
                located0 = Located(scan0.known_point)
            else:
                located0 = _placed(pair.t0, places)
                scan0 = _scan(pair.t0, located0, folder, scan_of)
            clinical, told = _clinical(pair, choice.participants)
            record = FollowUpPair(
                subject=pair.subject,
                nodule=pair.nodule,
                t0=scan0,
                t1=scan1,
                label=labels[pair.name],
                interval_days=interval_days(pair, choice.participants),
                clinical=clinical,
                strata=_strata(pair, (located0, located1), choice.found, clinical),
            )
        except BundleError as error:
            refused.append((pair, f"{pair.name}: {error}"))
            continue
        notices += [(pair.subject, f"{pair.name}: {text}") for text in told]
        assembled.append(AssembledPair(record, pair, (located0, located1)))
    if refused and not skip_refused:
        raise stop_at_refused([problem for _, problem in refused], str(folder))
    if any(pair.t0.place is None for pair in choice.pairs):
        choice.flow.leave_out("carried back, but not found for sure in the earlier scan", "pairs", not_found)
        empty = [(one.subject, one.pair.name) for one in assembled if one.pair.t0 and shows_nothing(one.pair.t0)]
        _note(choice.flow, "carried back and kept: the earlier scan shows nothing like the nodule", empty)
    choice.flow.leave_out(REFUSED, "pairs", refused)
    _note(choice.flow, "clinical codes that are no answer or read, taken as missing", notices)
    _note(choice.flow, "kept, but the point moved implausibly far between the scans: look at them", _moved(assembled))
    return assembled


def _note(flow: Flow, what: str, found: Sequence[tuple[str, str]]) -> None:
    flow.note(what, "pairs", len(found), len({subject for subject, _ in found}), [text for _, text in found])


Places = Mapping[tuple[str, int], Located | BundleError]
"""Where sightings were found, or why not, by series and row: the middle screen of three is in two pairs."""


def _place_all(
    pairs: Sequence[PairedSightings],
    scan_of: Callable[[Sighting], Path],
    workers: int,
    track: Callable[[Iterable[Located | BundleError], int], Iterable[Located | BundleError]],
) -> Places:
    wanted = {
        (sighting.series_uid, sighting.row): (sighting, scan_of(sighting))
        for pair in pairs
        for sighting in (pair.t0, pair.t1)
        if sighting.place is not None
    }
    found = track(map_over_processes(_try_to_place, list(wanted.values()), workers), len(wanted))
    return dict(zip(wanted, found, strict=True))


def _try_to_place(item: tuple[Sighting, Path]) -> Located | BundleError:
    try:
        return locate(*item)
    except BundleError as error:
        return error


def _placed(sighting: Sighting, places: Places) -> Located:
    found = places[(sighting.series_uid, sighting.row)]
    if isinstance(found, BundleError):
        raise found
    return found


def _moved(assembled: Sequence[AssembledPair]) -> list[tuple[str, str]]:
    found = []
    for one in assembled:
        before, after = (located.offset_mm for located in one.located)
        problem = None if before is None or after is None else movement_problem(before, after)
        if problem is not None:
            found.append((one.subject, f"{one.pair.name}: {problem}"))
    return found


def _clinical(pair: PairedSightings, participants: Participants | None) -> tuple[dict[str, object], list[str]]:
    """Return the inputs: the participant table's, and where it says nothing the position table's, both at t0."""
    own = dict(pair.t0.clinical)
    if participants is None or pair.subject not in participants:
        return inputs_of(own), clinical_notices(own)
    known, notices = participants.clinical(pair.subject, pair.t0.screen)
    return {**inputs_of(own), **known}, notices


def _scan(sighting: Sighting, place: Located, folder: Path, scan_of: Callable[[Sighting], Path]) -> Scan:
    return Scan(
        path=os.path.relpath(scan_of(sighting), folder),
        point=place.point,
        series_uid=sighting.series_uid or None,
        date=sighting.date,
    )


def _matched(
    pair: PairedSightings, place1: Located, folder: Path, scan_of: Callable[[Sighting], Path], matcher: Matcher
) -> Scan:
    """Return t0's scan with the place that matching finds there.

    Raises:
        Refusal: it is not found for sure, or a scan cannot be read right.
    """
    opened0, opened1 = (open_scan(scan_of(one), one.series_uid or None) for one in (pair.t0, pair.t1))
    scan0 = replace(_scan(pair.t0, place1, folder, scan_of), point=None)
    return matched_scan(scan0, opened0, opened1, place1.point, matcher)


def interval_days(pair: PairedSightings, participants: Participants | None) -> float | None:
    """Return the true days between the scans, None where they are not known.

    NLST's dates are fictitious: there the days come from scr_days0-2, or from nowhere.
    """
    if pair.t0.day is not None and pair.t1.day is not None:
        if pair.t1.day <= pair.t0.day:
            raise BundleError(
                f"day is {pair.t0.day:g} at t0 and {pair.t1.day:g} at t1",
                record=f"rows {pair.t0.row} and {pair.t1.row}",
                remedy="Correct the table.",
            )
        return pair.t1.day - pair.t0.day
    if pair.t0.screen is None or pair.t1.screen is None:
        first, second = (datetime.strptime(sighting.date, "%Y%m%d") for sighting in (pair.t0, pair.t1))
        return float((second - first).days)
    if participants is None or pair.subject not in participants:
        return None
    days = [participants.screen_day(pair.subject, screen) for screen in (pair.t0.screen, pair.t1.screen)]
    if days[0] is None or days[1] is None:
        return None
    if days[1] <= days[0]:
        raise BundleError(
            f"{pair.t0.time} was on day {days[0]:g} and {pair.t1.time} on day {days[1]:g}",
            record=f"participant {pair.subject}, scr_days",
            remedy="Correct the participant table.",
        )
    return days[1] - days[0]


def _strata(
    pair: PairedSightings,
    located: tuple[Located, Located],
    found: Mapping[str, IndexedSeries],
    clinical: Mapping[str, object],
) -> dict[str, object]:
    """Return what subgroup analyses use; of two scans, t1's."""
    series0, series1 = found.get(pair.t0.series_uid), found.get(pair.t1.series_uid)
    strata: dict[str, object] = {**pair.t1.strata, "screens": f"{pair.t0.time}-{pair.t1.time}"}
    diameters = [
        place.diameter_mm or sighting.strata.get("diameter_mm")
        for sighting, place in zip((pair.t0, pair.t1), located, strict=True)
    ]
    strata |= {"diameter_mm": diameters[1], "diameter_t0_mm": diameters[0], "diameter_t1_mm": diameters[1]}
    if series0 is not None and series1 is not None:
        strata |= {
            "scanner": f"{series1.maker} {series1.model}".strip(),
            "maker": series1.maker,
            "kernel": series1.nlst.kernel,
            "same_kernel": series0.nlst.kernel == series1.nlst.kernel,
            "slice_mm": series1.nlst.slice_mm,
        }
    strata |= {
        "sex": SEXES.get(clinical.get("gender")),  # type: ignore[call-overload]
        "smoking": SMOKING.get(clinical.get("cigsmok")),  # type: ignore[call-overload]
    }
    return {name: value for name, value in strata.items() if value is not None}
