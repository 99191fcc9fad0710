"""How much of the structure at the click is taken for the nodule where a scan ends near it: tried, and the table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.evaluation.markdown import markdown_table
from csfnet_bundle.nodule.beyond_scan import REACH
from csfnet_bundle.nodule.measurement import MEASURING_VERSION
from csfnet_bundle.nodule.segmentation import Method, segment_without_network
from csfnet_bundle.studies.measuring.agreement import ratio_figures
from csfnet_bundle.studies.measuring.cases import Case
from csfnet_bundle.studies.measuring.cells import number, percent
from csfnet_bundle.studies.measuring.choices import choice_cases

REACHES = (1.0, 1.2, 1.4, 2.0)
METHODS = (Method.CLASSICAL, Method.NECK_CUTTING)


def reach_rows(volumes: Path, out: Path, held_out: int, count: int) -> list[dict[str, Any]]:
    """Return for each volume and reach the volumes of the methods without network; after an interruption it resumes.

    Args:
        volumes: LIDC's nodule volumes.
        out: for what is made on the way.
        held_out: fold whose patients are not looked at.
        count: volumes.
    """
    rows = []
    with progress_bar("trying what lies beyond the scan", count * len(REACHES)) as advance:
        for reach in REACHES:
            for case in choice_cases(volumes, out / "unpacked", held_out, count, reach):
                file = out / f"choices-{MEASURING_VERSION}" / f"reach_{reach:g}" / f"{case.name}.json"
                if not file.is_file():
                    write_atomically(file, json.dumps({"reach": reach, **_row(case)}) + "\n")
                rows.append(json.loads(file.read_text(encoding="utf-8")))
                advance(1)
    return rows


def _row(case: Case) -> dict[str, Any]:
    loaded = case.load()
    found = segment_without_network(loaded.cube)
    volumes = {method.value: round(found[method].volume_mm3, 2) if method in found else 0.0 for method in METHODS}
    return {"name": case.name, "true_mm3": round(loaded.true_volume_mm3, 2), "mm3": volumes}


def reaches_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the table of the reaches."""
    lines = []
    for reach in sorted({float(row["reach"]) for row in rows}):
        own = [row for row in rows if row["reach"] == reach]
        cells = [f"{reach:g}{' (taken)' if reach == REACH else ''}"]
        for method in METHODS:
            figures = ratio_figures(np.array([row["mm3"][method.value] / row["true_mm3"] for row in own]))
            cells.append(number(figures["ratio_median"], 2))
            cells += [percent(figures[key]) for key in ("within_25", "over_2", "under_half")]
        lines.append(cells)
    columns = ("V / readers", "within 25 %", "> 2 x", "< .5 x")
    head = ["reach, radii", *(f"{method.value}: {column}" for method in METHODS for column in columns)]
    count = len({row["name"] for row in rows})
    return f"{count} volumes.\n\n{markdown_table(head, lines)}"
