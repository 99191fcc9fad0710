"""The second half of making a cohort: points from headers, clinical values, strata, and the lists of the datalist."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from csfnet_bundle.cohorts.nlst.choice import Choice, stop_at_refused
from csfnet_bundle.cohorts.nlst.flow import Flow
from csfnet_bundle.cohorts.nlst.index import IndexedSeries
from csfnet_bundle.cohorts.nlst.pairing import PairedSightings
from csfnet_bundle.cohorts.nlst.positions import Located, locate, movement_problem
from csfnet_bundle.cohorts.nlst.sighting import Sighting
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records import FollowUpPair, Scan, clinical_notices
from csfnet_bundle.records.participants import Participants, inputs_of

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
    track: Callable[[Iterable[PairedSightings]], Iterable[PairedSightings]] = iter,
) -> list[AssembledPair]:
    """Place the nodules and put the pairs' records together; what is noticed goes into the choice's flow.

    Args:
        choice: the pairs.
        folder: the datalist's folder.
        scan_of: where the scan of a sighting lies.
        skip_refused: leave out and count pairs whose scans or positions are refused, instead of stopping.
        track: wraps the pairs to show progress.

    Raises:
        BundleError: scans or positions that are refused (without ``skip_refused``), naming the first.
    """
    assembled: list[AssembledPair] = []
    refused: list[tuple[PairedSightings, str]] = []
    notices: list[tuple[str, str]] = []
    places: dict[tuple[str, int], Located] = {}
    labels = {pair.name: label for pair, label in zip(choice.pairs, choice.labels, strict=True)}
    for pair in track(choice.pairs):
        try:
            located = tuple(_locate_once(sighting, scan_of, places) for sighting in (pair.t0, pair.t1))
            clinical, told = _clinical(pair, choice.participants)
            record = _record(pair, labels[pair.name], (located[0], located[1]), choice, clinical, folder, scan_of)
        except BundleError as error:
            refused.append((pair, f"{pair.name}: {error}"))
            continue
        notices += [(pair.subject, f"{pair.name}: {text}") for text in told]
        assembled.append(AssembledPair(record, pair, (located[0], located[1])))
    if refused and not skip_refused:
        raise stop_at_refused([problem for _, problem in refused], str(folder))
    choice.flow.leave_out("scan, position or clinical value refused", "pairs", refused)
    _note(choice.flow, "clinical codes that are no answer or read, taken as missing", notices)
    _note(choice.flow, "kept, but the point moved implausibly far between the scans: look at them", _moved(assembled))
    return assembled


def _note(flow: Flow, what: str, found: Sequence[tuple[str, str]]) -> None:
    flow.note(what, "pairs", len(found), len({subject for subject, _ in found}), [text for _, text in found])


def _locate_once(
    sighting: Sighting, scan_of: Callable[[Sighting], Path], places: dict[tuple[str, int], Located]
) -> Located:
    """Place a sighting; the middle screen of three is in two pairs."""
    key = (sighting.series_uid, sighting.row)
    if key not in places:
        places[key] = locate(sighting, scan_of(sighting))
    return places[key]


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


def _record(
    pair: PairedSightings,
    label: int,
    located: tuple[Located, Located],
    choice: Choice,
    clinical: Mapping[str, object],
    folder: Path,
    scan_of: Callable[[Sighting], Path],
) -> FollowUpPair:
    scans = [
        Scan(
            path=os.path.relpath(scan_of(sighting), folder),
            point=place.point,
            series_uid=sighting.series_uid or None,
            date=sighting.date,
        )
        for sighting, place in zip((pair.t0, pair.t1), located, strict=True)
    ]
    return FollowUpPair(
        subject=pair.subject,
        nodule=pair.nodule,
        t0=scans[0],
        t1=scans[1],
        label=label,
        interval_days=interval_days(pair, choice.participants),
        clinical=clinical,
        strata=_strata(pair, located, choice.found, clinical),
    )


def interval_days(pair: PairedSightings, participants: Participants | None) -> float | None:
    """Return the true days between the scans, None where they are not known.

    NLST's dates are fictitious: there the days come from scr_days0-2, or from nowhere.
    """
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
