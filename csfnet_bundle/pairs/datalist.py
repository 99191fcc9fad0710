"""The datalist: one JSON file with the cohort's follow-up pairs, split by patient."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path

import jsonschema

from csfnet_bundle.errors import BundleError
from csfnet_bundle.files import write_atomically
from csfnet_bundle.pairs.pair import FollowUpPair

DATALIST_NAME = "datalist.json"
SCHEMA_VERSION = "1.0"
SECTIONS = ("training", "validation", "test", "inference")


@dataclass(frozen=True)
class Datalist:
    """Follow-up pairs by section.

    Attributes:
        folder: the folder that scan paths are relative to.
        sections: pairs of training, validation, test and inference; a section may be empty.
        header: ``name``, ``description``, ``provenance`` (seed, source hashes) and ``folds`` where present.
    """

    folder: Path
    sections: Mapping[str, tuple[FollowUpPair, ...]]
    header: Mapping[str, object] = field(default_factory=dict)

    def section(self, name: str) -> tuple[FollowUpPair, ...]:
        """Return the pairs of a section.

        Raises:
            BundleError: the section is empty: nothing could be trained, evaluated or predicted.
        """
        pairs = self.sections.get(name, ())
        if not pairs:
            raise BundleError(
                f"the list {name!r} is empty or absent",
                record=str(self.folder / DATALIST_NAME),
                remedy=f"Add at least one follow-up pair to {name!r}.",
            )
        return pairs

    def __iter__(self) -> Iterator[tuple[str, FollowUpPair]]:
        for name, pairs in self.sections.items():
            for pair in pairs:
                yield name, pair


def load_datalist(path: str | Path) -> Datalist:
    """Read and check a datalist.

    Args:
        path: the JSON file, or the folder that holds a ``datalist.json``.

    Raises:
        BundleError: no such folder or file, not JSON, a record against the schema (named, with the value), t0 not
            before t1, one patient in two sections, or one nodule twice in a section.
    """
    path = Path(path)
    if path.is_dir():
        path = path / DATALIST_NAME
    if not path.is_file():
        raise BundleError(
            f"there is no datalist {path}",
            remedy="Make one with `python -m csfnet_bundle phantom` or `cohort`, or name its folder by --dataset_dir.",
        )
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BundleError(f"not JSON: {error}", record=str(path)) from None
    _check_schema(document, path)
    sections = {name: tuple(_pair(record, f"{path}, {name}") for record in document.get(name, ())) for name in SECTIONS}
    header = {key: value for key, value in document.items() if key not in (*SECTIONS, "schema_version")}
    datalist = Datalist(folder=path.parent, sections=sections, header=header)
    _check_patients(datalist, path)
    return datalist


def save_datalist(datalist: Datalist) -> Path:
    """Check the datalist as :func:`load_datalist` does, write it to its folder in one step, return the path."""
    path = datalist.folder / DATALIST_NAME
    document: dict[str, object] = {"schema_version": SCHEMA_VERSION, **datalist.header}
    for name in SECTIONS:
        document[name] = [pair.to_record() for pair in datalist.sections.get(name, ())]
    _check_schema(document, path)
    _check_patients(datalist, path)
    write_atomically(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    return path


@cache
def _validator() -> jsonschema.Draft202012Validator:
    schema = resources.files("csfnet_bundle.pairs").joinpath("datalist.schema.json").read_text(encoding="utf-8")
    return jsonschema.Draft202012Validator(json.loads(schema))


def _check_schema(document: object, path: Path) -> None:
    error = jsonschema.exceptions.best_match(_validator().iter_errors(document))
    if error is None:
        return
    place = list(error.absolute_path)
    where = str(path)
    if len(place) >= 2 and place[0] in SECTIONS and isinstance(document, dict):
        record = document[place[0]][place[1]]
        names = [str(record.get(key, "?")) for key in ("subject", "nodule")] if isinstance(record, dict) else ["?"]
        where += f", {place[0]}[{place[1]}] ({'/'.join(names)})"
        place = place[2:]
    value = "/".join(str(step) for step in place)
    if value == "label":
        raise BundleError(
            f"label is {error.instance!r}, expected 0 (benign) or 1 (malignant)", record=where, remedy="Correct it."
        )
    problem = f"{value}: {error.message}" if value else error.message
    raise BundleError(problem, record=where, remedy="docs/data.md describes the datalist.")


def _pair(record: Mapping[str, object], where: str) -> FollowUpPair:
    try:
        return FollowUpPair.from_record(record)
    except BundleError as error:
        raise error.for_record(f"{where}, {record['subject']}/{record['nodule']}") from None


def _check_patients(datalist: Datalist, path: Path) -> None:
    section_of: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    for section, pair in datalist:
        first = section_of.setdefault(pair.subject, section)
        if first != section:
            raise BundleError(
                f"patient {pair.subject} is in {first!r} and in {section!r}; a patient belongs to one list",
                record=str(path),
                remedy="Move all nodules of the patient into one of the two.",
            )
        if (section, pair.name) in seen:
            raise BundleError(
                f"nodule {pair.name} is listed twice",
                record=f"{path}, {section}",
                remedy="Give every nodule of a patient (and every interval of a nodule) a name of its own.",
            )
        seen.add((section, pair.name))
