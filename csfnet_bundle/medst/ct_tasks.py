"""The four evaluations on CT follow-up: change and attributes come from the screening record."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import numpy as np

from csfnet_bundle.medst.change import Change
from csfnet_bundle.medst.embedding import Embedded, Task
from csfnet_bundle.medst.sentences import change_sentence
from csfnet_bundle.medst.sequences import Study, StudySequence, all_studies
from csfnet_bundle.medst.tasks import (
    probe_classification,
    temporal_image_classification,
    temporal_sentence_similarity,
    zero_shot_classification,
)

Result = dict[str, object]
Diameters = tuple[float, float]

ATTRIBUTES: dict[str, tuple[str, int, int, tuple[str, ...], tuple[str, ...]]] = {
    "spiculated": (
        "sct_margins",
        1,
        2,
        ("Nodule with spiculated margins.", "Solid nodule with spiculated margins."),
        ("Nodule with smooth margins.", "Solid nodule with smooth margins."),
    ),
    "ground_glass": (
        "sct_pre_att",
        2,
        1,
        ("Ground-glass nodule.", "Ground-glass nodule with poorly defined margins."),
        ("Solid nodule.", "Solid nodule with smooth margins."),
    ),
}
"""What zero-shot classification asks: column, code of the finding, code of its absence, sentences of both."""


def ct_tasks(sequences: Sequence[StudySequence]) -> list[Task]:
    """Return the evaluations on the sequences of a section."""
    later = [
        (first, second) for one in sequences for first, second in pairwise(one.studies) if "change" in second.values
    ]
    labelled = [one for one in sequences if "label" in one.studies[-1].values and len(one.studies) > 1]
    return [
        _temporal_image(later),
        _temporal_sentence([pair for pair in later if pair[1].values["change"] != Change.STABLE]),
        *(_zero_shot(name, all_studies(list(sequences))) for name in ATTRIBUTES),
        _probe(labelled),
    ]


def _temporal_image(pairs: Sequence[tuple[Study, Study]]) -> Task:
    firsts, seconds = [first for first, _ in pairs], [second for _, second in pairs]
    changes, patients = [str(study.values["change"]) for study in seconds], [study.patient for study in seconds]

    def judge(embedded: Embedded) -> Result:
        before, after = embedded.study_features(firsts), embedded.study_features(seconds)
        return temporal_image_classification(before, after, changes, patients)

    return Task("temporal_image", tuple(patients), (*firsts, *seconds), (), judge)


def _temporal_sentence(pairs: Sequence[tuple[Study, Study]]) -> Task:
    """A change beside its paraphrase, and beside the paraphrase of the opposite change.

    Each change is told forwards and backwards. Nodules mostly grow: told one way, most right answers would share a
    wording, and who likes that wording with any sentence would be taken for one who understands it.
    """
    rows: list[tuple[str, str, int, str]] = []
    for first, second in pairs:
        sizes: tuple[Diameters, Diameters] = (first.values["diameters"], second.values["diameters"])  # type: ignore[assignment]
        change = Change(str(second.values["change"]))
        ways = ((*sizes, change), (*sizes[::-1], change.reversed))
        for way, other_way in (ways, ways[::-1]):
            told, paraphrase = (change_sentence(*way, wording=wording) for wording in (0, 1))
            opposite = change_sentence(*other_way, wording=1)
            rows += [(told, paraphrase, 1, first.patient), (told, opposite, 0, first.patient)]

    def judge(embedded: Embedded) -> Result:
        columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], [], []]  # no change, no row
        one, other, same, patients = columns
        return temporal_sentence_similarity(embedded.texts(one), embedded.texts(other), same, patients)

    return Task(
        "temporal_sentence", tuple(row[3] for row in rows), (), tuple(text for row in rows for text in row[:2]), judge
    )


def _zero_shot(name: str, studies: Sequence[Study]) -> Task:
    column, present, absent, positive, negative = ATTRIBUTES[name]
    asked = [study for study in studies if study.values.get(column) in (present, absent)]
    labels = [int(study.values[column] == present) for study in asked]
    patients = [study.patient for study in asked]

    def judge(embedded: Embedded) -> Result:
        return zero_shot_classification(
            embedded.images(asked),
            embedded.texts(positive),
            embedded.texts(negative),
            labels,
            patients,
        )

    return Task(f"zero_shot_{name}", tuple(patients), tuple(asked), (*positive, *negative), judge)


def _probe(sequences: Sequence[StudySequence]) -> Task:
    """Malignancy from the first two studies of each nodule, which are what CSF-Net sees of it."""
    firsts, seconds = [one.studies[0] for one in sequences], [one.studies[1] for one in sequences]
    labels = [int(str(one.studies[-1].values["label"])) for one in sequences]
    patients = [one.patient for one in sequences]
    judge = partial(_judge_probe, firsts, seconds, labels, patients)
    return Task("probe_malignancy", tuple(patients), (*firsts, *seconds), (), judge)


def _judge_probe(
    firsts: Sequence[Study], seconds: Sequence[Study], labels: list[int], patients: list[str], embedded: Embedded
) -> Result:
    features = np.concatenate([embedded.study_features(firsts), embedded.study_features(seconds)], axis=1)
    return probe_classification(features, labels, patients)
