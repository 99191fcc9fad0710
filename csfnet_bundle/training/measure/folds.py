"""Which patients are held out of which fold."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

FOLDS = 5


def patient_fold(patient: str) -> int:
    """Return the fold, 0 to 4, that holds the patient out: by a hash, so that it never depends on who else is there."""
    return int.from_bytes(hashlib.sha256(patient.encode()).digest()[:4], "big") % FOLDS


def held_out(patients: Iterable[str], fold: int) -> set[str]:
    """Return the patients that the fold holds out."""
    return {patient for patient in patients if patient_fold(patient) == fold}
