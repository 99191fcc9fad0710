"""The datalist: one JSON file with the cohort's follow-up pairs, split by patient."""

from __future__ import annotations

import gc
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.records.pair import FollowUpPair
from csfnet_bundle.records.schema import header_errors, record_error, record_errors

DATALIST_NAME = "datalist.json"
SCHEMA_VERSION = "1.0"
SECTIONS = ("training", "validation", "test", "inference")
LABELLED = ("training", "validation", "test")
"""Sections whose records must have a label."""


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


_LOADED: dict[Path, tuple[str, Datalist]] = {}
"""Datalists by file, each with the SHA-256 of the bytes that it was made of: many parts of a run ask for the same."""
MOST_LOADED = 4
"""Kept at a time: a cohort, another to evaluate on, and the folds of a benchmark one after the other."""


def load_datalist(path: str | Path) -> Datalist:
    """Read and check a datalist; once for the same bytes.

    Args:
        path: the JSON file, or the folder that holds a ``datalist.json``.

    Raises:
        BundleError: no such folder or file, not JSON, a record against the schema (named, with the value), t0 not
            before t1, one patient in two sections, or one nodule twice in a section.
    """
    path = _file(path)
    content = _content(path)
    key, digest = path.absolute(), hashlib.sha256(content).hexdigest()
    known = _LOADED.pop(key, None)
    if known is None or known[0] != digest:
        with _no_collection():
            datalist, problems = _datalist(_document(content, path), path)
        for problem in problems:
            raise problem
        known = digest, Datalist(path.parent, datalist.sections, datalist.header)
    _LOADED[key] = known
    while len(_LOADED) > MOST_LOADED:
        del _LOADED[next(iter(_LOADED))]
    return Datalist(path.parent, known[1].sections, known[1].header)  # the folder as it was asked for


def datalist_problems(path: str | Path) -> list[BundleError]:
    """Return everything that :func:`load_datalist` would refuse, record by record.

    Raises:
        BundleError: no such folder or file, or not JSON.
    """
    path = _file(path)
    return _datalist(_document(_content(path), path), path)[1]


def save_datalist(datalist: Datalist) -> Path:
    """Check the datalist as :func:`load_datalist` does, write it to its folder in one step, return the path."""
    path = datalist.folder / DATALIST_NAME
    document: dict[str, object] = {"schema_version": SCHEMA_VERSION, **datalist.header}
    for name in SECTIONS:
        document[name] = [pair.to_record() for pair in datalist.sections.get(name, ())]
    for problem in _datalist(dict(document), path)[1]:
        raise problem
    text = json.dumps(document, indent=1, ensure_ascii=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = json.dumps(document, indent=1)  # a path that is no UTF-8: JSON's escapes keep its bytes
    write_atomically(path, text + "\n")
    return path


def check_pair(pair: FollowUpPair) -> FollowUpPair:
    """Return the pair as a datalist would give it back, checked against the schema.

    Raises:
        BundleError: a value that no datalist may hold, or t0 not before t1.
    """
    record = pair.to_record()
    error = record_error(record, labelled=False)
    if error is not None:
        place, problem = error
        raise _problem(place, problem, record, f"pair {pair.name}")
    return FollowUpPair.from_record(record)


def _file(path: str | Path) -> Path:
    path = Path(path)
    return path / DATALIST_NAME if path.is_dir() else path


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise BundleError(
            f"there is no datalist {path}",
            remedy="Make one with `python -m csfnet_bundle phantom` or `cohort`, or name the folder that holds one.",
        )
    return path.read_bytes()


def _document(content: bytes, path: Path) -> Any:
    try:
        return json.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BundleError(f"not JSON: {error}", record=str(path)) from None


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the garbage collector from walking hundreds of thousands of new objects, none of which is garbage."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _datalist(document: Any, path: Path) -> tuple[Datalist, list[BundleError]]:
    """Return the datalist of a document, and what is wrong: with its head, its records, then between records."""
    empty = Datalist(path.parent, {})
    problems = [_problem(place, error, document, str(path)) for place, error in header_errors(document, SECTIONS)]
    if problems:
        return empty, problems  # no use in looking into what is no list of records
    sections: dict[str, tuple[FollowUpPair, ...]] = {}
    for section in SECTIONS:
        pairs = []
        records = document.pop(section, ())  # what was made into a pair need not stay
        for index, error in record_errors(records, labelled=section in LABELLED):
            record = records[index]
            names = [str(record.get(key, "?")) for key in ("subject", "nodule")] if isinstance(record, dict) else ["?"]
            problems.append(_problem(*error, record, f"{path}, {section}[{index}] ({'/'.join(names)})"))
            records[index] = None
        for record in records:
            try:
                if record is not None:
                    pairs.append(FollowUpPair.from_record(record))
            except BundleError as error:
                problems.append(error.for_record(f"{path}, {section}, {record['subject']}/{record['nodule']}"))
        sections[section] = tuple(pairs)
    problems += _patient_problems(sections, path)
    header = {key: value for key, value in document.items() if key != "schema_version"}
    return Datalist(path.parent, sections, header), problems


def _problem(place: tuple[object, ...], error: str, document: Any, where: str) -> BundleError:
    value = "/".join(str(step) for step in place)
    if value == "label":
        return BundleError(
            f"label is {document.get('label')!r}, expected 0 (benign) or 1 (malignant)",
            record=where,
            remedy="Correct it.",
        )
    return BundleError(
        f"{value}: {error}" if value else error, record=where, remedy="docs/data.md describes the datalist."
    )


def _patient_problems(sections: Mapping[str, tuple[FollowUpPair, ...]], path: Path) -> Iterator[BundleError]:
    section_of: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    for section, pair in ((section, pair) for section, pairs in sections.items() for pair in pairs):
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
