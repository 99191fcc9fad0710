"""What the page says of one nodule, as plain values for the template."""

from __future__ import annotations

from collections.abc import Mapping

from csfnet_bundle.core.alarm import alarms, notes
from csfnet_bundle.core.files import file_stem
from csfnet_bundle.nodule.guidelines import NoduleFacts, statements
from csfnet_bundle.report.case import Case
from csfnet_bundle.report.case_images import CaseImages
from csfnet_bundle.report.case_maps import maps
from csfnet_bundle.report.case_pictures import groups, legend
from csfnet_bundle.report.measurement_words import (
    growth_sentences,
    measurement_doubts,
    measurement_rows,
    measuring_notes,
    recorded_rows,
)
from csfnet_bundle.report.numbers import metric
from csfnet_bundle.report.scan_pictures import ScanPictures
from csfnet_bundle.report.words import (
    band,
    date_words,
    decision,
    lead,
    meaning,
    percent,
    spread,
    training_data,
    validation_items,
)
from csfnet_bundle.scans.presence import MAY_BE_NEW

SCANS = ("t0", "t1")
NO_CLINICAL = "These weights look at no clinical value."


def identifier_of(nodule: str) -> str:
    """Return the identifier of a nodule within a page, whatever its name."""
    return file_stem("nodule", nodule)


def nodule_heading(nodule: str, probability: float) -> str:
    """Return the heading of a nodule on a page with others."""
    return f"Nodule {nodule}: {percent(probability)}"


def nodule_section(case: Case, images: CaseImages, pictures: Mapping[str, ScanPictures]) -> dict[str, object]:
    """Return the values of the template for one nodule.

    Args:
        case: the prediction and what is known about the pair.
        images: what the network saw, and its maps.
        pictures: of the scans, by name; may be empty.
    """
    facts = None
    if case.measured is not None:
        is_new = any(MAY_BE_NEW in finding for finding in case.findings)
        facts = NoduleFacts.of(case.measured, case.interval_days, is_new=is_new)
    return {
        "id": identifier_of(case.nodule),
        "heading": nodule_heading(case.nodule, case.probability),
        "alarms": alarms(case.findings),
        "notes": notes(case.findings),
        "lead": lead(case.weights),
        "percent": percent(case.probability),
        "probability": metric(case.probability),
        "probability_value": case.probability,
        "threshold_value": case.weights.threshold,
        "band_value": case.band,
        "band": band(case),
        "scale_alt": f"{percent(case.probability)} on a line from 0 to 100 %. {band(case)} {decision(case)}",
        "decision": decision(case),
        "spread": spread(case),
        "truth": {None: "", 0: "benign", 1: "malignant"}[case.label],
        "meaning": meaning(case),
        "groups": groups(case, images, pictures),
        "legend": legend(images, pictures),
        "scans": SCANS if case.prior else SCANS[1:],
        "measurements": measurement_rows(case),
        "measurement_doubts": measurement_doubts(case),
        "growth": growth_sentences(case),
        "measuring_notes": measuring_notes(case),
        "recorded": recorded_rows(case),
        "doubt": "" if case.measured is None else case.measured.doubt,
        "guidelines": () if facts is None else statements(facts),
        "maps": maps(images, case.weights),
        "series": _series_rows(case, pictures),
        "inputs": _inputs(case),
        "missing_note": _missing_note(case),
        "origin_rows": _origin_rows(case),
    }


def _series_rows(case: Case, pictures: Mapping[str, ScanPictures]) -> list[tuple[str, ...]]:
    """Return rows of points and series, one cell for each scan."""
    scans = SCANS if case.prior else SCANS[1:]
    dates = {"t0": case.date_t0, "t1": case.date_t1}
    rows: list[tuple[str, ...]] = [("Date", *(date_words(dates[scan]) for scan in scans))]
    rows.append(("Point", *(case.points.get(scan, "not known") for scan in scans)))
    facts = {scan: dict(pictures[scan].facts) if scan in pictures else {} for scan in scans}
    for name in dict.fromkeys(name for scan in scans for name in facts[scan]):
        rows.append((name, *(facts[scan].get(name, "") for scan in scans)))
    if not any(facts.values()) and case.series:
        rows.append(("Series", *(case.series.get(scan, "no DICOM") for scan in scans)))
    return rows


def _inputs(case: Case) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    if not case.prior:
        rows.append({"name": "Scan t0", "value": "missing", "missing": True})
    rows += [{"name": name, "value": value, "missing": False} for name, value in case.clinical.items()]
    rows += [{"name": name, "value": "missing", "missing": True} for name in case.missing]
    return rows


def _missing_note(case: Case) -> str:
    sentences = [] if case.weights.sees_clinical else [NO_CLINICAL]
    if case.prior and not case.missing:
        return " ".join([*sentences, "Nothing was missing."])
    if not case.prior:
        sentences.append("There was no scan t0; t1 stood in its place.")
    if case.missing:
        sentences.append(f"Missing: {', '.join(case.missing)}. The network was told so; no value was made up.")
    return " ".join(sentences)


def _origin_rows(case: Case) -> list[tuple[str, str]]:
    weights = case.weights
    calibrated = "not known"
    if weights.calibration_pairs is not None:
        calibrated = f"{weights.calibration_pairs} {validation_items(weights)}"
        if weights.calibration_malignant is not None:
            called = "called malignant" if weights.opinion else "malignant"
            calibrated += f", {weights.calibration_malignant} of them {called}"
    threshold = "none chosen" if weights.threshold is None else metric(weights.threshold)
    return [
        ("Weights", weights.name),
        ("Trained on", training_data(weights)),
        ("Temperature", metric(weights.temperature)),
        ("Threshold", threshold),
        ("Temperature and threshold chosen on", calibrated),
        *((f"Series read as {scan}", words) for scan, words in case.series.items()),
        *case.versions.items(),
    ]
