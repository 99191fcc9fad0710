"""The datalist: one JSON file with the cohort's follow-up pairs, split by patient."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.records.pair import FollowUpPair

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
    path, document = _read(path)
    for problem in _problems(document, path):
        raise problem
    sections = {name: tuple(map(FollowUpPair.from_record, document.get(name, ()))) for name in SECTIONS}
    header = {key: value for key, value in document.items() if key not in (*SECTIONS, "schema_version")}
    return Datalist(folder=path.parent, sections=sections, header=header)


def datalist_problems(path: str | Path) -> list[BundleError]:
    """Return everything that :func:`load_datalist` would refuse, record by record.

    Raises:
        BundleError: no such folder or file, or not JSON.
    """
    path, document = _read(path)
    return list(_problems(document, path))


def save_datalist(datalist: Datalist) -> Path:
    """Check the datalist as :func:`load_datalist` does, write it to its folder in one step, return the path."""
    path = datalist.folder / DATALIST_NAME
    document: dict[str, object] = {"schema_version": SCHEMA_VERSION, **datalist.header}
    for name in SECTIONS:
        document[name] = [pair.to_record() for pair in datalist.sections.get(name, ())]
    for problem in _problems(document, path):
        raise problem
    text = json.dumps(document, indent=1, ensure_ascii=False)
    if any("\ud800" <= character <= "\udfff" for character in text):
        text = json.dumps(document, indent=1)  # a path that is no UTF-8: JSON's escapes keep its bytes
    write_atomically(path, text + "\n")
    return path


def check_pair(pair: FollowUpPair) -> FollowUpPair:
    """Return the pair as a datalist would give it back, checked against the schema.

    Raises:
        BundleError: a value that no datalist may hold, or t0 not before t1.
    """
    record = pair.to_record()
    document = {"schema_version": SCHEMA_VERSION, "inference": [record]}
    errors = list(_validator().iter_errors(document))
    if errors:
        problem = _schema_problem(jsonschema.exceptions.best_match(errors), document, Path())
        problem.record = f"pair {pair.name}"
        raise problem
    return FollowUpPair.from_record(record)


@cache
def _validator() -> jsonschema.Draft202012Validator:
    schema = resources.files("csfnet_bundle.records").joinpath("datalist.schema.json").read_text(encoding="utf-8")
    return jsonschema.Draft202012Validator(json.loads(schema))


def _read(path: str | Path) -> tuple[Path, Any]:
    """Return the file and its JSON."""
    path = Path(path)
    if path.is_dir():
        path = path / DATALIST_NAME
    if not path.is_file():
        raise BundleError(
            f"there is no datalist {path}",
            remedy="Make one with `python -m csfnet_bundle phantom` or `cohort`, or name its folder by --dataset_dir.",
        )
    try:
        return path, json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BundleError(f"not JSON: {error}", record=str(path)) from None


def _problems(document: Any, path: Path) -> Iterator[BundleError]:
    """Yield what is wrong: first against the schema, then within each record, then between records."""
    errors: dict[tuple[object, ...], list[jsonschema.ValidationError]] = {}
    for error in _validator().iter_errors(document):
        errors.setdefault(tuple(error.absolute_path)[:2], []).append(error)
    for place in sorted(errors, key=str):
        yield _schema_problem(jsonschema.exceptions.best_match(errors[place]), document, path)
    if any(len(place) < 2 for place in errors):
        return  # no use in looking into what is no list of records
    pairs = []
    for section in SECTIONS:
        for index, record in enumerate(document.get(section, ())):
            if (section, index) in errors:
                continue
            try:
                pairs.append((section, FollowUpPair.from_record(record)))
            except BundleError as error:
                yield error.for_record(f"{path}, {section}, {record['subject']}/{record['nodule']}")
    yield from _patient_problems(pairs, path)


def _schema_problem(error: jsonschema.ValidationError, document: Any, path: Path) -> BundleError:
    place = list(error.absolute_path)
    where = str(path)
    if len(place) >= 2 and place[0] in SECTIONS:
        record = document[place[0]][place[1]]
        names = [str(record.get(key, "?")) for key in ("subject", "nodule")] if isinstance(record, dict) else ["?"]
        where += f", {place[0]}[{place[1]}] ({'/'.join(names)})"
        place = place[2:]
    value = "/".join(str(step) for step in place)
    if value == "label":
        return BundleError(
            f"label is {error.instance!r}, expected 0 (benign) or 1 (malignant)", record=where, remedy="Correct it."
        )
    problem = f"{value}: {error.message}" if value else error.message
    return BundleError(problem, record=where, remedy="docs/data.md describes the datalist.")


def _patient_problems(pairs: Sequence[tuple[str, FollowUpPair]], path: Path) -> Iterator[BundleError]:
    section_of: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    for section, pair in pairs:
        first = section_of.setdefault(pair.subject, section)
        if first != section:
            yield BundleError(
                f"patient {pair.subject} is in {first!r} and in {section!r}; a patient belongs to one list",
                record=str(path),
                remedy="Move all nodules of the patient into one of the two.",
            )
        if (section, pair.name) in seen:
            yield BundleError(
                f"nodule {pair.name} is listed twice",
                record=f"{path}, {section}",
                remedy="Give every nodule of a patient (and every interval of a nodule) a name of its own.",
            )
        seen.add((section, pair.name))
