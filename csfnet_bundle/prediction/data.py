"""What the workflows read from a cohort's folder."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records import DATALIST_NAME, load_datalist

SECTIONS_WITH_BOTH_CLASSES = ("training", "validation")
"""A network cannot learn, and an epoch or a threshold cannot be chosen, from one class alone."""


def datalist_items(dataset_dir: str | Path, section: str) -> list[dict[str, object]]:
    """Return a section of the cohort's datalist as records for a MONAI data set.

    A record holds ``pair`` (:class:`csfnet_bundle.records.FollowUpPair`), ``datalist_folder``, ``subject``, ``nodule``
    and, where the pair has one, ``label``.

    Raises:
        BundleError: no datalist, a faulty one, an empty section, or one class alone where both are needed.
    """
    datalist = load_datalist(dataset_dir)
    pairs = datalist.section(section)
    classes = Counter(pair.label for pair in pairs)
    if section in SECTIONS_WITH_BOTH_CLASSES and len(classes) < 2:
        only = "malignant" if 1 in classes else "benign"
        raise BundleError(
            f"all {len(pairs)} pairs of {section!r} are {only}; both classes are needed",
            record=str(datalist.folder / DATALIST_NAME),
            remedy="Add pairs of the other class.",
        )
    items: list[dict[str, object]] = []
    for pair in pairs:
        item: dict[str, object] = {
            "pair": pair,
            "datalist_folder": str(datalist.folder),
            "subject": pair.subject,
            "nodule": pair.nodule,
        }
        if pair.label is not None:
            item["label"] = pair.label
        items.append(item)
    return items


def datalist_hash(dataset_dir: str | Path) -> str:
    """Return the SHA-256 of the datalist's bytes, hexadecimal."""
    path = Path(dataset_dir)
    path = path / DATALIST_NAME if path.is_dir() else path
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass(frozen=True)
class DataDescription:
    """What a cohort is, for the record of whatever is made from it.

    Attributes:
        name: the datalist's name.
        phantom: whether its scans are phantoms.
        datalist_sha256: of the datalist's bytes.
    """

    name: str
    phantom: bool
    datalist_sha256: str


def data_description(dataset_dir: str | Path) -> DataDescription:
    """Return what the cohort says of itself in its datalist's header."""
    header = load_datalist(dataset_dir).header
    provenance = header.get("provenance", {})
    return DataDescription(
        name=str(header.get("name", "an unnamed cohort")),
        phantom=isinstance(provenance, dict) and "phantom_version" in provenance,
        datalist_sha256=datalist_hash(dataset_dir),
    )
