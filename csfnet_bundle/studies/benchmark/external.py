"""The other cohort that a benchmark's networks are judged on: nobody in it may have been trained on, here or before."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.prediction.data import data_description
from csfnet_bundle.prediction.seen_patients import Seen, check_judged, read_seen_patients
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.studies.benchmark.protocol import Protocol


def check_other_cohort(protocol: Protocol, pairs: Sequence[FollowUpPair], others: Sequence[FollowUpPair]) -> None:
    """Check before anything is trained that no fit can be judged on a patient of its own.

    Args:
        protocol: the benchmark; where it has no other cohort there is nothing to check.
        pairs: the labelled pairs of its cohort.
        others: those of the other cohort.

    Raises:
        BundleError: a patient is in both cohorts, or weights that a system starts from were trained on one; or a
            config names weights that are not there.
    """
    if protocol.evaluate_on is None:
        return
    starts = {start for system in protocol.systems if (start := protocol.start(system)) is not None}
    for start in sorted(starts):
        check_judging(read_seen_patients(start), protocol.evaluate_on, others, str(start))
    whose = {data_description(folder).patients_of for folder in (protocol.dataset_dir, protocol.evaluate_on)}
    both = {pair.subject for pair in pairs} & {pair.subject for pair in others}
    if both and len(whose) == 1:  # phantoms of two seeds share numbers and are other subjects
        raise BundleError(
            f"patient {min(both)} is in both cohorts",
            record=str(protocol.evaluate_on),
            remedy="Networks must not be judged on patients that they were trained on.",
        )


def check_judging(seen: Seen, evaluate_on: Path, others: Sequence[FollowUpPair], source: str) -> None:
    """Check that weights have seen nobody of the other cohort, nor chosen their epoch by one.

    Args:
        seen: what the weights tell.
        evaluate_on: the other cohort.
        others: its pairs.
        source: the weights' file.

    Raises:
        BundleError: see :func:`csfnet_bundle.prediction.seen_patients.check_judged`.
    """
    check_judged(
        seen,
        [pair.subject for pair in others],
        "in the other cohort",
        source,
        "Leave the patient out of --evaluate_on, or start from other weights.",
        data_description(evaluate_on).patients_of,
    )
