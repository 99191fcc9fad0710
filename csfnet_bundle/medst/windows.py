"""Windows of sequences: runs of neighbouring studies, which a pre-training sees at once."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Sequence
from dataclasses import replace

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst.sequences import LONGEST_WINDOW, StudySequence, most_studies
from csfnet_bundle.networks.medst import MedSTObjective
from csfnet_bundle.networks.medst.losses.objective import SHORTEST_SEQUENCE

logger = logging.getLogger(__name__)

MISPAIRED = "mispaired"
WINDOW_ORDERS = ("ordered", "shuffled", "reversed", "mispaired_within")
"""Orders of the studies within a window, see :class:`csfnet_bundle.medst.OrderStudies`."""
ORDERS = (*WINDOW_ORDERS, MISPAIRED)
"""``mispaired`` exchanges texts across patients, see :func:`paired_texts`."""
TELLING_ORDERS = ("ordered", "reversed", "shuffled")
"""Orders whose windows have sentences on changes: right ones; but for ``shuffled``, where they are the direction term's
control."""


def windows(sequences: Sequence[StudySequence], length: int) -> list[StudySequence]:
    """Return every run of ``length`` neighbouring studies; a shorter sequence is a window as it is.

    Args:
        sequences: whose.
        length: 1 (single studies, without any loss in time) to 8.

    Raises:
        BundleError: another length.
    """
    if not 1 <= length <= LONGEST_WINDOW:
        raise BundleError(f"window is {length}, expected 1 to {LONGEST_WINDOW} studies")
    if (longest := most_studies(sequences)) < length:
        logger.warning("windows of %d are asked for, but no sequence has more than %d studies", length, longest)
    return [
        StudySequence(f"{sequence.name}/{start}", sequence.patient, sequence.studies[start : start + length])
        for sequence in sequences
        for start in range(max(1, len(sequence.studies) - length + 1))
    ]


def paired_texts(sequences: Sequence[StudySequence], order: str) -> list[StudySequence]:
    """Return the sequences with the texts that the order gives them.

    With ``mispaired`` each patient has the texts of another one, always the same: what an image has in common with its
    text then says nothing about other patients. Any other order leaves the texts.

    Args:
        sequences: whose.
        order: of :data:`ORDERS`.

    Raises:
        BundleError: there is one patient alone to exchange texts with.
    """
    if order != MISPAIRED:
        return list(sequences)
    first_of = {sequence.patient: sequence for sequence in reversed(sequences)}
    patients = sorted(first_of)
    if len(patients) < 2:
        raise BundleError("texts are exchanged across patients, and there are fewer than two", record=f"order {order}")
    donors = dict(zip(patients, [*patients[1:], patients[0]], strict=True))
    exchanged = []
    for sequence in sequences:
        given = first_of[donors[sequence.patient]].studies
        studies = tuple(
            replace(study, text=other.text, change_text=other.change_text, reversed_text=other.reversed_text)
            for study, other in zip(sequence.studies, itertools.cycle(given))
        )
        exchanged.append(replace(sequence, studies=studies))
    return exchanged


def training_windows(
    sequences: Sequence[StudySequence], length: int, objective: MedSTObjective, order: str
) -> list[StudySequence]:
    """Return the windows of a pre-training, whose objective can learn from them.

    Windows of one study alone leave the temporal loss out, which is told where it is not all there is.

    Args:
        sequences: of the training patients.
        length: see :func:`windows`.
        objective: the sum of losses.
        order: of :data:`ORDERS`.

    Raises:
        BundleError: the objective is for windows of a length that none has, or of changes, which none tells.
    """
    made = windows(paired_texts(sequences, order), length)
    if objective.temporal_weight and all(len(one.studies) < SHORTEST_SEQUENCE for one in made):
        if not any((objective.global_weight, objective.local_weight, objective.direction_weight)):
            raise BundleError(
                "there is a temporal loss alone, and no window has two studies: nothing would be trained",
                remedy="Give sequences of two studies or more and a window as long, or other losses a weight.",
            )
        logger.warning("no window has two studies: there is no temporal loss")
    exact = objective.exact_length
    if exact is not None and objective.temporal_weight and all(len(one.studies) != exact for one in made):
        raise BundleError(
            f"exact_length is {exact}, and no window has that many studies: there would be no temporal loss",
            record="objective",
            remedy="Give a cohort with more screens and a window as long, or set exact_length to null.",
        )
    if objective.direction_weight:
        if order not in TELLING_ORDERS:
            raise BundleError(
                f"direction_weight is {objective.direction_weight}, and with order {order} no sentence tells a change",
                remedy=f"Set it to 0, or use order {', '.join(TELLING_ORDERS)}.",
            )
        if not any(study.change_text and study.reversed_text for one in made for study in one.studies[1:]):
            raise BundleError(
                f"direction_weight is {objective.direction_weight}, and no study tells what has changed",
                remedy="Set it to 0, or give a table with both diameters of each study.",
            )
    return made


def windows_a_batch(images: int, length: int) -> int:
    """Return how many windows make a batch of that many images, or of the most that whole windows allow.

    Args:
        images: studies of a batch.
        length: studies of a window.

    Raises:
        BundleError: not even one window, or one study alone, which has no negative and no batch statistics.
    """
    if images < max(2, length):
        raise BundleError(
            f"images_per_batch is {images}, expected {max(2, length)} or more with windows of {length}",
            remedy="Give it a multiple of the window.",
        )
    return images // length
