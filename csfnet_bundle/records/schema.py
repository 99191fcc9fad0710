"""Whether records follow the datalist's schema: by compiled code, and where that says no, in words by jsonschema."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import resources
from typing import Any

import fastjsonschema
import jsonschema

VALIDATOR = jsonschema.Draft7Validator
"""The 7th draft has all that the schema uses; MONAI Label's environment has jsonschema 3, which knows no newer one."""
Place = tuple[object, ...]
"""Keys from a record, or from the document, to the value at fault."""


def header_errors(document: Any, sections: Sequence[str]) -> Iterator[tuple[Place, str]]:
    """Yield what is wrong with all of a document but its records: where, and what."""
    if isinstance(document, dict):
        document = {
            key: [] if key in sections and isinstance(value, list) else value for key, value in document.items()
        }
    errors: dict[Place, list[jsonschema.ValidationError]] = {}
    for error in VALIDATOR(_schema()).iter_errors(document):
        errors.setdefault(tuple(error.absolute_path)[:2], []).append(error)
    for place in sorted(errors, key=str):
        yield _told(errors[place])


def record_errors(records: Sequence[Any], *, labelled: bool) -> Iterator[tuple[int, tuple[Place, str]]]:
    """Yield the number of each faulty record with what is wrong with it."""
    fast = _fast(_name(labelled=labelled))
    for number, record in enumerate(records):
        try:
            fast(record)
        except fastjsonschema.JsonSchemaValueException:
            error = record_error(record, labelled=labelled)
            if error is not None:
                yield number, error


def record_error(record: Any, *, labelled: bool) -> tuple[Place, str] | None:
    """Return what is wrong with one record, in words; None if nothing is."""
    schema = {"$ref": f"#/$defs/{_name(labelled=labelled)}", "$defs": _schema()["$defs"]}
    errors = list(VALIDATOR(schema).iter_errors(record))
    return _told(errors) if errors else None


def _told(errors: Sequence[jsonschema.ValidationError]) -> tuple[Place, str]:
    error = jsonschema.exceptions.best_match(errors)
    return tuple(error.absolute_path), error.message


def _name(*, labelled: bool) -> str:
    return "labelled_pair" if labelled else "pair"


@cache
def _schema() -> dict[str, Any]:
    text = resources.files("csfnet_bundle.records").joinpath("datalist.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@cache
def _fast(name: str) -> Callable[[Any], Any]:
    # Without "$schema": the 7th draft is the newest that fastjsonschema knows.
    validate: Callable[[Any], Any] = fastjsonschema.compile({"$ref": f"#/$defs/{name}", "$defs": _schema()["$defs"]})
    return validate
