"""The clinical values of one patient, from a small JSON or CSV file that a user writes by hand."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path

from csfnet_bundle.core.code_book import CodeBook, nlst_code_book
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records.clinical_words import clinical_codes, variable_named

MAXIMUM_BYTES = 100_000
"""Six values need a few hundred bytes; a larger file is another one."""


def read_clinical(path: str | Path, code_book: CodeBook | None = None) -> dict[str, object]:
    """Read one patient's clinical values and return them as codes by variable name, checked; missing ones left out.

    Args:
        path: a ``.json`` file with one object, ``{"race": 1, "age": 63}``, or a ``.csv`` file with the variables' names
            in the first row and the values in the second; in codes, or in words as
            :func:`csfnet_bundle.records.clinical_words.clinical_codes` takes them.
        code_book: that of the weights which will see the values; None is this installation's.

    Raises:
        BundleError: no such file, another format, more than one patient, an unknown variable or an unexplained value.
    """
    path = Path(path)
    if not path.is_file():
        raise BundleError(f"there is no file {path}", remedy="Name a .json or .csv file with the clinical values.")
    if path.stat().st_size > MAXIMUM_BYTES:
        raise BundleError("too large for the values of one patient", record=str(path), remedy="Give one patient only.")
    readers = {".json": _read_json, ".csv": _read_csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise BundleError(f"the file's name ends in {path.suffix!r}, expected .json or .csv", record=str(path))
    try:
        return clinical_codes(reader(path.read_text(encoding="utf-8-sig")), code_book)
    except UnicodeDecodeError:
        raise BundleError("the file is not text in UTF-8", record=str(path)) from None
    except BundleError as error:
        raise error.for_record(str(path)) from None


def clinical_values(
    path: Path | None, options: Mapping[str, str | None], code_book: CodeBook | None = None
) -> dict[str, object]:
    """Return the values of a file and those given as options, as codes.

    Args:
        path: see :func:`read_clinical`; None without a file.
        options: values in words or codes by variable; None where one is not given.
        code_book: that of the weights which will see the values.

    Raises:
        BundleError: as :func:`read_clinical`, or a variable that file and options give different values.
    """
    from_file = {} if path is None else read_clinical(path, code_book)
    given = clinical_codes(options, code_book, prefix="--")
    typed = {variable_named(option, code_book): option for option in options}
    for name, value in given.items():
        if from_file.get(name, value) != value:
            option = typed[name]
            raise BundleError(
                f"--{option} = {options[option]!r} is code {value!r}, but {path} has {from_file[name]!r}",
                remedy="Give it once.",
            )
    return {**from_file, **given}


def _read_json(text: str) -> dict[str, object]:
    try:
        document = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise BundleError(f"not JSON: {error}") from None
    if not isinstance(document, dict):
        raise BundleError(f"expected one JSON object, e.g. {_example()}")
    return document


def _read_csv(text: str) -> dict[str, object]:
    rows = [row for row in csv.reader(text.splitlines()) if any(cell.strip() for cell in row)]
    if len(rows) != 2 or len(rows[0]) != len(rows[1]):
        raise BundleError(
            f"expected a row of names and one row of as many values, found {len(rows)} rows",
            remedy=f"Names are, for one, {','.join(nlst_code_book().names)}.",
        )
    names = [name.strip() for name in rows[0]]
    if len(set(names)) != len(names):
        raise BundleError("a variable is named twice", remedy="Name each one once.")
    return dict(zip(names, (cell.strip() for cell in rows[1]), strict=True))


def _example() -> str:
    return json.dumps({"cigsmok": 1, "age": 63})
