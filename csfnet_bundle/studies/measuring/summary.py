"""From the rows of the study to the figures of its page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from csfnet_bundle.nodule.flags import FlagCode
from csfnet_bundle.nodule.segmentation import Method
from csfnet_bundle.studies.measuring import drawn_nodules, reader_boxes, whole_series
from csfnet_bundle.studies.measuring.agreement import CLOSE, Row, agreement, share_of, volume_of
from csfnet_bundle.studies.measuring.change_limits import held_limits, measured_change
from csfnet_bundle.studies.measuring.combining import combining
from csfnet_bundle.studies.measuring.evaluating import TAKEN, THRESHOLD

METHODS = (THRESHOLD, Method.NECK_CUTTING.value, Method.CLASSICAL.value, Method.NETWORK.value, TAKEN)
GROWTH = "growth"
"""What is shown: the median of the methods' ratios."""
OF_BOXES = {FlagCode.CUT_BY_SCAN.value}
"""Flags that a tight box raises by itself: a whole scan does not end at the nodule."""
SUBSOLID_BELOW = 4
CHANGING = ("solid", "part-solid")
"""Of ground glass no growth is given."""


def summarize(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the figures of every part of the study."""
    parts: dict[str, list[Row]] = {}
    for row in rows:
        parts.setdefault(row["part"], []).append(row)
    return {
        "readers": _readers(parts[reader_boxes.PART]),
        "combining": combining(parts[reader_boxes.PART]),
        "series": [_series_row(row) for row in parts[whole_series.PART]],
        "followups": _followups(parts[whole_series.PART], parts[whole_series.FOLLOWUP_PART]),
        "drawn": _drawn(parts),
        "seconds": _quantiles([row["seconds"] for row in parts[reader_boxes.PART]]),
    }


def _readers(rows: Sequence[Row]) -> dict[str, Any]:
    groups = {
        "all": rows,
        "solid": [row for row in rows if row["texture"] >= SUBSOLID_BELOW],
        "subsolid": [row for row in rows if row["texture"] < SUBSOLID_BELOW],
    }
    figures: dict[str, Any] = {
        group: {"volumes": len(chosen), "methods": {name: agreement(chosen, name) for name in METHODS}}
        for group, chosen in groups.items()
    }
    unflagged = [row for row in rows if not doubtful(row, ignore=OF_BOXES)]
    figures["unflagged"] = {
        "volumes": len(unflagged),
        "methods": {name: agreement(unflagged, name) for name in METHODS},
    }
    figures["flags"] = _flag_counts(rows)
    return figures


def doubtful(row: Row, ignore: Iterable[str] = ()) -> bool:
    """Say whether a measurement was refused or flagged."""
    return "refused" in row or bool(set(row["flags"]) - set(ignore))


def _series_row(row: Row) -> dict[str, Any]:
    keep = ("name", "readers", "consensus_mm3", "volumes_mm3", "flags", "refused", "attenuation", "mean_diameter_mm")
    return {key: row[key] for key in keep if key in row}


def _followups(before: Sequence[Row], after: Sequence[Row]) -> dict[str, Any]:
    first = {row["name"]: row for row in before}
    table: dict[str, dict[str, list[float]]] = {}
    held, said = [], []
    for row in after:
        start = first[row["nodule"]]
        ratios = table.setdefault(f"{row['ratio']:g}", {})
        for method in METHODS:
            if volume_of(start, method) > 0:
                ratios.setdefault(method, []).append(round(volume_of(row, method) / volume_of(start, method), 3))
        change = measured_change(start, row, row["ratio"])
        if change is not None:
            found = math.exp(change.log_ratio)
            ratios.setdefault(GROWTH, []).append(round(found, 3))
            held.append(change.is_held)
            said.append({"name": row["name"], "ratio": row["ratio"], "found": found, "sigma": round(change.sigma, 3)})
    return {"ratios": table, "limits_hold": sum(held), "limits_of": len(held), "growth": said}


def _drawn(parts: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    rows = parts[drawn_nodules.PART]
    first = {row["nodule"]: row for row in rows}
    figures: dict[str, Any] = {}
    for kind in drawn_nodules.TYPES:
        chosen = [row for row in rows if row["type"] == kind]
        sure = [row for row in chosen if not doubtful(row)]
        figures[kind] = {
            "nodules": len(chosen),
            "methods": {name: agreement(chosen, name) for name in METHODS},
            "unflagged": len(sure),
            "unflagged_taken": agreement(sure, TAKEN),
            "unflagged_off": [
                {"name": row["name"], "diameter_mm": row["diameter_mm"], "beside": row["beside"],
                 "ratio": round(volume_of(row, TAKEN) / row["true_mm3"], 2)}
                for row in sure if not 0.8 <= volume_of(row, TAKEN) / row["true_mm3"] <= 1.2
            ],
        }  # fmt: skip
    for title, spiculated in (("solid without spicules", False), ("solid with spicules", True)):
        chosen = [row for row in rows if row["type"] == "solid" and row["spiculated"] is spiculated]
        figures[title] = {"nodules": len(chosen), "methods": {name: agreement(chosen, name) for name in METHODS}}
    figures["beside"] = {
        beside: {name: agreement([row for row in rows if row["beside"] == beside], name) for name in METHODS}
        for beside in ("free", "vessel", "wall")
    }
    return {
        "types": figures,
        "clicks": _clicks(rows, parts[drawn_nodules.CLICK_PART]),
        "retest": _log_errors(rows, parts[drawn_nodules.RETEST_PART]),
        "growth": _log_errors(rows, parts[drawn_nodules.GROWTH_PART]),
        "limits": {
            part: {kind: held_limits(first, [row for row in parts[part] if row["type"] == kind]) for kind in CHANGING}
            for part in (drawn_nodules.RETEST_PART, drawn_nodules.GROWTH_PART)
        },
    }


def _clicks(rows: Sequence[Row], moved: Sequence[Row]) -> dict[str, Any]:
    first = {row["nodule"]: row for row in rows}
    figures: dict[str, Any] = {}
    for distance in drawn_nodules.CLICK_DISTANCES_MM:
        chosen = [row for row in moved if row["click_mm"] == distance]
        by_method = {}
        for method in METHODS:
            off = [_is_off(volume_of(row, method), volume_of(first[row["nodule"]], method)) for row in chosen]
            by_method[method] = share_of(np.array(off))
        unflagged = [row for row in chosen if not doubtful(row)]
        off = [_is_off(volume_of(row, TAKEN), volume_of(first[row["nodule"]], TAKEN)) for row in unflagged]
        figures[f"{distance:g}"] = {
            "nodules": len(chosen), "off": by_method, "unflagged": len(unflagged), "unflagged_off": int(sum(off)),
        }  # fmt: skip
    return figures


def _is_off(volume: float, reference: float) -> bool:
    return reference == 0 or abs(volume / reference - 1) > CLOSE


def _log_errors(rows: Sequence[Row], later: Sequence[Row]) -> dict[str, Any]:
    """Return the standard deviation and bias of ln(V1 / V0) about the truth, by method, where both were found."""
    first = {row["nodule"]: row for row in rows}

    def errors(method: str, kind: str) -> list[float]:
        pairs = [(first[row["nodule"]], row) for row in later if row["type"] == kind]
        found = [(a, b) for a, b in pairs if volume_of(a, method) > 0 and volume_of(b, method) > 0]
        return [
            math.log(volume_of(b, method) / volume_of(a, method)) - math.log(b["true_mm3"] / a["true_mm3"])
            for a, b in found
        ]

    figures: dict[str, Any] = {}
    for kind in CHANGING:
        figures[kind] = {}
        for method in METHODS:
            values = np.array(errors(method, kind), np.float64)
            figures[kind][method] = {
                "nodules": len(values),
                "deviation": float(values.std(ddof=1)) if len(values) > 1 else math.nan,
                "bias": float(values.mean()) if len(values) else math.nan,
            }
    return figures


def _flag_counts(rows: Sequence[Row]) -> dict[str, int]:
    counts = {code.value: sum(code.value in row.get("flags", ()) for row in rows) for code in FlagCode}
    return counts | {"refused": sum("refused" in row for row in rows)}


def _quantiles(values: Sequence[float]) -> dict[str, float]:
    return {"median": float(np.median(values)), "largest": float(np.max(values))}
