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
from csfnet_bundle.cohorts.nlst.stmixer import read_stmixer
from csfnet_bundle.cohorts.splits import DEFAULT_SHARES
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records.rows import PLAIN, TableFormat


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
        workers: processes that look at images.
        rois: the ROI store that stands for images which are not kept; None where they are.
        format: how a table of the source csv is written.
        growth: for stmixer, the table of growth classes, whose classes are the labels.
        label_per_pair: a nodule's label may differ between its scans; a pair has that of its t1.
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
    workers: int = 1
    rois: Path | None = None
    format: TableFormat = PLAIN
    growth: Path | None = None
    label_per_pair: bool = False

    def __post_init__(self) -> None:
        if self.growth is not None and self.source != "stmixer":
            raise BundleError(f"--growth is for the source stmixer, not for {self.source}", remedy="Leave it out.")
        if (self.format != PLAIN or self.label_per_pair) and self.source != "csv":
            raise BundleError(
                f"--columns, --decimal_comma and --label_per_pair are for the source csv, not for {self.source}",
                remedy="Leave them out.",
            )


SOURCES: Mapping[str, Callable[[CohortOptions], list[Sighting]]] = MappingProxyType(
    {
        "nlstx": lambda options: read_nlstx(options.table),
        "luna25": lambda options: read_luna25(options.table),
        "stmixer": lambda options: read_stmixer(options.table, options.growth),
        "csv": lambda options: read_custom(options.table, options.format),
    }
)
"""Tables of positions by name, and what reads them."""
