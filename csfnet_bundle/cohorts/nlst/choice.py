"""The first half of making a cohort, offline: from the tables to follow-up pairs and what they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from csfnet_bundle.cohorts.nlst.agreement import split_by_agreement
from csfnet_bundle.cohorts.nlst.carrying import carry_back
from csfnet_bundle.cohorts.nlst.flow import Flow
from csfnet_bundle.cohorts.nlst.index import IndexedSeries, open_index
from csfnet_bundle.cohorts.nlst.options import SOURCES, CohortOptions
from csfnet_bundle.cohorts.nlst.pairing import PairedSightings, check_labels, one_per_screen, pair_sightings
from csfnet_bundle.cohorts.nlst.plan import Plan, plan_downloads
from csfnet_bundle.cohorts.nlst.positions import movement_problem
from csfnet_bundle.cohorts.nlst.sighting import PixelBox, Sighting
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records.participants import Participants, read_participants

NAMED = 3
"""Records that an error itself names."""
NLST_MATRIX = 512
"""Columns and rows of an NLST image."""


@dataclass(frozen=True)
class Choice:
    """The pairs of a cohort before their images are read.

    Attributes:
        pairs: ordered by patient, nodule and date.
        labels: 0, 1 or None (unknown) for each pair, in the same order.
        found: what the index says of their series, by SeriesInstanceUID.
        participants: the participant table, None if none was given.
        flow: what was left out so far.
    """

    pairs: tuple[PairedSightings, ...]
    labels: tuple[int | None, ...]
    found: Mapping[str, IndexedSeries]
    participants: Participants | None
    flow: Flow

    @property
    def plan(self) -> Plan:
        """What would be fetched."""
        return plan_downloads(self.pairs, self.found)


def choose_pairs(options: CohortOptions) -> Choice:
    """Read the tables and return the follow-up pairs.

    Raises:
        BundleError: a bad table; a nodule with two labels; a series that is not in the index, or of which table and
            index say different things (left out and counted with ``skip_refused``); no pair remains.
    """
    flow = Flow()
    sightings = SOURCES[options.source](options)
    flow.remain("rows of the table", "rows", sightings)
    if not options.label_per_pair:
        check_labels(sightings)
    found = _look_up(options, sightings)
    sightings, refused = split_by_agreement(sightings, found)
    if refused and not options.skip_refused:
        raise stop_at_refused([problem for _, problem in refused], str(options.table))
    flow.leave_out("table and index disagree, or the series is not in the index", "rows", refused)
    sightings, others = one_per_screen(sightings, found)
    flow.leave_out("further rows of a nodule on one date (largest box kept, else thinnest series)", "rows", others)
    pairs, single = pair_sightings(sightings, options.screens)
    if options.carry_nodules_back:
        carried, single = carry_back(single, sightings, found, options.screens)
        flow.remain("nodules seen once, carried back to an earlier scan of the patient", "pairs", carried)
        pairs = sorted([*pairs, *carried], key=lambda pair: (pair.subject, pair.nodule))
        flow.leave_out("nodules seen once, without an earlier scan of the patient in the table", "nodules", single)
    else:
        flow.leave_out("nodules seen once", "nodules", single)
    flow.remain(f"follow-up pairs ({options.screens} screens)", "pairs", pairs)
    _count_screens(flow, pairs)
    _note_movement(flow, pairs, found)
    participants = None if options.participants is None else read_participants(options.participants)
    if participants is not None:
        pairs = _before_diagnosis(flow, pairs, participants)
    pairs, labels = _label(flow, pairs, participants, options.label_within_days)
    if not pairs:
        raise BundleError("no follow-up pair remains", record=str(options.table), remedy="See the flow of exclusions.")
    labelled = [pair for pair, its in zip(pairs, labels, strict=True) if its is not None]
    flow.remain("pairs with a label", "pairs", labelled)
    if len(labelled) < len(pairs):
        flow.remain(
            "pairs without a label, for inference",
            "pairs",
            [pair for pair, its in zip(pairs, labels, strict=True) if its is None],
        )
    for label, word in ((1, "malignant"), (0, "benign")):
        flow.remain(f"of them {word}", "pairs", [pair for pair, its in zip(pairs, labels, strict=True) if its == label])
    kept = {sighting.series_uid for pair in pairs for sighting in (pair.t0, pair.t1)}
    return Choice(
        pairs=tuple(pairs),
        labels=tuple(labels),
        found={uid: series for uid, series in found.items() if uid in kept},
        participants=participants,
        flow=flow,
    )


def stop_at_refused(problems: Sequence[str], record: str) -> BundleError:
    """Return the error that names the first refused records."""
    more = f"; and {len(problems) - NAMED} more" if len(problems) > NAMED else ""
    return BundleError(
        f"{len(problems)} refused: {'; '.join(problems[:NAMED])}{more}",
        record=record,
        remedy="Correct the table, or leave them out, counted, by --skip_refused.",
    )


def _look_up(options: CohortOptions, sightings: Sequence[Sighting]) -> Mapping[str, IndexedSeries]:
    uids = [sighting.series_uid for sighting in sightings if sighting.path is None]
    return open_index(options.index).series(uids) if uids else {}


def _count_screens(flow: Flow, pairs: Sequence[PairedSightings]) -> None:
    """Count the pairs by which of NLST's screens they are; screens are a year apart."""
    by_screens: dict[tuple[int, int], list[PairedSightings]] = {}
    for pair in pairs:
        if pair.t0.screen is not None and pair.t1.screen is not None:
            by_screens.setdefault((pair.t0.screen, pair.t1.screen), []).append(pair)
    for (first, second), members in sorted(by_screens.items()):
        years = "a year" if second - first == 1 else f"{second - first} years"
        flow.remain(f"of them T{first} and T{second}, {years} apart", "pairs", members)


def _note_movement(flow: Flow, pairs: Sequence[PairedSightings], found: Mapping[str, IndexedSeries]) -> None:
    """Note boxes that lie implausibly far apart, as far as the index tells: by the fields of view it describes."""
    moved = []
    for pair in pairs:
        before, after = (estimated_offset(sighting, found) for sighting in (pair.t0, pair.t1))
        problem = None if before is None or after is None else movement_problem(before, after)
        if problem is not None:
            moved.append((pair, f"{pair.name}: {problem}"))
    if any(isinstance(pair.t0.place, PixelBox) for pair in pairs):
        flow.note(
            "kept, but the box moved implausibly far, judged by the fields of view: look at them",
            "pairs",
            len(moved),
            len({pair.subject for pair, _ in moved}),
            [text for _, text in moved],
        )


def estimated_offset(
    sighting: Sighting, found: Mapping[str, IndexedSeries]
) -> tuple[float, float, float | None] | None:
    """Return a box's place relative to the middle of its image, mm; its place along the body is not known.

    NLST images have 512 columns and the width that their description names; patients lie on their backs.
    """
    series = found.get(sighting.series_uid)
    if series is None or series.nlst.field_of_view_mm is None or not isinstance(sighting.place, PixelBox):
        return None
    pixel_mm = series.nlst.field_of_view_mm / NLST_MATRIX
    column, row = sighting.place.centre
    middle = (NLST_MATRIX - 1) / 2
    return (column - middle) * pixel_mm, (row - middle) * pixel_mm, None


def _before_diagnosis(
    flow: Flow, pairs: Sequence[PairedSightings], participants: Participants
) -> list[PairedSightings]:
    kept, late, absent = [], [], []
    for pair in pairs:
        screen = pair.t1.screen
        if pair.subject not in participants:
            absent.append(pair)
        elif screen is not None and participants.screened_after_diagnosis(pair.subject, screen):
            late.append((pair, pair.name))
            continue
        kept.append(pair)
    flow.leave_out("t1 is at or after the diagnosis of lung cancer", "pairs", late)
    if absent:
        flow.note(
            "kept without clinical values: the participant is not in the table",
            "pairs",
            len(absent),
            len({pair.subject for pair in absent}),
            [pair.name for pair in absent],
        )
    return kept


def _label(
    flow: Flow, pairs: Sequence[PairedSightings], participants: Participants | None, days: float | None
) -> tuple[list[PairedSightings], list[int | None]]:
    """Return the pairs that have a label, and the labels: the source's, or by confirmed cancer within ``days``."""
    if days is None:
        return list(pairs), [pair.t1.label for pair in pairs]
    if participants is None:
        raise BundleError(
            "a label by confirmed cancer needs the participant table", remedy="Name it by --participants."
        )
    kept, unknown = [], []
    labels: list[int | None] = []
    for pair in pairs:
        label = None
        if pair.subject in participants and pair.t1.screen is not None:
            label = participants.cancer_within(pair.subject, pair.t1.screen, days)
        if label is None:
            unknown.append((pair, pair.name))
        else:
            kept.append(pair)
            labels.append(label)
    flow.leave_out(f"not known whether lung cancer was confirmed within {days:g} days after t1", "pairs", unknown)
    return kept, labels
