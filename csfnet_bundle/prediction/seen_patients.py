"""Which patients weights were trained on, so that nobody is judged by a network that has seen them.

A file of weights keeps no PatientID: it keeps hashes with a salt, by which a given patient can be looked up. Whoever
may try all numbers of a small set, as NLST's are, can still undo them. So a training keeps a list of its own only where
the cohort is public, and a file with a list belongs to those who may see the list.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.prediction.weights_file import read_weights
from csfnet_bundle.records import load_datalist

if TYPE_CHECKING:
    from csfnet_bundle.prediction.data import DataDescription

SEEN_PATIENTS = "seen_patients"
"""Key in the description of weights: a list for the training, and one for each training that it started from."""
ACCEPTED = "seen_patients_accepted"
"""Key of what an override let through, in provenance and in metrics.json."""
HELD_OUT = ("validation", "test")
SAME_SPLIT = "Pre-train on the training patients of this very split."
VALIDATED = "validation"
"""Key of a list's patients who chose the epoch and were not trained on: a further training on the same split may have
them choose again, but nobody may judge by them. The section of these patients has the same name."""
SALT_BYTES = 16
HASH_CHARACTERS = 24
"""96 bits: no two of any cohort's patients will meet."""

Seen = Sequence[Mapping[str, Any]] | Mapping[str, Any]
"""Lists of :func:`remember_patients`, or one of them; empty where weights do not tell."""


def remember_patients(
    subjects: Iterable[str], cohort: str | None = None, salt: str | None = None, validated: Iterable[str] = ()
) -> dict[str, Any]:
    """Return plain values by which these patients are known again.

    Args:
        subjects: the patients trained on.
        cohort: :attr:`csfnet_bundle.prediction.data.DataDescription.patients_of`; None compares with every cohort.
        salt: of the hashes; by default a random one, so that two lists cannot be joined.
        validated: patients who chose the epoch.
    """
    salt = salt or secrets.token_hex(SALT_BYTES)
    listed: dict[str, Any] = {"salt": salt, "hashes": sorted({_hash(salt, subject) for subject in subjects})}
    chosen_by = sorted({_hash(salt, subject) for subject in validated})
    listed |= {VALIDATED: chosen_by} if chosen_by else {}
    return listed if cohort is None else {**listed, "cohort": cohort}


def remember_sections(
    dataset_dir: str | Path, sections: Sequence[str], validated: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the list of the patients in these sections of a cohort.

    The salt follows from the datalist, whose hash weights tell anyway, so that one training gives the same file twice.

    Args:
        dataset_dir: the cohort.
        sections: trained on.
        validated: sections that chose the epoch.
    """
    data, datalist = _described(dataset_dir), load_datalist(dataset_dir)
    trained, chosen_by = (
        {pair.subject for section in names for pair in datalist.sections.get(section, ())}
        for names in (sections, validated)
    )
    salt = hashlib.sha256(f"{SEEN_PATIENTS}/{data.datalist_sha256}".encode()).hexdigest()[: 2 * SALT_BYTES]
    return remember_patients(trained, data.patients_of, salt, chosen_by)


def told_patients(document: object) -> list[Mapping[str, Any]]:
    """Return the lists in a description of weights; empty where it tells nothing.

    Args:
        document: what :func:`csfnet_bundle.prediction.weights_file.read_weights` returns.
    """
    if not isinstance(document, Mapping):
        return []
    provenance = document.get("provenance")
    within = provenance.get(SEEN_PATIENTS) if isinstance(provenance, Mapping) else None
    lists: list[Mapping[str, Any]] = []
    for told in (document.get(SEEN_PATIENTS), within):
        lists += told if isinstance(told, list) else [told] if told else []
    return lists


def read_seen_patients(path: Path) -> list[Mapping[str, Any]]:
    """Return what a file of weights tells of its patients; empty where it tells nothing; raises BundleError."""
    return told_patients(read_weights(path, "Get the file again."))


def check_unseen(
    seen: Seen,
    dataset_dir: str | Path,
    source: str,
    sections: Sequence[str] = HELD_OUT,
    remedy: str = SAME_SPLIT,
) -> None:
    """Check that no patient of a cohort's sections is among those that weights were trained on.

    Args:
        seen: what the weights tell.
        dataset_dir: the cohort.
        source: the weights' file.
        sections: of the cohort, those that choose or judge.
        remedy: what to do about it.

    Raises:
        BundleError: see :func:`check_judged`.
    """
    if not seen:
        return
    cohort = _described(dataset_dir).patients_of
    for section, subjects, judges in _held_out(dataset_dir, sections):
        check_judged(seen, subjects, f"held out in {section!r}", source, remedy, cohort, chosen_by_too=judges)


def accepted_patients(
    seen: Seen, dataset_dir: str | Path, sections: Sequence[str], source: str, remedy: str, *, accept: bool
) -> dict[str, str]:
    """Check as :func:`check_unseen`, or say for the record what was accepted in spite of it.

    Args:
        seen: what the weights tell.
        dataset_dir: the cohort.
        sections: of the cohort, those that choose or judge.
        source: the weights' file.
        remedy: what to do about it, besides accepting it.
        accept: whether to go on.

    Returns:
        Empty where no such patient is held out; else one entry that says how many were accepted.

    Raises:
        BundleError: there is one, and it is not accepted.
    """
    if not accept:
        remedy = f"{remedy} `--accept_seen_patients=true` continues anyway, and the result says so."
        check_unseen(seen, dataset_dir, source, sections, remedy)
        return {}
    cohort = _described(dataset_dir).patients_of
    subjects: set[str] = set()
    found: set[str] = set()
    for _, held_out, judges in _held_out(dataset_dir, sections):
        subjects |= set(held_out)
        found |= set(seen_among(seen, held_out, source, cohort, chosen_by_too=judges))
    if not found:
        return {}
    return {
        ACCEPTED: f"{len(found)} of {len(subjects)} patients of {', '.join(sections)} were seen in training: "
        "figures on them say nothing about others"
    }


def _held_out(dataset_dir: str | Path, sections: Sequence[str]) -> Iterator[tuple[str, list[str], bool]]:
    """Yield each section, its patients, and whether it judges: who chose an epoch before may choose again alone."""
    datalist = load_datalist(dataset_dir)
    for section in sections:
        yield section, [pair.subject for pair in datalist.sections.get(section, ())], section != VALIDATED


def check_judged(
    seen: Seen,
    subjects: Iterable[str],
    role: str,
    source: str,
    remedy: str,
    cohort: str | None = None,
    *,
    chosen_by_too: bool = True,
) -> None:
    """Check that none of these patients is among those that weights were trained on.

    Args:
        seen: what the weights tell.
        subjects: the patients.
        role: what is done with them, for the message.
        source: the weights' file.
        remedy: what to do about it.
        cohort: see :func:`seen_among`.
        chosen_by_too: see :func:`seen_among`.

    Raises:
        BundleError: such a patient, by name; or what the weights tell cannot be read.
    """
    for subject in seen_among(seen, subjects, source, cohort, chosen_by_too=chosen_by_too):
        raise BundleError(
            f"these weights were trained on patient {subject}, who is {role}", record=source, remedy=remedy
        )


def seen_among(
    seen: Seen, subjects: Iterable[str], source: str, cohort: str | None = None, *, chosen_by_too: bool = True
) -> list[str]:
    """Return those of the patients whom weights were trained on.

    Args:
        seen: what the weights tell.
        subjects: the patients.
        source: the weights' file.
        cohort: whose patients they are; lists of another one's are passed over. None compares with every list.
        chosen_by_too: whether patients count who were not trained on and chose the epoch.

    Raises:
        BundleError: what the weights tell cannot be read.
    """
    told = [one for one in ([seen] if isinstance(seen, Mapping) else seen) if one]
    lists = [_parse(one, source, chosen_by_too) for one in told]
    lists = [one for one in lists if cohort is None or one[2] in (None, cohort)]
    return [subject for subject in subjects if any(_hash(salt, subject) in hashes for salt, hashes, _ in lists)]


def _parse(listed: object, source: str, chosen_by_too: bool) -> tuple[str, frozenset[str], str | None]:
    salt, hashes = (listed.get("salt"), listed.get("hashes")) if isinstance(listed, Mapping) else (None, None)
    validated = listed.get(VALIDATED, []) if isinstance(listed, Mapping) and chosen_by_too else []
    whole = isinstance(hashes, list) and isinstance(validated, list)
    if not isinstance(listed, Mapping) or not isinstance(salt, str) or not isinstance(hashes, list) or not whole:
        raise BundleError(
            "its list of the patients that it was trained on is damaged", record=source, remedy="Get the file again."
        )
    return salt, frozenset(map(str, [*hashes, *validated])), listed.get("cohort")


def _hash(salt: str, subject: str) -> str:
    return hashlib.sha256(f"{salt}/{subject}".encode()).hexdigest()[:HASH_CHARACTERS]


def _described(dataset_dir: str | Path) -> DataDescription:
    """Describe a cohort; a prediction only reads weights and imports none of what makes cohorts, pydicom among it."""
    from csfnet_bundle.prediction.data import data_description

    return data_description(dataset_dir)
