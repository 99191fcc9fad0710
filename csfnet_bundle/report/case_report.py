"""The report of one case: one self-contained HTML page."""

from __future__ import annotations

from datetime import date as Date
from pathlib import Path

from csfnet_bundle.report.case import Case
from csfnet_bundle.report.case_images import CaseImages
from csfnet_bundle.report.case_picture import column_png
from csfnet_bundle.report.file_names import file_stem
from csfnet_bundle.report.page import data_uri, write_page
from csfnet_bundle.report.panels import LUNG_LEVEL, LUNG_WIDTH, SCALE_BAR_MM, Column, full_colour_share
from csfnet_bundle.report.words import (
    NOT_A_DEVICE,
    attention_focus,
    days,
    decision,
    growth,
    meaning,
    percent,
    signed,
    trained_on,
)

GROWTH_SOURCE = (
    "Diameters are those in the datalist, not measured by the network. Volume doubling time = interval × ln 2 / "
    "(3 ln(d1 / d0)), for a ball that grows at a steady rate."
)


def write_case_report(folder: Path, case: Case, images: CaseImages) -> Path:
    """Write the report of a case as ``SUBJECT_NODULE.html`` and return its path.

    Args:
        folder: made if absent; a report of the same pair in it is replaced in one step.
        case: the prediction and what is known about the pair.
        images: what the network saw, and its attention.
    """
    path = folder / f"{file_stem(case.subject, case.nodule)}.html"
    write_page(
        path,
        "case.html",
        {
            "title": f"Nodule {case.nodule} of patient {case.subject}",
            "subtitle": _subtitle(case),
            "not_a_device": NOT_A_DEVICE,
            "trained_on": trained_on(case.weights),
            "percent": percent(case.probability),
            "probability": f"{case.probability:.3f}",
            "probability_value": case.probability,
            "threshold_value": case.weights.threshold,
            "scale_alt": f"Probability {percent(case.probability)} on a line from 0 to 100 %. {decision(case)}",
            "decision": decision(case),
            "truth": {None: "", 0: "benign", 1: "malignant"}[case.label],
            "meaning": meaning(case),
            "columns": [_column(column, case, images) for column in Column],
            "legend": _legend(images),
            "attention_notes": _attention_notes(images),
            "growth_rows": _growth_rows(case),
            "growth": growth(case),
            "growth_source": GROWTH_SOURCE,
            "inputs": _inputs(case),
            "missing_note": _missing_note(case),
            "findings": case.findings,
            "origin_rows": _origin_rows(case),
        },
    )
    return path


def _subtitle(case: Case) -> str:
    dates = f"t0 {_day(case.date_t0)}, t1 {_day(case.date_t1)}" if case.prior else f"t1 {_day(case.date_t1)}, no t0"
    return dates if case.interval_days is None else f"{dates}, {days(case.interval_days)} apart"


def _day(day: Date | None) -> str:
    return "date unknown" if day is None else day.isoformat()


def _column(column: Column, case: Case, images: CaseImages) -> dict[str, object]:
    entry: dict[str, object] = {"wide": column is Column.ATTENTION, "png": ""}
    sections = "Axial, coronal and sagittal section through the nodule point of"
    if column is Column.T0:
        entry |= {"heading": "t0", "detail": _day(case.date_t0) if case.prior else "no scan"}
        entry["alt"] = f"{sections} the earlier scan" if case.prior else "No prior scan. The network saw t1 twice."
    elif column is Column.T1:
        entry |= {"heading": "t1", "detail": _day(case.date_t1), "alt": f"{sections} the later scan"}
    else:
        entry |= {"heading": "Where the network looked", "detail": "attention over t1"}
        entry["alt"] = "This network gives no attention map."
        if images.highest_share is not None:
            entry["alt"] = f"{sections} t1 with the attention in amber. {attention_focus(images.highest_share)}"
    shown = case.prior if column is Column.T0 else column is Column.T1 or images.attention is not None
    if shown:
        entry["png"] = data_uri(column_png(column, images))
    return entry


def _legend(images: CaseImages) -> str:
    size = " × ".join(f"{n * mm:g}" for n, mm in zip(images.size[::-1], images.spacing[::-1], strict=True))
    return (
        f"Lung window: level {signed(LUNG_LEVEL)} HU, width {LUNG_WIDTH:.0f} HU. White bar: {SCALE_BAR_MM:.0f} mm; all "
        f"panels have the same scale. Shown is all that the network saw: {size} mm around the nodule point, at which "
        f"the marks at the edges point. R, L: the patient's right and left; A, P: front and back; S: towards the head."
    )


def _attention_notes(images: CaseImages) -> list[str]:
    if images.highest_share is None or images.cell_mm is None:
        return []
    cells = " × ".join(f"{mm:g}" for mm in images.cell_mm[::-1])
    return [
        f"Attention: amber begins at the average cell and is full at {full_colour_share(images):.1f} times it; clear "
        f"means average or less. {attention_focus(images.highest_share)} The network weighs cells {cells} mm apart, so "
        "the map is coarse and smoothed for display.",
        "It shows which places the network weighed most when it joined the images with the clinical values. It "
        "outlines nothing and is no reason for the probability.",
    ]


def _growth_rows(case: Case) -> list[tuple[str, str]]:
    def millimetres(value: float | None) -> str:
        return "not known" if value is None else f"{value:.1f} mm"

    doubling = case.doubling_time_days
    interval = "not known" if case.interval_days is None else days(case.interval_days)
    return [
        ("Diameter at t0", millimetres(case.diameter_t0_mm)),
        ("Diameter at t1", millimetres(case.diameter_t1_mm)),
        ("Interval", interval),
        ("Volume doubling time", "none" if doubling is None or doubling < 0 else days(doubling)),
    ]


def _inputs(case: Case) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = [
        {"name": "Scan t0", "value": _day(case.date_t0) if case.prior else "missing", "missing": not case.prior},
        {"name": "Scan t1", "value": _day(case.date_t1), "missing": False},
    ]
    rows += [{"name": name, "value": value, "missing": False} for name, value in case.clinical.items()]
    rows += [{"name": name, "value": "missing", "missing": True} for name in case.missing]
    return rows


def _missing_note(case: Case) -> str:
    missing = [*([] if case.prior else ["Scan t0"]), *case.missing]
    if not missing:
        return "Nothing was missing."
    return f"Missing: {', '.join(missing)}. The network was told that they are missing; nothing was filled in."


def _origin_rows(case: Case) -> list[tuple[str, str]]:
    weights = case.weights
    calibrated = "not known"
    if weights.calibration_pairs is not None:
        calibrated = f"{weights.calibration_pairs} validation pairs"
        if weights.calibration_malignant is not None:
            calibrated += f", {weights.calibration_malignant} of them malignant"
    threshold = "none chosen" if weights.threshold is None else f"{weights.threshold:.3f}"
    return [
        ("Weights", weights.name),
        ("Trained on", weights.trained_on),
        ("Temperature", f"{weights.temperature:.3f}"),
        ("Threshold", threshold),
        ("Temperature and threshold chosen on", calibrated),
        *case.versions.items(),
    ]
