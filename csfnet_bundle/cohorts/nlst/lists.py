"""Putting assembled pairs into the datalist's lists, with what somebody else needs to make the same cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import csfnet_bundle
from csfnet_bundle.cohorts.nlst.options import CohortOptions
from csfnet_bundle.cohorts.splits import patients_of, split_folds, split_three_ways
from csfnet_bundle.records import Datalist, FollowUpPair


def make_datalist(
    folder: Path,
    pairs: Sequence[FollowUpPair],
    *,
    name: str,
    description: str,
    seed: int,
    shares: tuple[float, float, float],
    folds: int,
    provenance: Mapping[str, object],
) -> Datalist:
    """Split the pairs by patient.

    Args:
        folder: where the datalist goes.
        pairs: all pairs.
        name: of the cohort.
        description: one sentence.
        seed: of the splits.
        shares: of the patients in training, validation and test.
        folds: number of folds over all patients; 0 for none.
        provenance: what the cohort was made from; seed, shares and version are added.

    Raises:
        BundleError: too few patients of one label for the split.
    """
    labelled = [pair for pair in pairs if pair.label is not None]
    sections: dict[str, tuple[FollowUpPair, ...]] = {}
    patients = patients_of(labelled)
    if patients:
        sections = {
            section: tuple(pair for pair in labelled if pair.subject in subjects)
            for section, subjects in split_three_ways(patients, seed, shares).items()
        }
    if len(labelled) < len(pairs):
        sections["inference"] = tuple(pair for pair in pairs if pair.label is None)
    header: dict[str, object] = {
        "name": name,
        "description": description,
        "provenance": {
            **provenance,
            "seed": seed,
            "shares": list(shares),
            "bundle_version": csfnet_bundle.__version__,
        },
    }
    if folds and patients:
        header["folds"] = [list(subjects) for subjects in split_folds(patients, seed, folds)]
    return Datalist(folder, sections, header)


def provenance_of(options: CohortOptions, index_digest: str | None) -> dict[str, object]:
    """Return the sources by their hashes and the rules; no path and no date, so that it is the same for everybody."""
    return {
        "source": options.source,
        "table_sha256": file_digest(options.table),
        "participants_sha256": None if options.participants is None else file_digest(options.participants),
        "index_sha256": index_digest,
        "columns": dict(options.format.columns),
        "screens": str(options.screens),
        "growth_sha256": None if options.growth is None else file_digest(options.growth),
        "label": ("that of t1" if options.label_per_pair else "the source's")
        if options.label_within_days is None
        else f"lung cancer confirmed within {options.label_within_days:g} days after t1",
        "skip_refused": options.skip_refused,
        "carry_nodules_back": options.carry_nodules_back,
    }


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        digest = sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
