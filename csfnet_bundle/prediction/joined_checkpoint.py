"""Checkpoints of several trainings as one."""

from __future__ import annotations

from collections.abc import Sequence

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.decision import Decision
from csfnet_bundle.networks import Ensemble
from csfnet_bundle.prediction.checkpoint import (
    ATTENTION_SELECTS,
    FOLLOW_UP_PART,
    LABEL,
    OPINION,
    SIMULATED,
    ModelCheckpoint,
)
from csfnet_bundle.prediction.seen_patients import SEEN_PATIENTS

KEPT = ("trained_on", "phantom", "datalist_sha256", "epoch", "validation")
"""What of each member's provenance goes into the ensemble's."""


def ensemble_checkpoint(members: Sequence[ModelCheckpoint]) -> ModelCheckpoint:
    """Return the ensemble of checkpoints: the mean of their calibrated probabilities.

    Each keeps its temperature; the threshold is the mean of theirs.

    Args:
        members: at least two, of one ROI and one code book.

    Raises:
        BundleError: fewer than two, different ROIs, or different code books.
    """
    if len(members) < 2:
        raise BundleError(f"{len(members)} checkpoint(s), an ensemble needs at least two", record="ensemble")
    for member in members[1:]:
        if member.roi != members[0].roi:
            raise BundleError(
                f"its ROI is {member.roi.to_plain()}, that of {members[0].source} is {members[0].roi.to_plain()}",
                record=member.source,
                remedy="Take networks of one ROI into an ensemble.",
            )
        if member.code_book.meaning != members[0].code_book.meaning:
            raise BundleError(
                f"its clinical code book is not that of {members[0].source}",
                record=member.source,
                remedy="Take networks of one code book into an ensemble.",
            )
    architecture = {
        "name": Ensemble.__name__,
        "members": [dict(member.architecture) for member in members],
        "temperatures": [member.decision.temperature for member in members],
    }
    weights = {
        f"networks.{number}.{name}": tensor
        for number, member in enumerate(members)
        for name, tensor in member.weights.items()
    }
    threshold = sum(member.decision.threshold for member in members) / len(members)
    return ModelCheckpoint(
        weights=weights,
        architecture=architecture,
        roi=members[0].roi,
        code_book=members[0].code_book,
        decision=Decision(1.0, threshold),
        provenance=_provenance(members),
        further={SEEN_PATIENTS: seen} if (seen := [one for member in members for one in member.seen_patients]) else {},
    )


def _provenance(members: Sequence[ModelCheckpoint]) -> dict[str, object]:
    cohorts = list(dict.fromkeys(member.trained_on for member in members))
    validations = [member.provenance.get("validation", {}) for member in members]
    provenance: dict[str, object] = {
        "trained_on": f"{', '.join(cohorts)} ({len(members)} networks)",
        "phantom": any(member.provenance.get("phantom", False) for member in members),
        "members": [{key: member.provenance.get(key) for key in KEPT} for member in members],
    }
    # One such member is enough: the mean of the probabilities is then of its kind.
    if any(member.provenance.get(LABEL) == OPINION for member in members):
        provenance[LABEL] = OPINION
    if any(member.pair_caveat for member in members):
        provenance[FOLLOW_UP_PART] = SIMULATED
    if all(member.attention_selects for member in members):
        provenance[ATTENTION_SELECTS] = True
    if all("pairs" in validation and "malignant" in validation for validation in validations):
        provenance["validation"] = {
            key: sum(validation[key] for validation in validations) for key in ("pairs", "malignant")
        }
    return provenance
