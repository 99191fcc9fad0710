"""Cells and sentences that the pages of a benchmark share."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from csfnet_bundle.evaluation.markdown import UNDEFINED, markdown_table

ORDER = {"bound": 0, "network": 1, "reference": 2}
KINDS = {"bound": "best possible", "network": "network", "reference": "no network"}


def headline(document: Mapping[str, Any]) -> str:
    """Return the sentence above the tables: data, folds, seeds, width, ROI, hours, device."""
    data, protocol = document["data"], document["protocol"]
    size = roi_size(protocol)
    spacing = "x".join(f"{number:g}" for number in protocol["roi"]["spacing"])
    folds = "one split" if protocol["folds"] == 1 else f"{protocol['folds']} folds by patient"
    kind = "**Phantoms, not patients**" if data["phantom"] else "Patients"
    reads = "" if protocol["reads"] else ", without the radiologists' reads"
    return (
        f"{kind}: {data['name']}, {data['pairs']} pairs of {data['patients']} patients, {data['malignant']} malignant; "
        f"{folds}, {protocol['seeds']} seed(s) averaged, width {protocol['width']:g}, ROI {size} at {spacing} mm"
        f"{reads}; {protocol['epochs']} epochs, epoch and threshold from validation; {protocol['fits']} fits, "
        f"{protocol['hours']:.2f} hours on {', '.join(protocol['device'])}. Made by `{document['command']}`."
    )


def roi_size(protocol: Mapping[str, Any]) -> str:
    """Return the ROI's voxels along (D, H, W), as a sentence names them."""
    return "x".join(f"{voxels:g}" for voxels in protocol["roi"]["size"])


def finding_rows(
    document: Mapping[str, Any], systems: Mapping[str, Any], seeds: Mapping[str, Sequence[float]]
) -> list[list[str]]:
    """Return for every system its name, kind, area, each seed's area, difference to the reference and p-value.

    Bounds come first, then networks, then what needs none.

    Args:
        document: a results.json.
        systems: rows of a comparison in it.
        seeds: the area of each seed of the networks, on the same pairs.
    """
    kinds = document["kinds"]
    return [
        [
            name,
            KINDS[kinds[name]],
            interval(row, "auc", "auc_bootstrap"),
            seed_areas(seeds.get(name, ())),
            difference(row),
            p_value(row["p_holm"]),
        ]
        for name, row in sorted(systems.items(), key=lambda item: ORDER[kinds[item[0]]])
    ]


def failed_markdown(document: Mapping[str, Any]) -> list[str]:
    """Return the fits that failed and why; perhaps nothing."""
    rows = [[name, why] for name, why in document.get("failed", {}).items()]
    if not rows:
        return []
    text = "Fits that failed. Their seed is left out of the average; a system without a whole seed is in no table."
    return [f"{text}\n\n{markdown_table(['fit', 'why'], rows)}"]


def interval(row: Mapping[str, Any], name: str, limits: str = "") -> str:
    """Return a value with its 95 % interval, where it has one."""
    value, lower, upper = row[name], row[f"{limits or name}_lower"], row[f"{limits or name}_upper"]
    if value is None or lower is None or upper is None:
        return number(value)
    return f"{value:.3f} ({lower:.3f} to {upper:.3f})"


def difference(row: Mapping[str, Any]) -> str:
    """Return a difference with its sign and its 95 % interval, where it has one."""
    if row["difference"] is None:
        return UNDEFINED
    if row["difference_lower"] is None or row["difference_upper"] is None:
        return f"{row['difference']:+.3f}"
    return f"{row['difference']:+.3f} ({row['difference_lower']:+.3f} to {row['difference_upper']:+.3f})"


def seed_areas(seeds: Sequence[float]) -> str:
    """Return the area of each seed."""
    return ", ".join(f"{area:.3f}" for area in seeds) or UNDEFINED


def number(value: float | None) -> str:
    """Return a number of three decimals."""
    return UNDEFINED if value is None else f"{value:.3f}"


def p_value(value: float | None) -> str:
    """Return a p-value; the digits of a small one depend on tails that no test gets right."""
    return UNDEFINED if value is None else "<0.001" if value < 0.001 else f"{value:.3f}"


def plain_rows(table: pd.DataFrame) -> dict[str, Any]:
    """Return a table's rows by name as a results.json has them: six decimals, None where there is no number."""
    rows: dict[str, Any] = json.loads(table.to_json(orient="index", double_precision=6))
    return rows


def frame(plain: Mapping[str, Any], name: str) -> pd.DataFrame:
    """Return rows of a results.json as the table that they were."""
    return pd.DataFrame.from_dict(dict(plain), orient="index").astype(float).rename_axis(name)
