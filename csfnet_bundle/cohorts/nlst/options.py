"""What a cohort is made from and how: everything that decides which pairs are in it and in which list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from csfnet_bundle.cohorts.nlst.custom import read_custom
from csfnet_bundle.cohorts.nlst.luna25 import read_luna25
from csfnet_bundle.cohorts.nlst.nlstx import read_nlstx
from csfnet_bundle.cohorts.nlst.pairing import Screens
from csfnet_bundle.cohorts.nlst.sighting import Sighting
from csfnet_bundle.cohorts.splits import DEFAULT_SHARES

SOURCES: Mapping[str, Callable[[Path], list[Sighting]]] = MappingProxyType(
    {"nlstx": read_nlstx, "luna25": read_luna25, "csv": read_custom}
)
"""Tables of positions by name, and what reads them."""


@dataclass(frozen=True)
class CohortOptions:
    """Options of a cohort.

    Attributes:
        source: name of the table's kind, a key of ``SOURCES``.
        table: the table of positions.
        participants: the NLST participant table; None leaves clinical values, intervals and exclusions out.
        index: an index file; None takes the one that idc-index-data installed.
        screens: which screens of a nodule make a pair.
        label_within_days: label by lung cancer confirmed within so many days after t1; None takes the source's label.
        skip_refused: leave out and count what is refused, instead of stopping at the first.
        carry_nodules_back: make pairs of nodules seen once too, their place in the earlier scan found by matching.
        seed: of the splits.
        shares: of the patients in training, validation and test.
        folds: number of cross-validation folds written beside the three lists.
    """

    source: str
    table: Path
    participants: Path | None = None
    index: Path | None = None
    screens: Screens = Screens.NEIGHBOURING
    label_within_days: float | None = None
    skip_refused: bool = False
    carry_nodules_back: bool = False
    seed: int = 0
    shares: tuple[float, float, float] = DEFAULT_SHARES
    folds: int = 5
