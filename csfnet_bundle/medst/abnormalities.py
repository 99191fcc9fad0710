"""NLST's abnormality table (ctab): what the screening record says of a nodule in one year."""

from __future__ import annotations

from pathlib import Path

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst.sentences import DIAMETERS, NODULE_FIELDS
from csfnet_bundle.records.rows import Row, parse_rows

NODULE_CODE = 51
"""sct_ab_desc: non-calcified nodule or mass of at least 4 mm."""
YEAR = "study_yr"
KEYS = ("pid", YEAR, "sct_ab_desc")

NoduleRow = dict[str, object]
NoduleTable = dict[tuple[str, int], list[NoduleRow]]


def read_nodules(path: Path) -> NoduleTable:
    """Return the nodules' rows by participant and study year; of their columns those that may become text.

    Args:
        path: the table as NLST gives it out, a CSV; it has outcomes too, which are not looked at.

    Raises:
        BundleError: no such table, a column that is not there, or a cell that is no number, with its row.
    """
    if not path.is_file():
        raise BundleError(
            f"there is no abnormality table {path}",
            remedy="Put NLST's ctab file there; `python -m csfnet_bundle phantom` makes one for phantoms.",
        )
    nodules: NoduleTable = {}
    for row in filter(None, parse_rows(path, (*KEYS, *NODULE_FIELDS), _nodule)):
        (participant, year), values = row
        nodules.setdefault((participant, year), []).append(values)
    return nodules


def _nodule(row: Row) -> tuple[tuple[str, int], NoduleRow] | None:
    if row.optional_number("sct_ab_desc") != NODULE_CODE:
        return None
    values: NoduleRow = {name: row.optional_number(name) for name in NODULE_FIELDS}
    for name in DIAMETERS:
        if values[name] == 0:  # no nodule has none: it was not measured
            values[name] = None
    return (row.name("pid"), row.whole(YEAR)), values
