"""What measuring was asked to reach, beside what it reaches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from csfnet_bundle.evaluation.markdown import UNDEFINED, markdown_table
from csfnet_bundle.studies.measuring.cells import extent, number, percent
from csfnet_bundle.studies.measuring.evaluating import TAKEN, THRESHOLD
from csfnet_bundle.studies.measuring.summary import GROWTH

REACHED = {True: "yes", False: "**no**", None: "all are flagged"}
"""Where every nodule is flagged there is nothing left to be wrong, which is no success."""


def targets_markdown(document: Mapping[str, Any]) -> str:
    """Return the table of what was asked for, what was measured, and whether it is reached."""
    summary = document["summary"]
    readers, old = summary["readers"]["all"]["methods"][TAKEN], summary["readers"]["all"]["methods"][THRESHOLD]
    sure = summary["readers"]["unflagged"]["methods"][TAKEN]
    network = document["network"]
    drawn, types = summary["drawn"], summary["drawn"]["types"]
    solid, old_solid = (types["solid"]["methods"][name]["within_25"] for name in (TAKEN, THRESHOLD))
    consensus = [row for row in summary["series"] if row["consensus_mm3"]]
    ratios = [row["volumes_mm3"].get(TAKEN, 0.0) / row["consensus_mm3"] for row in consensus]
    single = [row for row in summary["series"] if not row["consensus_mm3"]]
    follow = [
        found / float(ratio) - 1 for ratio, methods in summary["followups"]["ratios"].items()
        for found in methods.get(GROWTH, ())
    ]  # fmt: skip
    again = [abs(found - 1) for found in summary["followups"]["ratios"].get("1", {}).get(GROWTH, ())]
    off = types["part-solid"]["unflagged_off"]
    click = drawn["clicks"]["2"]
    rows: list[tuple[str, str, str, str, bool | None]] = [
        ("Dice against readers, median", ">= .80", number(readers["dice_median"], 2), number(old["dice_median"], 2),
         readers["dice_median"] >= 0.8),
        ("Dice < .5", "<= 5 %", percent(readers["dice_low"]), percent(old["dice_low"]), readers["dice_low"] <= 0.05),
        ("volume within 25 %", ">= 62 %", percent(readers["within_25"]), percent(old["within_25"]),
         readers["within_25"] >= 0.62),
        ("the same, unflagged", ">= 68 %", percent(sure.get("within_25")), UNDEFINED, sure.get("within_25", 0) >= 0.68),
        ("volume > 2 x", "<= 3 %", percent(readers["over_2"]), percent(old["over_2"]), readers["over_2"] <= 0.03),
        ("r of diameters", ">= .96", number(readers["r_diameter"], 3), number(old["r_diameter"], 3),
         readers["r_diameter"] >= 0.96),
        ("whole series, V / consensus", ".55-1.3", extent(ratios), UNDEFINED,
         all(0.55 <= ratio <= 1.3 for ratio in ratios)),
        ("the nodule of one reader", "flagged", ", ".join(_said(row) for row in single), UNDEFINED,
         all(row.get("refused") or row["flags"] for row in single)),
        ("simulated follow-ups, largest error of the ratio", "<= 10 %", percent(max(map(abs, follow), default=None)),
         UNDEFINED, bool(follow) and max(map(abs, follow)) <= 0.1),
        ("unchanged follow-ups, largest change", "<= 5 %", percent(max(again, default=None)), UNDEFINED,
         bool(again) and max(again) <= 0.05),
        ("drawn solid nodules within 25 %", ">= 85 %", percent(solid), percent(old_solid), solid >= 0.85),
        ("clicks 2 mm off: > 25 % off and unflagged", "0", f"{click['unflagged_off']} of {click['unflagged']}",
         UNDEFINED,
         click["unflagged_off"] == 0 if click["unflagged"] else None),
        ("drawn part-solid nodules outside of .8-1.2 and unflagged", "0",
         f"{len(off)} of {types['part-solid']['unflagged']}", UNDEFINED,
         not off if types["part-solid"]["unflagged"] else None),
        ("processor seconds a nodule, median", "< 2", number(summary["seconds"]["median"], 1), UNDEFINED,
         summary["seconds"]["median"] < 2),
        ("file", "< 2 MB", f"{network['bytes'] / 1e6:.2f} MB", UNDEFINED, network["bytes"] < 2e6),
    ]  # fmt: skip
    cells = [(*row[:4], REACHED[row[4]]) for row in rows]
    return markdown_table(("figure", "asked for", "measured", "version 0.1", "reached"), cells)


def _said(row: Mapping[str, Any]) -> str:
    return str(row.get("refused") or ", ".join(row["flags"]) or "not flagged")
