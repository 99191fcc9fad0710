"""Clinical values as people write them, in words or NLST codes, turned into codes."""

from __future__ import annotations

from collections.abc import Mapping

from csfnet_bundle.core.code_book import CodeBook, Variable, nlst_code_book
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records.clinical import encode_clinical, is_missing

ALIASES = {"sex": "gender", "smoking": "cigsmok"}
"""Everyday names of variables that NLST calls otherwise."""


def clinical_codes(values: Mapping[str, object], code_book: CodeBook | None = None) -> dict[str, object]:
    """Return clinical values as codes by the variables' names, checked; missing ones are left out.

    A variable may be called by its name, its label or an alias (sex, smoking); a value is a code or the beginning of
    the code's meaning: ``{"sex": "female", "smoking": "current", "age": 63}``. Letters' case counts nowhere.

    Args:
        values: by variable.
        code_book: that of the weights which will see the values; None is this installation's.

    Raises:
        BundleError: an unknown variable, one named twice with different values, or a value that no code explains.
    """
    code_book = code_book or nlst_code_book()
    codes: dict[str, object] = {}
    for given, value in values.items():
        if is_missing(value):
            continue
        variable = _variable(given, code_book)
        code = value if variable is None else _code(variable, value)
        name = given if variable is None else variable.name
        if name in codes and codes[name] != code:
            raise BundleError(f"{name} is given twice, as {codes[name]!r} and as {code!r}", remedy="Give it once.")
        codes[name] = code
    encode_clinical(codes, code_book)
    return codes


def variable_named(given: str, code_book: CodeBook | None = None) -> str | None:
    """Return the name of the clinical variable that a column or an option means; None if it means none."""
    found = _variable(given, code_book or nlst_code_book())
    return None if found is None else found.name


def _variable(given: str, code_book: CodeBook) -> Variable | None:
    key = given.strip().casefold()
    key = ALIASES.get(key, key)
    return next((one for one in code_book.variables if key in (one.name.casefold(), one.label.casefold())), None)


def _code(variable: Variable, value: object) -> object:
    """Return the code that a value in words means, a number as a number, and what is neither as it is."""
    if not isinstance(value, str):
        return value
    text = " ".join(value.split())
    try:
        number = float(text)
    except ValueError:
        pass
    else:
        return int(number) if number.is_integer() else number
    words = text.casefold()
    suffix = variable.suffix.casefold()
    if suffix:
        words = words.removesuffix(suffix).strip()
    meanings = {code: meaning.casefold() for code, meaning in variable.codes.items()}
    meant = [code for code, meaning in meanings.items() if meaning == words] or [
        code for code, meaning in meanings.items() if words and meaning.startswith(words)
    ]
    if len(meant) > 1:
        told = ", ".join(f"{code} ({variable.codes[code]})" for code in meant)
        raise BundleError(
            f"{variable.name} = {value!r} can mean {told}", remedy="Write more of the word, or give the code."
        )
    return meant[0] if meant else text
