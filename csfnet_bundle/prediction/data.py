"""What the workflows read from a cohort's folder."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records import DATALIST_NAME, load_datalist

SECTIONS_WITH_BOTH_CLASSES = ("training", "validation")
"""A network cannot learn, and an epoch or a threshold cannot be chosen, from one class alone."""

PUBLIC_SOURCES = ("lidc-voi",)
"""Cohorts with published patient names, by the ``source`` in the provenance of their datalist."""

Item = dict[str, object]


def datalist_items(
    dataset_dir: str | Path, section: str, default_dataset_dir: str | Path | None = None
) -> Sequence[Item]:
    """Return a section of the cohort's datalist as records for a MONAI data set.

    A record holds ``pair`` (:class:`csfnet_bundle.records.FollowUpPair`), ``datalist_folder``, ``subject``, ``nodule``
    and, where the pair has one, ``label``.

    Args:
        dataset_dir: the cohort's folder.
        section: of its datalist.
        default_dataset_dir: where the phantom cohort is made if nobody gives data. As long as it is not there its
            records have a number and no content: enough to build a workflow, as MONAI's checks of a bundle do.

    Raises:
        BundleError: no datalist, a faulty one, an empty section, or one class alone where both are needed.
    """
    default = None if default_dataset_dir is None else Path(default_dataset_dir)
    if default is not None and Path(dataset_dir).resolve() == default.resolve() and not _has_datalist(default):
        return PhantomItems(default, section)
    return _read_items(dataset_dir, section)


class PhantomItems(Sequence[Item]):
    """The records of the phantom cohort, which a workflow's run makes before it reads the first of them.

    Args:
        folder: where it will be.
        section: of its datalist.
    """

    def __init__(self, folder: Path, section: str) -> None:
        self._folder, self._section = folder, section
        # The phantom brings pandas and scikit-learn, which a prediction with given weights does without.
        from csfnet_bundle.cohorts.phantom.stand_in import pairs_in_section

        self._count = pairs_in_section(section)
        self._items: Sequence[Item] = ()

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Item: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Item]: ...

    def __getitem__(self, index: int | slice) -> Item | Sequence[Item]:
        """Return a record; raises BundleError as long as the cohort is not made."""
        if not self._items:
            self._items = _read_items(self._folder, self._section)
        return self._items[index]


def _has_datalist(folder: Path) -> bool:
    return (folder / DATALIST_NAME).is_file()


def _read_items(dataset_dir: str | Path, section: str) -> list[Item]:
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
    items: list[Item] = []
    for pair in pairs:
        item: Item = {
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
        public: whether anybody may know its patients: phantoms, and the cohorts of :data:`PUBLIC_SOURCES`.
        patients_of: what tells its patients from those of another cohort with the same numbers: a phantom's seed;
            empty for real ones, whose PatientID is enough.
    """

    name: str
    phantom: bool
    datalist_sha256: str
    public: bool
    patients_of: str

    def lists_patients(self, asked: bool | None) -> bool:
        """Tell whether weights list the patients, by salted hashes: as asked, by default those of public cohorts.

        Of few possible numbers a hash hides nothing.
        """
        return self.public if asked is None else asked


def data_description(dataset_dir: str | Path) -> DataDescription:
    """Return what the cohort says of itself in its datalist's header."""
    header = load_datalist(dataset_dir).header
    told = header.get("provenance")
    provenance = told if isinstance(told, dict) else {}
    phantom = "phantom_version" in provenance
    return DataDescription(
        name=str(header.get("name", "an unnamed cohort")),
        phantom=phantom,
        datalist_sha256=datalist_hash(dataset_dir),
        public=phantom or provenance.get("source") in PUBLIC_SOURCES,
        patients_of=f"phantom, seed {provenance.get('seed')}" if phantom else "",
    )
