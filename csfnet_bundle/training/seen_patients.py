"""Which patients weights were trained on, so that nobody is judged by a network that has seen them.

A file of weights keeps no PatientID: it keeps hashes with a salt of its own, by which a given patient can be looked up,
but two files cannot be joined. Whoever may try all numbers of a small set, as NLST's are, can still undo them: a file
with such a list belongs to those who may see the list.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.prediction.weights_file import read_weights
from csfnet_bundle.records import load_datalist

SEEN_PATIENTS = "seen_patients"
"""Key of a checkpoint's provenance."""
HELD_OUT = ("validation", "test")
SAME_SPLIT = "Pre-train on the training patients of this very split."
SALT_BYTES = 16
HASH_CHARACTERS = 24
"""96 bits: no two of any cohort's patients will meet."""


def remember_patients(subjects: Iterable[str]) -> dict[str, Any]:
    """Return plain values by which these patients are known again."""
    salt = secrets.token_hex(SALT_BYTES)
    return {"salt": salt, "hashes": sorted({_hash(salt, subject) for subject in subjects})}


def read_seen_patients(path: Path) -> dict[str, Any]:
    """Return what a file of weights tells of its patients; empty where it tells nothing; raises BundleError."""
    document = read_weights(path, "Get the file again.")
    provenance = document.get("provenance") if isinstance(document, dict) else None
    seen = provenance.get(SEEN_PATIENTS) if isinstance(provenance, dict) else None
    return seen if isinstance(seen, dict) else {}


def check_unseen(
    seen: Mapping[str, Any], dataset_dir: str | Path, source: str, sections: Sequence[str] = HELD_OUT
) -> None:
    """Check that no patient of a cohort's sections is among those that weights were trained on.

    Args:
        seen: of :func:`remember_patients`; empty where the weights do not tell.
        dataset_dir: the cohort.
        source: the weights' file.
        sections: of the cohort, those that choose or judge.

    Raises:
        BundleError: see :func:`check_judged`.
    """
    if not seen:
        return
    datalist = load_datalist(dataset_dir)
    for section in sections:
        subjects = [pair.subject for pair in datalist.sections.get(section, ())]
        check_judged(seen, subjects, f"held out in {section!r}", source, SAME_SPLIT)


def check_judged(seen: Mapping[str, Any], subjects: Iterable[str], role: str, source: str, remedy: str) -> None:
    """Check that none of these patients is among those that weights were trained on.

    Args:
        seen: of :func:`remember_patients`; empty where the weights do not tell.
        subjects: the patients.
        role: what is done with them, for the message.
        source: the weights' file.
        remedy: what to do about it.

    Raises:
        BundleError: such a patient, by name; or what the weights tell cannot be read.
    """
    if not seen:
        return
    try:
        salt, hashes = str(seen["salt"]), set(seen["hashes"])
    except (KeyError, TypeError):
        raise BundleError(
            "its list of the patients that it was trained on is damaged", record=source, remedy="Get the file again."
        ) from None
    for subject in subjects:
        if _hash(salt, subject) in hashes:
            raise BundleError(
                f"these weights were trained on patient {subject}, who is {role}",
                record=source,
                remedy=remedy,
            )


def check_no_others(seen: Mapping[str, Any], subjects: Iterable[str], source: str) -> None:
    """Check that weights were trained on none but these patients.

    Args:
        seen: of :func:`remember_patients`; empty where the weights do not tell.
        subjects: the patients.
        source: the weights' file.

    Raises:
        BundleError: they were trained on others.
    """
    salt, hashes = str(seen.get("salt", "")), set(seen.get("hashes", ()))
    others = hashes - {_hash(salt, subject) for subject in subjects}
    if others:
        raise BundleError(
            f"these weights were trained on {len(others)} patients who are not among those trained on now",
            record=source,
            remedy="Start from weights of the same training patients.",
        )


def _hash(salt: str, subject: str) -> str:
    return hashlib.sha256(f"{salt}/{subject}".encode()).hexdigest()[:HASH_CHARACTERS]
