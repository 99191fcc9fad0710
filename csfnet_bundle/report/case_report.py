"""The report of one case: one self-contained HTML page."""

from __future__ import annotations

from pathlib import Path

from csfnet_bundle.core.files import file_stem
from csfnet_bundle.report.case import Case
from csfnet_bundle.report.case_images import CaseImages
from csfnet_bundle.report.page import write_page
from csfnet_bundle.report.page_columns import legend, page_columns
from csfnet_bundle.report.panels import full_colour_share
from csfnet_bundle.report.words import (
    NOT_A_DEVICE,
    attention_focus,
    date_words,
    days,
    decision,
    growth,
    meaning,
    percent,
    spread,
    trained_on,
    training_data,
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
            "spread": spread(case),
            "truth": {None: "", 0: "benign", 1: "malignant"}[case.label],
            "meaning": meaning(case),
            "columns": page_columns(case, images),
            "legend": legend(images),
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
    dates = f"t0 {date_words(case.date_t0)}, " if case.prior else "no t0, "
    dates += f"t1 {date_words(case.date_t1)}"
    return dates if case.interval_days is None else f"{dates}, {days(case.interval_days)} apart"


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

    return [
        ("Diameter at t0", millimetres(case.diameter_t0_mm)),
        ("Diameter at t1", millimetres(case.diameter_t1_mm)),
        ("Interval", _interval(case)),
        ("Volume doubling time", _doubling_time(case)),
    ]


def _interval(case: Case) -> str:
    if case.interval_days is None:
        return "not known"
    text = days(case.interval_days)
    if case.date_t0 is not None and case.date_t1 is not None:
        between = (case.date_t1 - case.date_t0).days
        if between != round(case.interval_days):
            text += f"; the dates, {days(between)} apart, may have been shifted to hide the patient"
    return text


def _doubling_time(case: Case) -> str:
    if case.diameter_t0_mm is None or case.diameter_t1_mm is None or case.interval_days is None:
        return "not known"
    doubling = case.doubling_time_days
    return "none: the nodule did not grow" if doubling is None or doubling < 0 else days(doubling)


def _inputs(case: Case) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = [
        {"name": "Scan t0", "value": date_words(case.date_t0) if case.prior else "missing", "missing": not case.prior},
        {"name": "Scan t1", "value": date_words(case.date_t1), "missing": False},
    ]
    rows += [{"name": name, "value": value, "missing": False} for name, value in case.clinical.items()]
    rows += [{"name": name, "value": "missing", "missing": True} for name in case.missing]
    return rows


def _missing_note(case: Case) -> str:
    if case.prior and not case.missing:
        return "Nothing was missing."
    sentences = []
    if not case.prior:
        sentences.append("There was no scan t0; t1 stood in its place.")
    if case.missing:
        sentences.append(f"Missing: {', '.join(case.missing)}. The network was told so; no value was made up.")
    return " ".join(sentences)


def _origin_rows(case: Case) -> list[tuple[str, str]]:
    weights = case.weights
    calibrated = "not known"
    if weights.calibration_pairs is not None:
        calibrated = f"{weights.calibration_pairs} validation pairs"
        if weights.calibration_malignant is not None:
            calibrated += f", {weights.calibration_malignant} of them malignant"
    threshold = "none chosen" if weights.threshold is None else f"{weights.threshold:.3f}"
    return [
        *((f"Series read as {scan}", words) for scan, words in case.series.items()),
        ("Weights", weights.name),
        ("Trained on", training_data(weights)),
        ("Temperature", f"{weights.temperature:.3f}"),
        ("Threshold", threshold),
        ("Temperature and threshold chosen on", calibrated),
        *case.versions.items(),
    ]
