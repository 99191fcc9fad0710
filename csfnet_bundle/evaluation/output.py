"""What an evaluation leaves behind: metrics.json, predictions.csv and the plots."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from csfnet_bundle import __version__
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.evaluation.bootstrap import RESAMPLES, SEED
from csfnet_bundle.evaluation.decision import Decision
from csfnet_bundle.evaluation.metrics import Metrics, evaluate
from csfnet_bundle.evaluation.plots import (
    plot_calibration,
    plot_decision_curve,
    plot_precision_recall,
    plot_roc,
    plot_training,
    save_figure,
)
from csfnet_bundle.evaluation.prediction_rows import PREDICTIONS_NAME
from csfnet_bundle.evaluation.predictions import check_predictions, write_predictions
from csfnet_bundle.evaluation.threshold import apply_decision

METRICS_NAME = "metrics.json"

CONTEXT = ("data", "phantom", "weights", "decision_chosen_on")
"""What an evaluation must say of itself, see :func:`write_evaluation`."""

FEW_PATIENTS = 200
"""Below it the file says that so few judge nothing: an AUC of .9 on 200 patients has an interval about .08 wide."""

LIBRARIES = ("numpy", "pandas", "scipy", "scikit-learn", "torch", "monai")


def write_evaluation(
    folder: str | Path,
    predictions: pd.DataFrame,
    decision: Decision,
    context: Mapping[str, object],
    *,
    history: pd.DataFrame | None = None,
    best_epoch: int | None = None,
    seed: int = SEED,
    resamples: int = RESAMPLES,
) -> dict[str, object]:
    """Judge predictions and write metrics.json, predictions.csv and PNG plots into ``folder``.

    Each file is written in one step, and metrics.json last, the one of an earlier evaluation being removed first: where
    it lies, everything beside it belongs to it.

    Args:
        folder: made where it does not exist.
        predictions: a labelled predictions table; ``probability`` is made anew from ``logit`` by the decision.
        decision: temperature and threshold chosen on validation.
        context: plain values for the file's head: ``data`` (which datalist and section, in words), ``phantom`` (True
            where the scans are phantoms), ``weights`` (which, and what they were trained on) and ``decision_chosen_on``
            (which section of which datalist); any others are kept.
        history: training curves, see :func:`csfnet_bundle.evaluation.plots.plot_training`; None draws none.
        best_epoch: marked in the training curves.
        seed: of the bootstrap.
        resamples: of patients.

    Returns:
        What metrics.json holds, plain values.

    Raises:
        BundleError: the table is refused, or the context does not say what it must.
    """
    folder = Path(folder)
    missing = [name for name in CONTEXT if name not in context]
    if missing or not isinstance(context["phantom"], bool):
        problem = (
            f"the context lacks {', '.join(missing)}" if missing else f"phantom is {context['phantom']!r}, not a bool"
        )
        raise BundleError(problem, record=str(folder), remedy=f"An evaluation says {', '.join(CONTEXT)}.")
    predictions = apply_decision(check_predictions(predictions, "predictions"), decision)
    metrics = evaluate(predictions, seed=seed, resamples=resamples)
    document = _document(metrics, decision, context)
    title = f"{'phantom' if context['phantom'] else context['data']}, {metrics.pairs} pairs"

    folder.mkdir(parents=True, exist_ok=True)
    (folder / METRICS_NAME).unlink(missing_ok=True)
    write_predictions(predictions, folder / PREDICTIONS_NAME)
    figures = {
        "roc.png": plot_roc(predictions, metrics, title, seed=seed, resamples=resamples),
        "precision_recall.png": plot_precision_recall(predictions, metrics, title),
        "calibration.png": plot_calibration(predictions, metrics, title),
        "decision_curve.png": plot_decision_curve(predictions, title),
    }
    if history is not None:
        figures["training.png"] = plot_training(history, str(context["weights"]), best_epoch=best_epoch)
    for name, figure in figures.items():
        save_figure(figure, folder / name)
    write_atomically(folder / METRICS_NAME, json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    return document


def _document(metrics: Metrics, decision: Decision, context: Mapping[str, object]) -> dict[str, object]:
    judged = metrics.to_plain()
    document: dict[str, object] = {
        **dict(context),
        "note": _note(metrics, phantom=bool(context["phantom"])),
        "decision": decision.to_plain(),
        **judged,
        "versions": {
            "csfnet_bundle": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES},
        },
    }
    try:
        json.dumps(document, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise BundleError(
            f"the context holds what JSON cannot: {error}", record="evaluation", remedy="Give plain values."
        ) from None
    return document


def _note(metrics: Metrics, *, phantom: bool) -> str:
    words = "Measured on phantoms: it says nothing about patients." if phantom else "Not a medical device."
    if metrics.patients < FEW_PATIENTS:
        words += f" {metrics.patients} patients are too few to judge a system by; read the intervals."
    return words
