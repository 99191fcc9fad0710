"""Sequences of studies, wherever they come from: the studies of one patient in the order of time, one record each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from csfnet_bundle.records import FollowUpPair

LONGEST_WINDOW = 8
"""Studies of a sequence that a pre-training sees at once, at most."""


@dataclass(frozen=True)
class RoiPlace:
    """Where the ROI of a CT study is found: one scan of a follow-up pair, so that the bundle's ROI cache serves it.

    Attributes:
        pair: the follow-up pair.
        channel: 0 for its t0 scan, 1 for t1.
        folder: the datalist's folder.
    """

    pair: FollowUpPair
    channel: int
    folder: Path


@dataclass(frozen=True)
class RadiographFiles:
    """The radiographs of one study.

    Attributes:
        frontal: an image file; None where there is no such view.
        lateral: likewise; one of the two is there.
    """

    frontal: Path | None
    lateral: Path | None


@dataclass(frozen=True)
class Study:
    """One study: its images, its report and its place in time stay together in one record.

    Attributes:
        name: unique within the data.
        patient: whose it is.
        text: the report, or the sentence of the screening record.
        pixels: where its images are.
        change_text: what has changed since the study before it; empty where that is not known.
        reversed_text: what would have changed if the two studies were exchanged; empty where that is not known.
        values: what evaluations read (change class, attributes, label); no network sees it.
    """

    name: str
    patient: str
    text: str
    pixels: RoiPlace | RadiographFiles
    change_text: str = ""
    reversed_text: str = ""
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class StudySequence:
    """The studies of one nodule, or of one patient's chest, in the order of time.

    Attributes:
        name: unique within the data.
        patient: whose they are.
        studies: at least one.
    """

    name: str
    patient: str
    studies: tuple[Study, ...]


def all_studies(sequences: tuple[StudySequence, ...] | list[StudySequence]) -> list[Study]:
    """Return the studies of all sequences, in order."""
    return [study for sequence in sequences for study in sequence.studies]


def most_studies(sequences: Sequence[StudySequence]) -> int:
    """Return the studies of the longest sequence, 0 where there is none."""
    return max((len(sequence.studies) for sequence in sequences), default=0)
