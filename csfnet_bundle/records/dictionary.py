"""The codes of the NLST participant variables that the network may see, as the NLST dictionary publishes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

MISSING = 0
"""Token of a value that is not there."""
UNKNOWN = 1
"""Token of a value that the participant refused or did not know."""
SPECIAL_TOKENS = 2
"""Tokens before the categories: missing and unknown."""


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
        suffix: word that follows the value in a sentence, e.g. ``years``.
    """

    name: str
    label: str
    codes: Mapping[int, str]
    missing: frozenset[int]
    unknown: frozenset[int]
    bin_starts: tuple[int, ...]
    suffix: str

    @property
    def is_number(self) -> bool:
        """Whether the variable is a number that is put into bins, and no code."""
        return bool(self.bin_starts)

    @property
    def categories(self) -> tuple[int, ...]:
        """The codes that have a token of their own, ascending."""
        return tuple(sorted(set(self.codes) - self.missing - self.unknown))

    @property
    def size(self) -> int:
        """Number of tokens: missing, unknown, then the categories or bins."""
        return SPECIAL_TOKENS + (len(self.bin_starts) + 1 if self.is_number else len(self.categories))


@cache
def load_dictionary() -> Mapping[str, Variable]:
    """Return the six variables by name, in the order that the network takes them."""
    document = json.loads(resources.files(__package__).joinpath("nlst_codes.json").read_text(encoding="utf-8"))
    return {
        name: Variable(
            name=name,
            label=entry["label"],
            codes={int(code): meaning for code, meaning in entry["codes"].items()},
            missing=frozenset(entry["missing"]),
            unknown=frozenset(entry["unknown"]),
            bin_starts=tuple(entry.get("bin_starts", ())),
            suffix=entry.get("suffix", ""),
        )
        for name, entry in document["variables"].items()
    }
