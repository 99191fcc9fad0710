"""Splits by patient: stratified by label, the same for everybody who has the same patients and the same seed.

A patient's place in his stratum is the rank of a hash of the seed and his identifier. So a split depends on neither the
order of a table nor the version of a library, and it is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records import FollowUpPair

SECTIONS = ("training", "validation", "test")
DEFAULT_SHARES = (0.7, 0.1, 0.2)
"""Shares of the patients in training, validation and test."""
MALIGNANT, BENIGN = "malignant", "benign"
"""Names of the strata."""


@dataclass(frozen=True)
class Patient:
    """A patient and the stratum that he belongs to, e.g. whether any of his nodules is malignant."""

    subject: str
    stratum: str


def patients_of(pairs: Iterable[FollowUpPair]) -> list[Patient]:
    """Return each patient once; one with any malignant nodule belongs to the malignant stratum."""
    malignant: dict[str, bool] = {}
    for pair in pairs:
        malignant[pair.subject] = malignant.get(pair.subject, False) or pair.label == 1
    return [Patient(subject, MALIGNANT if any_ else BENIGN) for subject, any_ in sorted(malignant.items())]


def split_three_ways(
    patients: Iterable[Patient], seed: int, shares: Sequence[float] = DEFAULT_SHARES
) -> Mapping[str, frozenset[str]]:
    """Return the patients of training, validation and test.

    Args:
        patients: each patient once.
        seed: another seed, another split.
        shares: of training, validation and test; they add up to 1.

    Raises:
        BundleError: shares that are no shares, or a stratum with too few patients to be in each section.
    """
    if len(shares) != len(SECTIONS) or min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
        raise BundleError(f"the shares {tuple(shares)} are not three that add up to 1", remedy="E.g. 0.7,0.1,0.2.")
    sections: dict[str, set[str]] = {name: set() for name in SECTIONS}
    for stratum, subjects in _strata(patients, seed).items():
        if len(subjects) < sum(share > 0 for share in shares):
            raise BundleError(
                f"stratum {stratum!r} has {len(subjects)} patients, too few for one in each list",
                remedy="Use other shares, or more patients.",
            )
        start = 0
        for name, count in zip(SECTIONS, _quotas(len(subjects), shares), strict=True):
            sections[name].update(subjects[start : start + count])
            start += count
    return {name: frozenset(subjects) for name, subjects in sections.items()}


def split_folds(patients: Iterable[Patient], seed: int, folds: int) -> tuple[tuple[str, ...], ...]:
    """Return, for each fold, the patients held out, sorted; every patient is held out once.

    Raises:
        BundleError: fewer than two folds, or a stratum with fewer patients than folds.
    """
    if folds < 2:
        raise BundleError(f"{folds} folds are none", remedy="Use at least 2.")
    held_out: list[list[str]] = [[] for _ in range(folds)]
    position = 0
    for stratum, subjects in _strata(patients, seed).items():
        if len(subjects) < folds:
            raise BundleError(f"stratum {stratum!r} has {len(subjects)} patients, too few for {folds} folds")
        # The next stratum goes on where this one ended, so that the folds' sizes differ by one patient at most.
        for subject in subjects:
            held_out[position % folds].append(subject)
            position += 1
    return tuple(tuple(sorted(subjects)) for subjects in held_out)


def _strata(patients: Iterable[Patient], seed: int) -> dict[str, list[str]]:
    strata: dict[str, list[str]] = {}
    for patient in sorted(patients, key=lambda patient: (patient.stratum, _rank(patient.subject, seed))):
        strata.setdefault(patient.stratum, []).append(patient.subject)
    return strata


def _rank(subject: str, seed: int) -> str:
    return sha256(f"{seed}:{subject}".encode()).hexdigest()


def _quotas(count: int, shares: Sequence[float]) -> list[int]:
    """Divide ``count`` by the shares: whole numbers closest to them, at least one for a share that is not 0."""
    quotas = [max(int(count * share), int(share > 0)) for share in shares]
    while (rest := count - sum(quotas)) != 0:
        surplus = [quota - count * share for quota, share in zip(quotas, shares, strict=True)]
        if rest > 0:
            quotas[surplus.index(min(surplus))] += 1
        else:
            can_give = [extra if quota > 1 else float("-inf") for extra, quota in zip(surplus, quotas, strict=True)]
            quotas[can_give.index(max(can_give))] -= 1
    return quotas
