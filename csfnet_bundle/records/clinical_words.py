"""Clinical values as people write them, in words or NLST codes, turned into codes."""

from __future__ import annotations

from collections.abc import Mapping

from csfnet_bundle.core.code_book import CodeBook, Variable, nlst_code_book
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records.clinical import encode_clinical, is_missing

ALIASES = {"sex": "gender", "smoking": "cigsmok"}
"""Everyday names of variables that NLST calls otherwise."""


def clinical_codes(
    values: Mapping[str, object], code_book: CodeBook | None = None, *, prefix: str = ""
) -> dict[str, object]:
    """Return clinical values as codes by the variables' names, checked; missing ones are left out.

    A variable may be called by its name, its label or an alias (sex, smoking); a value is a code or the beginning of
    the code's meaning: ``{"sex": "female", "smoking": "current", "age": 63}``. Letters' case counts nowhere.

    Args:
        values: by variable.
        code_book: that of the weights which will see the values; None is this installation's.
        prefix: what stands before the variables where they were typed, for messages: ``--`` of options.

    Raises:
        BundleError: an unknown variable, one named twice with different values, or a value that no code explains.
    """
    code_book = code_book or nlst_code_book()
    codes: dict[str, object] = {}
    typed: dict[str, str] = {}
    for given, value in values.items():
        if is_missing(value):
            continue
        variable = _variable(given, code_book)
        if variable is None:
            raise BundleError(
                f"clinical variable {given!r} is no input of the network",
                remedy=f"Remove or rename it; the inputs are {', '.join(map(everyday_name, code_book.variables))}.",
            )
        words = f"{prefix}{given} = {value!r}"
        code = _code(variable, value, words)
        try:
            encode_clinical({variable.name: code}, code_book)
        except BundleError as error:
            raise BundleError(f"{words} is none of its values: {_values(variable)}", remedy=error.remedy) from None
        if codes.setdefault(variable.name, code) != code:
            raise BundleError(f"{typed[variable.name]}, but {words}", remedy="Both name one variable: give it once.")
        typed.setdefault(variable.name, words)
    return codes


def everyday_name(variable: Variable) -> str:
    """Return the everyday name of a variable, by which a user may give it; its own where there is no other."""
    return next((alias for alias, name in ALIASES.items() if name == variable.name), variable.name)


def variable_named(given: str, code_book: CodeBook | None = None) -> str | None:
    """Return the name of the clinical variable that a column or an option means; None if it means none."""
    found = _variable(given, code_book or nlst_code_book())
    return None if found is None else found.name


def _variable(given: str, code_book: CodeBook) -> Variable | None:
    key = given.strip().casefold()
    key = ALIASES.get(key, key)
    return next((one for one in code_book.variables if key in (one.name.casefold(), one.label.casefold())), None)


def _values(variable: Variable) -> str:
    """Return what a variable may be, in words with their codes; codes that stand for no answer are left out."""
    if variable.is_number:
        lowest, highest = variable.limits
        return f"a number{variable.suffix and f' of {variable.suffix}'} from {lowest:g} to {highest:g}"
    return ", ".join(f"{variable.codes[code]} ({code})" for code in variable.categories)


def _code(variable: Variable, value: object, typed: str) -> object:
    """Return the code that a value in words means, a number as a number, and what is neither as it is.

    Args:
        variable: what it is a value of.
        value: what was given.
        typed: variable and value as they were given, for the error.
    """
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
        raise BundleError(f"{typed} can mean {told}", remedy="Write more of the word, or give the code.")
    return meant[0] if meant else text
