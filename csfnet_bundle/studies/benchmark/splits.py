"""The splits of a benchmark, the same for every system, written as datalists that the workflows read."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from csfnet_bundle.cohorts.splits import SECTIONS, patients_of, split_folds, split_three_ways
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records import Datalist, FollowUpPair, Scan, save_datalist, without_reads_of
from csfnet_bundle.studies.benchmark.ablated_inputs import permute_labels

SPLIT_SEED = 0
"""The splits are part of the protocol: seeds of a benchmark change the networks, never who is held out."""
VALIDATION_SHARE = 0.15
"""Of the patients that are not held out; they choose epoch, temperature and threshold."""


@dataclass(frozen=True)
class Split:
    """Which pairs are trained on, which choose epoch and threshold, and which judge; no patient is in two of them."""

    training: tuple[FollowUpPair, ...]
    validation: tuple[FollowUpPair, ...]
    test: tuple[FollowUpPair, ...]


def labelled_pairs(datalist: Datalist) -> list[FollowUpPair]:
    """Return the pairs of training, validation and test.

    Raises:
        BundleError: there is none.
    """
    pairs = [pair for section in SECTIONS for pair in datalist.sections.get(section, ())]
    if not pairs:
        raise BundleError("there is no labelled pair", record=str(datalist.folder), remedy="A benchmark needs labels.")
    return pairs


def make_splits(datalist: Datalist, folds: int) -> list[Split]:
    """Split the labelled pairs by patient.

    With one fold the datalist's own three sections are the split. Otherwise its own ``folds`` are held out in turn, if
    it has as many, and patient-level folds stratified by label if not; of the other patients a share validates.

    Raises:
        BundleError: a section is empty, folds leave patients out, or there are too few patients.
    """
    if folds == 1:
        return [Split(*(tuple(datalist.section(name)) for name in SECTIONS))]
    pairs = labelled_pairs(datalist)
    patients = patients_of(pairs)
    given = datalist.header.get("folds")
    if isinstance(given, list) and len(given) == folds:
        held_out: Sequence[Sequence[str]] = given
        count = Counter(patient for fold in held_out for patient in set(fold))
        twice = sorted(patient for patient, times in count.items() if times > 1)
        if twice:
            raise BundleError(
                f"patient {twice[0]} is in {count[twice[0]]} of the datalist's {folds} folds",
                record=str(datalist.folder),
                remedy="Correct the folds, or take them out of the datalist.",
            )
        missing = {patient.subject for patient in patients}.difference(*held_out)
        if missing:
            raise BundleError(
                f"patient {min(missing)} is in none of the datalist's {folds} folds",
                record=str(datalist.folder),
                remedy="Correct the folds, or take them out of the datalist.",
            )
    else:
        held_out = split_folds(patients, SPLIT_SEED, folds)
    splits = []
    for fold in held_out:
        others = [patient for patient in patients if patient.subject not in set(fold)]
        sections = split_three_ways(others, SPLIT_SEED, (1 - VALIDATION_SHARE, VALIDATION_SHARE, 0.0))
        chosen = (sections["training"], sections["validation"], frozenset(fold))
        splits.append(Split(*(tuple(pair for pair in pairs if pair.subject in subjects) for subjects in chosen)))
    return splits


def check_both_labels(splits: Sequence[Split], record: str) -> None:
    """Check that the pairs that judge are of both labels; raises BundleError, since no area could be told."""
    labels = {pair.label for split in splits for pair in split.test}
    if len(labels) < 2:
        raise BundleError(
            f"all test pairs have the label {labels.pop()}, expected 0 and 1", record=record, remedy="Split it anew."
        )


def write_split(
    folder: Path, datalist: Datalist, split: Split, *, permutation: int = 0, without_reads: bool = False
) -> None:
    """Write a split as a datalist of its own, its paths leading to the same scans.

    Args:
        folder: of the new datalist.
        datalist: where the pairs come from.
        split: the pairs.
        permutation: other than 0, the labels are dealt anew by this seed, within each section, so that its prevalence
            stays (over the whole cohort a fold rich in malignant pairs would leave the others poor in them, and the
            area would fall below 0.5 by itself). Whatever lets this label through to the network then
            shows; leaks of the true label, or of patients, do not.
        without_reads: leave the radiologists' reads out.
    """
    sections = {}
    for name in SECTIONS:
        pairs: Sequence[FollowUpPair] = getattr(split, name)
        if permutation:
            pairs = permute_labels(pairs, permutation)
        sections[name] = tuple(_rebased(pair, datalist.folder, folder, without_reads) for pair in pairs)
    header = {name: value for name, value in datalist.header.items() if name != "folds"}
    folder.mkdir(parents=True, exist_ok=True)
    save_datalist(Datalist(folder, sections, header))


def _rebased(pair: FollowUpPair, before: Path, after: Path, without_reads: bool) -> FollowUpPair:
    def scan(one: Scan) -> Scan:
        return replace(one, path=os.path.relpath((before / one.path).resolve(), after.resolve()))

    pair = without_reads_of(pair) if without_reads else pair
    return replace(pair, t0=None if pair.t0 is None else scan(pair.t0), t1=scan(pair.t1))
