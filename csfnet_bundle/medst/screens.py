"""CT follow-up as sequences: the pairs of a datalist chained over the screens, with the record's sentence of each."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst.abnormalities import YEAR, NoduleTable, read_nodules
from csfnet_bundle.medst.change import Change, change_between
from csfnet_bundle.medst.sentences import (
    ALLOWED_FIELDS,
    DIAMETERS,
    NODULE_FIELDS,
    PARTICIPANT_FIELDS,
    change_sentence,
    check_fields,
    draw_wording,
    study_sentence,
)
from csfnet_bundle.medst.sequences import LONGEST_WINDOW, RoiPlace, Study, StudySequence
from csfnet_bundle.records import Datalist, FollowUpPair, Scan, is_missing, load_datalist

logger = logging.getLogger(__name__)

ABNORMALITIES = "ctab.csv"
FIRST_SCREEN_YEAR = 1999
"""NLST's fictitious dates put the screen T0 of everybody into this year, T1 into the next, and so on."""
MOST_SCREENS = LONGEST_WINDOW
"""NLST had three screens; a phantom cohort may have more. A date beyond them is no fictitious one of NLST."""

Record = dict[str, object]


def screen_sequences(
    dataset_dir: str | Path,
    section: str = "training",
    fields: Sequence[str] = ALLOWED_FIELDS,
    tell_changes: bool = True,
) -> list[StudySequence]:
    """Return a sequence for each nodule of a section of the datalist.

    Pairs whose scans meet (t1 of one is t0 of the next) make one sequence. Of the tables, only the columns that may
    become text are read; the participant's fields come from the datalist's clinical values.

    Args:
        dataset_dir: the cohort's folder, with NLST's abnormality table as ``ctab.csv``.
        section: ``training`` for pre-training: it holds the patients that CSF-Net is trained on.
        fields: columns that become text.
        tell_changes: the text of a follow-up also tells the change since the study before it, where the fields have
            both diameters.

    Raises:
        BundleError: no datalist or table, a cell of it that is no number, an empty section, a field that must not
            become text, or a study of which there is no text.
    """
    datalist = load_datalist(dataset_dir)
    check_fields(fields)
    records = read_nodules(datalist.folder / ABNORMALITIES)
    chains = _chains(datalist.section(section))
    several = _patients_of_several_nodules(chains)
    known = {key: rows for key, rows in records.items() if key[0] not in several}
    sequences = [_sequence(chain, datalist, known, fields, tell_changes) for chain in chains]
    silent = next((study for sequence in sequences for study in sequence.studies if not study.text), None)
    if silent is not None:
        raise BundleError(
            f"of {', '.join(fields) or 'no field'} nothing is known that could be the study's text",
            record=silent.name,
            remedy="Take more fields into sentence_fields, such as age, or leave the patient out of the datalist.",
        )
    without = sum("diameters" not in study.values for sequence in sequences for study in sequence.studies)
    if without:
        logger.warning("%d studies have no nodule record of their own in the table: their text has none", without)
    return sequences


def _place(scan: Scan) -> tuple[object, ...]:
    return scan.path, scan.series_uid, scan.known_point.coordinates, scan.known_point.space


def _chains(pairs: Sequence[FollowUpPair]) -> list[list[FollowUpPair]]:
    """Chain the pairs of each patient whose scans meet, earliest first."""
    chains: list[list[FollowUpPair]] = []
    for pair in sorted(pairs, key=lambda pair: (pair.subject, pair.t1.date or "", pair.nodule)):
        if pair.t0 is None:
            continue
        start = (pair.subject, _place(pair.t0))
        before = next((chain for chain in chains if (chain[-1].subject, _place(chain[-1].t1)) == start), None)
        if before is None:
            chains.append([pair])
        else:
            before.append(pair)
    return chains


def _patients_of_several_nodules(chains: Sequence[Sequence[FollowUpPair]]) -> set[str]:
    """Return those of whom the table does not tell which row is whose: it numbers nodules anew at every screen.

    Chains that share a scan's place are of one nodule, as a pair of T0 and T2 beside those of neighbours.
    """
    nodules: dict[str, list[set[tuple[object, ...]]]] = {}
    for chain in chains:
        places = {_place(scan) for pair in chain for scan in (pair.t0, pair.t1) if scan is not None}
        others = nodules.setdefault(chain[0].subject, [])
        same = [known for known in others if known & places]
        nodules[chain[0].subject] = [*(known for known in others if known not in same), places.union(*same)]
    return {subject for subject, found in nodules.items() if len(found) > 1}


def _sequence(
    chain: Sequence[FollowUpPair],
    datalist: Datalist,
    records: NoduleTable,
    fields: Sequence[str],
    tell_changes: bool,
) -> StudySequence:
    first = chain[0]
    assert first.t0 is not None  # pairs without it are in no chain
    places = [RoiPlace(first, 0, datalist.folder), *(RoiPlace(pair, 1, datalist.folder) for pair in chain)]
    scans = [first.t0, *(pair.t1 for pair in chain)]
    studies: list[Study] = []
    before: tuple[float, float] | None = None
    for number, (place, scan) in enumerate(zip(places, scans, strict=True)):
        name = f"{first.name}/{number}"
        record = _record(first, scan, records)
        after = _diameters(record)
        values: Record = {name: record[name] for name in NODULE_FIELDS if name in record}
        texts: dict[str, str] = {}
        if after is not None:
            values["diameters"] = after
        if before is not None and after is not None:
            change = change_between(before, after)
            values["change"] = change.value
            texts = _change_texts(before, after, change, draw_wording(name))
        if place.pair.label is not None:
            values["label"] = place.pair.label
        try:
            text = study_sentence(record, fields)
        except BundleError as error:
            raise error.for_record(f"study {name}") from None
        if tell_changes and texts and set(DIAMETERS) <= set(fields):
            text = f"{text} {texts['change_text']}".strip()
        studies.append(
            Study(
                name=name,
                patient=first.subject,
                text=text,
                pixels=place,
                values=values,
                **texts,
            )
        )
        before = after
    return StudySequence(first.name, first.subject, tuple(studies))


def _record(pair: FollowUpPair, scan: Scan, records: NoduleTable) -> Record:
    """Return the participant's fields and, where the year has one nodule alone, those of the nodule."""
    record: Record = {name: pair.clinical[name] for name in PARTICIPANT_FIELDS if name in pair.clinical}
    year = None if scan.day is None else scan.day.year - FIRST_SCREEN_YEAR
    if year is None or year not in range(MOST_SCREENS):  # of which screen nobody says: nor which row is its nodule's
        return record
    rows = records.get((pair.subject, year), [])
    # Of several nodules nobody says here which is this one: then the sentence speaks of the participant alone.
    return {**record, **rows[0]} if len(rows) == 1 else {**record, YEAR: year}


def _diameters(record: Record) -> tuple[float, float] | None:
    values = [record.get("sct_long_dia"), record.get("sct_perp_dia")]
    if any(is_missing(value) for value in values):
        return None
    long_diameter, perpendicular = (float(str(value)) for value in values)
    return long_diameter, perpendicular


def _change_texts(
    before: tuple[float, float], after: tuple[float, float], change: Change, wording: int
) -> dict[str, str]:
    return {
        "change_text": change_sentence(before, after, change, wording),
        "reversed_text": change_sentence(after, before, change.reversed, wording),
    }
