"""The page that links the cases of a run over a table of pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from csfnet_bundle.core.alarm import alarms
from csfnet_bundle.report.numbers import cubic_millimetres, interval, metric, ratio
from csfnet_bundle.report.page import write_page
from csfnet_bundle.report.words import NOT_A_DEVICE


@dataclass(frozen=True)
class ListedCase:
    """A case of the list.

    Attributes:
        row: its number in the table.
        page: its case page, relative to the list's.
        cells: its row of the results.
        patient_page: the page of all nodules of the patient, relative to the list's; None where it is the only one.
    """

    row: int
    page: str
    cells: Mapping[str, object]
    patient_page: str | None = None


def write_list_page(
    path: Path, cases: Sequence[ListedCase], failed: Sequence[tuple[int, str]], *, waiting: int, trained_on: str
) -> None:
    """Write the page in one step.

    Args:
        path: the HTML file.
        cases: those predicted, the most probable first on the page.
        failed: number and reason of each row that was left out.
        waiting: rows that an interrupted run did not come to.
        trained_on: what the weights were trained on.
    """
    ordered = sorted(cases, key=lambda case: -_number(case.cells["probability"]))
    write_page(
        path,
        "list.html",
        {
            "title": f"{len(cases)} predicted {'nodule' if len(cases) == 1 else 'nodules'}",
            "not_a_device": NOT_A_DEVICE,
            "trained_on": f"Weights trained on: {trained_on}.",
            "cases": [_shown(case) for case in ordered],
            "failed": failed,
            "waiting": waiting,
            "caveats": sorted({str(case.cells["caveat"]) for case in cases if case.cells.get("caveat")}),
        },
    )


def _shown(case: ListedCase) -> dict[str, object]:
    cells = case.cells
    low, high = cells.get("probability_clicks_lowest"), cells.get("probability_clicks_highest")
    change = cells.get("volume_ratio")
    volume = cells.get("t1_volume_mm3")
    return {
        "row": case.row,
        "page": case.page,
        "patient_page": case.patient_page,
        "subject": cells["subject"],
        "nodule": cells["nodule"],
        "probability": metric(_number(cells["probability"])),
        "band": "" if low is None else interval(_number(low), _number(high)),
        "class": cells["class"],
        "dates": " to ".join(str(date) for date in (cells.get("t0_date"), cells.get("t1_date")) if date),
        "volume": "" if volume is None else cubic_millimetres(_number(volume)),
        "growth": "" if change is None else f"x {ratio(_number(change))}, {cells.get('growth')}",
        "alarms": len(alarms(str(cells.get("findings", "")).split("\n"))),
    }


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
