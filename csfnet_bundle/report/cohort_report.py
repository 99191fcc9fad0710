"""The report of a cohort run: one self-contained HTML page made from what an evaluation wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.output import METRICS_NAME
from csfnet_bundle.evaluation.prediction_rows import PREDICTIONS_NAME
from csfnet_bundle.evaluation.predictions import read_predictions
from csfnet_bundle.report.case import Case
from csfnet_bundle.report.case_images import CaseImages
from csfnet_bundle.report.case_pictures import legend, roi_groups
from csfnet_bundle.report.numbers import interval, metric
from csfnet_bundle.report.page import data_uri, write_page
from csfnet_bundle.report.reference import Reference
from csfnet_bundle.report.words import METRIC_WORDS, NOT_A_DEVICE, PLOT_WORDS, growth, percent

REPORT_NAME = "report.html"

NEEDED = frozenset(
    {
        "auc_delong",
        "bootstrap",
        "calibration_intercept",
        "calibration_slope",
        "confusion",
        "data",
        "decision",
        "decision_chosen_on",
        "malignant",
        "metrics",
        "note",
        "pairs",
        "patients",
        "versions",
        "weights",
    }
)
"""Keys of ``metrics.json`` that the report is made of."""

SHOWN_ELSEWHERE = NEEDED | {"calibration_bins", "phantom", "references"}
"""Keys that have their own place in the report or say what it says already; others are listed as provenance."""

SHOWN_ERRORS = 6
"""Errors with pictures in a cohort's report: enough to see a pattern, few enough to be looked at."""


def write_cohort_report(
    folder: Path,
    *,
    references: Sequence[Reference] = (),
    errors: Sequence[tuple[Case, CaseImages]] = (),
) -> Path:
    """Write ``report.html`` beside the files of an evaluation and return its path.

    Args:
        folder: where :func:`csfnet_bundle.evaluation.output.write_evaluation` left metrics.json, predictions.csv and
            the plots; the report shows the plots that are there.
        references: what stands beside the network, the oracle first.
        errors: the worst errors with their pictures, those of
            :func:`csfnet_bundle.report.cohort_report.worst_errors` in its order.

    Raises:
        BundleError: the folder holds no evaluation.
    """
    document = _read_metrics(folder)
    predictions = read_predictions(folder / PREDICTIONS_NAME)
    wrong = len(worst_errors(predictions, len(predictions)))
    path = folder / REPORT_NAME
    write_page(
        path,
        "cohort.html",
        {
            "title": "CSF-Net on a cohort",
            "subtitle": document["data"],
            "not_a_device": NOT_A_DEVICE,
            "trained_on": f"Weights: {document['weights']}. {document['note']}",
            "counts": _counts(document),
            "metrics": _metric_rows(document),
            "metrics_note": _metrics_note(document),
            "references": references,
            "confusion": document["confusion"],
            "calibration_rows": [
                ("Calibration slope (1 is calibrated, below 1 too extreme)", metric(document["calibration_slope"])),
                ("Calibration intercept (0 is calibrated)", metric(document["calibration_intercept"])),
            ],
            "plots": _plots(folder, document),
            "errors": [_error(case, images) for case, images in errors],
            "errors_note": f"{wrong} of {document['pairs']} pairs lie on the wrong side of the threshold.",
            "legend": legend(errors[0][1], {}) if errors else "",
            "provenance": _provenance(document),
        },
    )
    return path


def _read_metrics(folder: Path) -> dict[str, Any]:
    path = folder / METRICS_NAME
    remedy = "Evaluate first: `python -m monai.bundle run evaluating`."
    if not path.is_file():
        raise BundleError(f"there is no {METRICS_NAME}", record=str(folder), remedy=remedy)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BundleError(f"not JSON: {error}", record=str(path), remedy=remedy) from None
    missing = sorted(NEEDED - document.keys()) if isinstance(document, dict) else ["everything"]
    if missing:
        raise BundleError(f"it lacks {', '.join(missing)}", record=str(path), remedy=remedy)
    return document


def _counts(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs, malignant = document["pairs"], document["malignant"]
    return [
        ("Pairs", str(pairs)),
        ("Patients", str(document["patients"])),
        ("Malignant", f"{malignant} ({100 * malignant / pairs:.0f}\N{NO-BREAK SPACE}%)"),
        ("Benign", str(pairs - malignant)),
    ]


def _metric_rows(document: Mapping[str, Any]) -> list[dict[str, object]]:
    """Return a row for each metric; the AUC's has two intervals, each with the way it was made."""
    rows: list[dict[str, object]] = []
    for name, values in document["metrics"].items():
        heading, words = METRIC_WORDS.get(name, (name.replace("_", " "), ""))
        intervals = [("", interval(values["lower"], values["upper"]))]
        if name == "auc":
            delong = document["auc_delong"]
            intervals = [("over patients", intervals[0][1]), ("by DeLong", interval(delong["lower"], delong["upper"]))]
        rows.append({"name": heading, "words": words, "value": metric(values["value"]), "intervals": intervals})
    return rows


def _metrics_note(document: Mapping[str, Any]) -> str:
    bootstrap, decision = document["bootstrap"], document["decision"]
    return (
        f"95 % intervals from {bootstrap['resamples']} resamples of patients: a patient's nodules stay together. "
        "The AUC has a second one by DeLong's method, on the logit scale, which takes pairs as independent: it is the "
        "better of the two with few patients, the first with many nodules of one patient. "
        f"Threshold {metric(decision['threshold'])} and temperature {metric(decision['temperature'])} were chosen on "
        f"{document['decision_chosen_on']}, not on these pairs."
    )


def _plots(folder: Path, document: Mapping[str, Any]) -> list[dict[str, str]]:
    auc = document["metrics"]["auc"]
    alt_ends = {"roc.png": f" AUC {metric(auc['value'])}, 95 % interval {interval(auc['lower'], auc['upper'])}."}
    return [
        {
            "heading": heading,
            "png": data_uri((folder / name).read_bytes()),
            "alt": words + alt_ends.get(name, ""),
        }
        for name, (heading, words) in PLOT_WORDS.items()
        if (folder / name).is_file()
    ]


def _error(case: Case, images: CaseImages) -> dict[str, object]:
    truth = {None: "label unknown", 0: "benign", 1: "malignant"}[case.label]
    return {
        "heading": f"{case.name}: {truth}, predicted {percent(case.probability)}",
        "groups": roi_groups(case, images),
        "growth": growth(case),
        "missing": f"Missing: {', '.join(case.missing)}." if case.missing else "",
        "findings": case.findings,
    }


def _provenance(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    bootstrap = document["bootstrap"]
    return [
        ("Data", document["data"]),
        ("Weights", document["weights"]),
        ("Temperature and threshold chosen on", document["decision_chosen_on"]),
        ("Bootstrap", f"{bootstrap['interval']}, seed {bootstrap['seed']}, unit {bootstrap['unit']}"),
        *_rows_of({name: value for name, value in document.items() if name not in SHOWN_ELSEWHERE}),
        *document["versions"].items(),
    ]


def _rows_of(values: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    """Return plain values of any depth as rows, ``{"checkpoint": {"epoch": 3}}`` as ``checkpoint, epoch``."""
    rows = []
    for name, value in values.items():
        words = f"{above}{name.replace('_', ' ')}"
        if isinstance(value, Mapping):
            rows += _rows_of(value, f"{words}, ")
        else:
            rows.append((words, metric(value) if isinstance(value, float) else str(value)))
    return rows


def worst_errors(predictions: pd.DataFrame, count: int = SHOWN_ERRORS) -> pd.DataFrame:
    """Return the pairs on the wrong side of the threshold, the one furthest from its label first.

    Args:
        predictions: a labelled predictions table with ``probability`` and ``threshold``.
        count: how many at most.

    Returns:
        Rows of ``predictions``, with ``distance`` = |probability - label|. Ties keep the table's order.
    """
    called = predictions["probability"] >= predictions["threshold"]
    wrong = predictions[called != (predictions["label"] == 1)]
    wrong = wrong.assign(distance=(wrong["probability"] - wrong["label"].astype(float)).abs())
    return wrong.sort_values("distance", ascending=False, kind="stable").head(count)
