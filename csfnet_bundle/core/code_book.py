"""The clinical code book: which clinical variables a network sees, and which value has which token.

``nlst_codes.json`` beside this file is the one place that names the variables. Their number and sizes, the order of the
network's clinical input and the names that tables and requests may use all follow from it. Training stores the code
book with the weights; whoever uses the weights encodes by the stored one.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from csfnet_bundle.core.errors import BundleError

MISSING = 0
"""Token of a value that is not there."""
UNKNOWN = 1
"""Token of a value that the participant refused or did not know."""
SPECIAL_TOKENS = 2
"""Tokens before the categories: missing and unknown."""
EACH_SCREEN = "0-2"
"""How the NLST dictionary ends the names of columns that are there once for each of the three screens."""


@dataclass(frozen=True)
class Variable:
    """One coded variable.

    Attributes:
        name: the variable's name in the datalist.
        label: its name for people.
        codes: every code of the dictionary and its meaning; empty for a number.
        missing: codes that mean that there is no value.
        unknown: codes that mean that the participant did not say.
        bin_starts: for a number, the lowest value of every bin but the first; empty for codes.
        limits: for a number, the lowest and the highest value that can be true; empty for codes.
        suffix: word that follows the value in a sentence, e.g. ``years``.
        dictionary_variable: the column of the NLST participant table; ``scr_res0-2`` is one column for each screen.
    """

    name: str
    label: str
    codes: Mapping[int, str]
    missing: frozenset[int] = frozenset()
    unknown: frozenset[int] = frozenset()
    bin_starts: tuple[float, ...] = ()
    limits: tuple[float, ...] = ()
    suffix: str = ""
    dictionary_variable: str = ""

    @property
    def is_number(self) -> bool:
        """Whether the variable is a number that is put into bins, and no code."""
        return bool(self.bin_starts)

    @property
    def is_read(self) -> bool:
        """Whether the participant table has a column of it for each screen."""
        return self.dictionary_variable.endswith(EACH_SCREEN)

    @property
    def categories(self) -> tuple[int, ...]:
        """The codes that have a token of their own, ascending."""
        return tuple(sorted(set(self.codes) - self.missing - self.unknown))

    @property
    def size(self) -> int:
        """Number of tokens: missing, unknown, then the categories or bins."""
        return SPECIAL_TOKENS + (len(self.bin_starts) + 1 if self.is_number else len(self.categories))

    @property
    def meaning(self) -> list[Any]:
        """All that decides a value's token, as plain values: two variables that differ here must not be mixed up."""
        codes = [[code, text] for code, text in sorted(self.codes.items())]
        return [
            self.name,
            codes,
            sorted(self.missing),
            sorted(self.unknown),
            [float(start) for start in self.bin_starts],
        ]

    def to_plain(self) -> dict[str, Any]:
        """Return plain values, for JSON; what does not apply is left out."""
        plain: dict[str, Any] = {"name": self.name, "label": self.label}
        if self.is_number:
            plain |= {"bin_starts": list(self.bin_starts), "limits": list(self.limits)}
        else:
            plain["codes"] = {str(code): text for code, text in self.codes.items()}
            plain |= {"missing": sorted(self.missing), "unknown": sorted(self.unknown)}
        further = {"suffix": self.suffix, "dictionary_variable": self.dictionary_variable}
        return plain | {key: text for key, text in further.items() if text}

    @classmethod
    def from_plain(cls, entry: object) -> Variable:
        """Make a variable from what :meth:`to_plain` gave.

        Raises:
            BundleError: an entry that is none; the message names the variable.
        """
        if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str) or not entry["name"].strip():
            raise BundleError(f"an entry of the clinical code book is {entry!r:.80}, expected an object with a name")
        name = entry["name"]
        try:
            codes = {int(code): str(meaning) for code, meaning in dict(entry.get("codes", {})).items()}
            missing, unknown = (frozenset(map(int, entry.get(key, ()))) for key in ("missing", "unknown"))
            bin_starts, limits = (tuple(map(_finite, entry.get(key, ()))) for key in ("bin_starts", "limits"))
        except (TypeError, ValueError) as error:
            raise BundleError(f"its entry cannot be read: {error}", record=f"clinical variable {name}") from None
        variable = cls(
            name=name,
            label=str(entry.get("label", name)),
            codes=codes,
            missing=missing,
            unknown=unknown,
            bin_starts=bin_starts,
            limits=limits,
            suffix=str(entry.get("suffix", "")),
            dictionary_variable=str(entry.get("dictionary_variable", "")),
        )
        if problem := _problem(variable):
            raise BundleError(problem, record=f"clinical variable {name}", remedy="Correct its entry in the code book.")
        return variable


@dataclass(frozen=True)
class CodeBook:
    """The clinical variables in the order in which the network takes them.

    Attributes:
        variables: at least one; names are unique.
    """

    variables: tuple[Variable, ...]

    def __post_init__(self) -> None:
        if not self.variables:
            raise BundleError("the clinical code book has no variable")
        names = self.names
        twice = [name for place, name in enumerate(names) if name in names[:place]]
        if twice:
            raise BundleError(f"the clinical code book has the variable {twice[0]!r} twice", remedy="Name each once.")

    @property
    def names(self) -> tuple[str, ...]:
        """The variables' names: the order of the clinical tensor's last axis."""
        return tuple(variable.name for variable in self.variables)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of tokens of each variable, missing and unknown included."""
        return tuple(variable.size for variable in self.variables)

    @property
    def meaning(self) -> list[Any]:
        """All that decides the tokens of a pair, as plain values; labels and limits are left out."""
        return [variable.meaning for variable in self.variables]

    @property
    def digest(self) -> str:
        """SHA-256 of :attr:`meaning`, hexadecimal."""
        return hashlib.sha256(json.dumps(self.meaning, ensure_ascii=False).encode()).hexdigest()

    def only(self, names: Sequence[str]) -> CodeBook:
        """Return the code book of these variables, in this order; raises KeyError for another name."""
        by_name = {variable.name: variable for variable in self.variables}
        return CodeBook(tuple(by_name[name] for name in names))

    def to_plain(self) -> list[dict[str, Any]]:
        """Return plain values, for JSON: a list, since the order counts."""
        return [variable.to_plain() for variable in self.variables]

    @classmethod
    def from_plain(cls, entries: object) -> CodeBook:
        """Make a code book from what :meth:`to_plain` gave.

        Raises:
            BundleError: other than a list of variables.
        """
        if not isinstance(entries, list | tuple):
            raise BundleError(f"the clinical code book is {type(entries).__name__}, expected a list of variables")
        return cls(tuple(map(Variable.from_plain, entries)))


@cache
def nlst_code_book() -> CodeBook:
    """Return the code book of this installation, which trainings use and store with their weights.

    Raises:
        BundleError: ``nlst_codes.json`` has been edited and an entry of it cannot be read.
    """
    document = json.loads(resources.files(__package__).joinpath("nlst_codes.json").read_text(encoding="utf-8"))
    try:
        return CodeBook.from_plain([{"name": name, **entry} for name, entry in document["variables"].items()])
    except BundleError as error:
        raise error.for_record("nlst_codes.json") from None


def _finite(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no number")
    return value


def _problem(variable: Variable) -> str:
    """Say what is wrong with a variable; empty if nothing is."""
    if bool(variable.codes) == variable.is_number:
        return "expected either codes or bin_starts"
    if variable.is_number:
        starts, limits = variable.bin_starts, variable.limits
        if list(starts) != sorted(set(starts)):
            return f"bin_starts are {list(starts)}, expected ascending numbers"
        if len(limits) != 2 or not limits[0] < starts[0] <= starts[-1] <= limits[1]:
            return f"limits are {list(limits)}, expected the lowest and the highest value, around bin_starts"
        return ""
    if strange := (variable.missing | variable.unknown) - set(variable.codes):
        return f"{min(strange)} is listed as missing or unknown, but is no code"
    if both := variable.missing & variable.unknown:
        return f"code {min(both)} is both missing and unknown"
    return "" if variable.categories else "no code of it is a category"
