"""The evaluations on CT follow-up: change and attributes come from the screening record."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import numpy as np

from csfnet_bundle.medst.change import Change
from csfnet_bundle.medst.embedding import Embedded, Task, beside_untrained
from csfnet_bundle.medst.retrieval import retrieval
from csfnet_bundle.medst.sentences import EARLIER_FIRST, LATER_FIRST, change_sentence
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


COMPARED_WORDINGS = {
    wording: (same[1 - place], other[place])
    for same, other in ((EARLIER_FIRST, LATER_FIRST), (LATER_FIRST, EARLIER_FIRST))
    for place, wording in enumerate(same)
}
"""With which other wordings a wording is compared: one of its own order of sizes, one of the other."""


def ct_tasks(sequences: Sequence[StudySequence]) -> list[Task]:
    """Return the evaluations on the sequences of a section; those that fit a classifier come last."""
    pairs = changed_pairs(sequences)
    studies = all_studies(list(sequences))
    return [
        _temporal_sentence(pairs),
        *(_zero_shot(name, studies) for name in ATTRIBUTES),
        _retrieval(studies),
        _temporal_image(pairs),
        _probe(labelled_sequences(sequences)),
        *(_attribute_probe(name, studies) for name in ATTRIBUTES),
    ]


def changed_pairs(sequences: Sequence[StudySequence]) -> list[tuple[Study, Study]]:
    """Return neighbouring studies of which the record tells the change."""
    return [
        (first, second) for one in sequences for first, second in pairwise(one.studies) if "change" in second.values
    ]


def change_rows(pairs: Sequence[tuple[Study, Study]]) -> list[tuple[str, str, int, str]]:
    """Return two sentences, whether they tell the same change, and the patient; nothing where all is stable.

    A change in one wording stands beside the same change and beside the opposite one, each in two other wordings: one
    tells the sizes in the order of the first sentence, one in the other order. So right and wrong answers share as many
    words with it, and as many of them in its order. Each change is told forwards and backwards: nodules mostly grow,
    and who likes the words of growth with any sentence must not be taken for one who understands it.
    """
    rows: list[tuple[str, str, int, str]] = []
    for first, second in pairs:
        change = Change(str(second.values["change"]))
        if change is Change.STABLE:
            continue
        sizes: tuple[Diameters, Diameters] = (first.values["diameters"], second.values["diameters"])  # type: ignore[assignment]
        forwards, backwards = (*sizes, change), (*sizes[::-1], change.reversed)
        for way, other_way in ((forwards, backwards), (backwards, forwards)):
            for told, others in COMPARED_WORDINGS.items():
                sentence = change_sentence(*way, wording=told)
                for wording in others:
                    rows.append((sentence, change_sentence(*way, wording=wording), 1, first.patient))
                    rows.append((sentence, change_sentence(*other_way, wording=wording), 0, first.patient))
    return rows


def asked_studies(name: str, studies: Sequence[Study]) -> tuple[list[Study], list[int]]:
    """Return the studies of which the record says whether they have a finding of :data:`ATTRIBUTES`, and the labels."""
    column, present, absent, _, _ = ATTRIBUTES[name]
    asked = [study for study in studies if study.values.get(column) in (present, absent)]
    return asked, [int(study.values[column] == present) for study in asked]


def labelled_sequences(sequences: Sequence[StudySequence]) -> list[StudySequence]:
    """Return the sequences of two studies or more whose nodule is known to be malignant or benign."""
    return [one for one in sequences if "label" in one.studies[-1].values and len(one.studies) > 1]


def _temporal_image(pairs: Sequence[tuple[Study, Study]]) -> Task:
    firsts, seconds = [first for first, _ in pairs], [second for _, second in pairs]
    changes, patients = [str(study.values["change"]) for study in seconds], [study.patient for study in seconds]

    def judge(embedded: Embedded) -> Result:
        return beside_untrained(
            embedded,
            lambda features: temporal_image_classification(
                features.study_features(firsts), features.study_features(seconds), changes, patients
            ),
        )

    return Task("temporal_image", tuple(patients), (*firsts, *seconds), (), judge)


def _temporal_sentence(pairs: Sequence[tuple[Study, Study]]) -> Task:
    rows = change_rows(pairs)

    def judge(embedded: Embedded) -> Result:
        columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], [], []]  # no change, no row
        one, other, same, patients = columns
        return temporal_sentence_similarity(embedded.texts(one), embedded.texts(other), same, patients)

    sentences = tuple(text for row in rows for text in row[:2])
    return Task("temporal_sentence", tuple(row[3] for row in rows), (), sentences, judge)


def _zero_shot(name: str, studies: Sequence[Study]) -> Task:
    _, _, _, positive, negative = ATTRIBUTES[name]
    asked, labels = asked_studies(name, studies)
    patients = [study.patient for study in asked]

    def judge(embedded: Embedded) -> Result:
        texts = embedded.texts(positive), embedded.texts(negative)
        return zero_shot_classification(embedded.images(asked), *texts, labels, patients)

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
    def fit(features: Embedded) -> Result:
        both = np.concatenate([features.study_features(firsts), features.study_features(seconds)], axis=1)
        return probe_classification(both, labels, patients)

    return beside_untrained(embedded, fit)


def _attribute_probe(name: str, studies: Sequence[Study]) -> Task:
    asked, labels = asked_studies(name, studies)
    patients = [study.patient for study in asked]

    def judge(embedded: Embedded) -> Result:
        return beside_untrained(
            embedded, lambda features: probe_classification(features.study_features(asked), labels, patients)
        )

    return Task(f"probe_{name}", tuple(patients), tuple(asked), (), judge)


def _retrieval(studies: Sequence[Study]) -> Task:
    patients, texts = tuple(study.patient for study in studies), tuple(study.text for study in studies)

    def judge(embedded: Embedded) -> Result:
        return retrieval(embedded.images(studies), embedded.texts(texts), texts, patients)

    return Task("retrieval", patients, tuple(studies), texts, judge)
