"""Clinical values of one pair, from NLST codes to the tokens that the network embeds, and to words.

The tokens of a variable are 0 = missing, 1 = unknown, then its categories in ascending order of their codes. They come
from the published dictionary alone: nothing is fitted on data, so a code means the same in every cohort. `scr_res0` and
`scr_iso0` hold the reads of the pair's t0 screen, whichever screen of the trial that is.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records.dictionary import MISSING, SPECIAL_TOKENS, UNKNOWN, Variable, load_dictionary

CLINICAL_VARIABLES: tuple[str, ...] = tuple(load_dictionary())
"""race, cigsmok, gender, age, scr_res0, scr_iso0: the order of the clinical tensor's last axis."""
VOCABULARY_SIZES: tuple[int, ...] = tuple(variable.size for variable in load_dictionary().values())
"""Number of tokens of each variable, missing and unknown included."""
MAXIMUM_AGE = 120
"""Years. No participant is older; a higher number is another column or a typing error."""
_SAS_MISSING = re.compile(r"\.[A-Z_]?")
"""How the published tables write a missing value: a dot, alone or with a letter (.M missing, .N not applicable)."""


def encode_clinical(values: Mapping[str, object]) -> NDArray[np.int64]:
    """Return the tokens of a pair's clinical values, int64, shape (6,), in the order of ``CLINICAL_VARIABLES``.

    Args:
        values: NLST codes by variable name, as numbers or text (``1``, ``1.0`` and ``"1"`` are the same). A variable
            that is absent, None, NaN, blank, or ``.M`` and the like is missing.

    Raises:
        BundleError: a variable that the network does not have, or a value that no code explains.
    """
    _check_names(values)
    return np.array([_token(variable, values.get(name)) for name, variable in load_dictionary().items()], np.int64)


def is_missing(value: object) -> bool:
    """Tell whether a table's cell holds no value: None, NaN, blank, or a dot with or without a letter."""
    if isinstance(value, str):
        text = value.strip()
        return not text or text.casefold() in {"nan", "na", "n/a", "none"} or bool(_SAS_MISSING.fullmatch(text.upper()))
    if isinstance(value, float | np.floating):
        return math.isnan(value)
    # pandas' missing marks (NA, NaT) are no numbers; both are unequal to themselves or refuse to compare.
    return value is None or type(value).__name__ in {"NAType", "NaTType"}


def clinical_notices(values: Mapping[str, object]) -> list[str]:
    """Return one sentence for each value that is there but counts as missing, because its code is no answer or no read.

    Some of those codes tell of a cancer found before the screen: to pass them on would tell the network the outcome.
    """
    notices = []
    for name, variable in load_dictionary().items():
        code = _number(variable, values.get(name))
        if code is not None and code in variable.missing:
            notices.append(
                f"{name} = {code:g} ({variable.codes[int(code)]}) is no value to learn from: taken as missing"
            )
    return notices


def describe_clinical(values: Mapping[str, object]) -> dict[str, str]:
    """Return the values in words, by the variables' labels, e.g. ``{"Smoking at randomization": "Current smoker"}``."""
    _check_names(values)
    described = {}
    for name, variable in load_dictionary().items():
        number = _number(variable, values.get(name))
        token = _token(variable, values.get(name))
        if number is None or token == MISSING:
            words = "missing" if number is None else f"missing (code {number:g})"
        elif variable.is_number:
            words = f"{number:g} {variable.suffix}"
        else:
            words = variable.codes[int(number)]
            words = f"{words} {variable.suffix}" if token >= SPECIAL_TOKENS and variable.suffix else words
        described[variable.label] = words
    return described


def _check_names(values: Mapping[str, object]) -> None:
    unknown = [name for name in values if name not in CLINICAL_VARIABLES]
    if unknown:
        raise BundleError(
            f"clinical variable {unknown[0]!r} is no input of the network",
            remedy=f"Remove or rename it; the inputs are {', '.join(CLINICAL_VARIABLES)}.",
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
    """Return the value as the number that the dictionary (or the range of ages) has, or None where it is missing."""
    if is_missing(value):
        return None
    number = _as_float(value)
    known = number is not None and (0 < number <= MAXIMUM_AGE if variable.is_number else number in variable.codes)
    if not known:
        raise BundleError(
            f"{variable.name} = {value!r} is not in the NLST dictionary; expected {_expected(variable)}",
            remedy="Correct it, or leave it out if it is not known.",
        )
    return number


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
        return f"a number of {variable.suffix} above 0 and at most {MAXIMUM_AGE}"
    if len(variable.codes) <= len(variable.categories) + 1:
        return ", ".join(f"{code} ({meaning})" for code, meaning in variable.codes.items())
    return "one of " + ", ".join(str(code) for code in sorted(variable.codes))
