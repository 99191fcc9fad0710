"""Clinical values of one pair, from NLST codes to the tokens that the network embeds, and to words.

The tokens of a variable are 0 = missing, 1 = unknown, then its categories in ascending order of their codes. They come
from the clinical code book alone: nothing is fitted on data, so a code means the same in every cohort. `scr_res0` and
`scr_iso0` hold the reads of the pair's t0 screen, whichever screen of the trial that is.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.code_book import MISSING, SPECIAL_TOKENS, UNKNOWN, CodeBook, Variable, nlst_code_book
from csfnet_bundle.core.errors import BundleError

CLINICAL_VARIABLES: tuple[str, ...] = nlst_code_book().names
"""race, cigsmok, gender, age, scr_res0, scr_iso0: what this installation's tables and datalists may hold."""
_SAS_MISSING = re.compile(r"\.[A-Z_]?")
"""How the published tables write a missing value: a dot, alone or with a letter (.M missing, .N not applicable)."""


def encode_clinical(values: Mapping[str, object], code_book: CodeBook | None = None) -> NDArray[np.int64]:
    """Return the tokens of a pair's clinical values, int64, shape (V,), in the order of the code book.

    Args:
        values: codes by variable name, as numbers or text (``1``, ``1.0`` and ``"1"`` are the same). A variable
            that is absent, None, NaN, blank, or ``.M`` and the like is missing.
        code_book: that of the weights which will see the tokens; None is this installation's, for a new training.

    Raises:
        BundleError: a variable that the network does not have, or a value that no code explains.
    """
    code_book = code_book or nlst_code_book()
    _check_names(values, code_book)
    return np.array([_token(variable, values.get(variable.name)) for variable in code_book.variables], np.int64)


def is_missing(value: object) -> bool:
    """Tell whether a table's cell holds no value: None, NaN, blank, or a dot with or without a letter."""
    if isinstance(value, str):
        text = value.strip()
        return not text or text.casefold() in {"nan", "na", "n/a", "none"} or bool(_SAS_MISSING.fullmatch(text.upper()))
    if isinstance(value, float | np.floating):
        return math.isnan(value)
    # pandas' missing marks (NA, NaT) are no numbers; both are unequal to themselves or refuse to compare.
    return value is None or type(value).__name__ in {"NAType", "NaTType"}


def clinical_notices(values: Mapping[str, object], code_book: CodeBook | None = None) -> list[str]:
    """Return one sentence for each value that is there but counts as missing, because its code is no answer or no read.

    Some of those codes tell of a cancer found before the screen: to pass them on would tell the network the outcome.
    """
    notices = []
    for variable in (code_book or nlst_code_book()).variables:
        code = _number(variable, values.get(variable.name))
        if code is not None and code in variable.missing:
            notices.append(
                f"{variable.name} = {code:g} ({variable.codes[int(code)]}) is no value to learn from: taken as missing"
            )
    return notices


def clinical_numbers(values: Mapping[str, object], code_book: CodeBook | None = None) -> dict[str, float]:
    """Return the values as numbers, as the network's tokens read them; what is missing or unknown is left out.

    Args:
        values: codes by variable name, as of :func:`encode_clinical`.
        code_book: None is this installation's.

    Raises:
        BundleError: as :func:`encode_clinical`.
    """
    code_book = code_book or nlst_code_book()
    _check_names(values, code_book)
    numbers = {}
    for variable in code_book.variables:
        number = _number(variable, values.get(variable.name))
        if number is not None and _token(variable, number) >= SPECIAL_TOKENS:
            numbers[variable.name] = number
    return numbers


def missing_variables(values: Mapping[str, object], code_book: CodeBook | None = None) -> tuple[Variable, ...]:
    """Return the variables of which a network learns nothing: absent, or with a code that stands for no answer.

    Raises:
        BundleError: as :func:`encode_clinical`.
    """
    code_book = code_book or nlst_code_book()
    tokens = encode_clinical(values, code_book).tolist()
    return tuple(variable for variable, token in zip(code_book.variables, tokens, strict=True) if token == MISSING)


def describe_clinical(values: Mapping[str, object], code_book: CodeBook | None = None) -> dict[str, str]:
    """Return the values in words, by the variables' labels, e.g. ``{"Smoking at randomization": "Current smoker"}``."""
    code_book = code_book or nlst_code_book()
    _check_names(values, code_book)
    described = {}
    for variable in code_book.variables:
        number = _number(variable, values.get(variable.name))
        token = _token(variable, values.get(variable.name))
        if number is None or token == MISSING:
            words = "missing" if number is None else f"missing (code {number:g})"
        elif variable.is_number:
            words = f"{number:g} {variable.suffix}"
        else:
            words = variable.codes[int(number)]
            words = f"{words} {variable.suffix}" if token >= SPECIAL_TOKENS and variable.suffix else words
        described[variable.label] = words
    return described


def _check_names(values: Mapping[str, object], code_book: CodeBook) -> None:
    unknown = [name for name in values if name not in code_book.names]
    if unknown:
        raise BundleError(
            f"clinical variable {unknown[0]!r} is no input of the network",
            remedy=f"Remove or rename it; the inputs are {', '.join(code_book.names)}.",
        )


def _token(variable: Variable, value: object) -> int:
    number = _number(variable, value)
    if number is None or number in variable.missing:
        return MISSING
    if number in variable.unknown:
        return UNKNOWN
    if variable.is_number:
        return SPECIAL_TOKENS + bisect_right(variable.bin_starts, number)
    return SPECIAL_TOKENS + variable.categories.index(int(number))


def _number(variable: Variable, value: object) -> float | None:
    """Return the value as a number that the code book explains, or None where it is missing."""
    if is_missing(value):
        return None
    number = _as_float(value)
    known = number is not None and (
        _within(number, variable.limits) if variable.is_number else number in variable.codes
    )
    if not known:
        raise BundleError(
            f"{variable.name} = {value!r} is not in the clinical code book; expected {_expected(variable)}",
            remedy="Correct it, or leave it out if it is not known.",
        )
    return number


def _within(number: float, limits: Sequence[float]) -> bool:
    return limits[0] <= number <= limits[1]


def _as_float(value: object) -> float | None:
    if isinstance(value, bool | np.bool_) or not isinstance(value, str | int | float | np.integer | np.floating):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):  # JSON's integers have no end
        return None
    return number if math.isfinite(number) else None


def _expected(variable: Variable) -> str:
    if variable.is_number:
        lowest, highest = variable.limits
        return f"a number{variable.suffix and f' of {variable.suffix}'} from {lowest:g} to {highest:g}"
    if len(variable.codes) <= len(variable.categories) + 1:
        return ", ".join(f"{code} ({meaning})" for code, meaning in variable.codes.items())
    return "one of " + ", ".join(str(code) for code in sorted(variable.codes))
