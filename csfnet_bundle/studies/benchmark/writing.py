"""The files of a finished benchmark: results, tables, predictions and plots."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from csfnet_bundle.core.files import atomic_path, write_atomically
from csfnet_bundle.evaluation.comparison_plots import plot_forest, plot_roc_overlay
from csfnet_bundle.evaluation.metrics import evaluate
from csfnet_bundle.evaluation.plots import plot_calibration, plot_decision_curve, save_figure
from csfnet_bundle.evaluation.predictions import calibrated_logits, write_predictions
from csfnet_bundle.studies.benchmark.common_test import COMMON
from csfnet_bundle.studies.benchmark.fitting import TEST, file_name
from csfnet_bundle.studies.benchmark.pages import benchmark_markdown
from csfnet_bundle.studies.benchmark.protocol import Fit
from csfnet_bundle.studies.benchmark.running import Predictions

RESULTS_NAME = "results.json"
TABLES_NAME = "tables.md"
PREDICTIONS_FOLDER, FITS_FOLDER = "predictions", "fits"
COMMON_NAME = "common_test.csv.gz"
"""What every fit says of the common test set, small enough to be kept with the results."""


def write_benchmark(folder: Path, document: Mapping[str, Any], predictions: Predictions) -> Path:
    """Write everything; results.json last, so that where it lies all else belongs to it.

    Returns:
        The path of results.json.
    """
    path = folder / RESULTS_NAME
    path.unlink(missing_ok=True)
    tables = {name: system.parts[TEST] for name, system in predictions.systems.items()}
    for name, table in tables.items():
        write_predictions(table, folder / PREDICTIONS_FOLDER / f"{re.sub(r'[^a-z0-9_]+', '_', name.lower())}.csv")
    for fit, parts in predictions.fits.items():
        for part, table in parts.items():
            write_predictions(table, folder / PREDICTIONS_FOLDER / FITS_FOLDER / fit.name / file_name(part))
    common = common_log_odds({fit: parts[COMMON] for fit, parts in predictions.fits.items() if COMMON in parts})
    if len(common):
        with atomic_path(folder / COMMON_NAME) as temporary:
            # Without the time of writing: the same predictions are the same file.
            common.to_csv(temporary, float_format="%.3f", compression={"method": "gzip", "mtime": 0})
    title = _title(document)
    reference = str(document["reference"])
    judged = pd.DataFrame.from_dict(document["systems"], orient="index").astype(float)
    save_figure(plot_roc_overlay(tables, title), folder / "roc.png")
    save_figure(plot_forest(judged, title), folder / "forest.png")
    save_figure(plot_forest(judged, f"{reference} against each, {title}", differences=True), folder / "differences.png")
    save_figure(
        plot_calibration(tables[reference], evaluate(tables[reference]), f"{reference}, {title}"),
        folder / "calibration.png",
    )
    save_figure(plot_decision_curve(tables[reference], f"{reference}, {title}"), folder / "decision_curve.png")
    write_atomically(folder / TABLES_NAME, benchmark_markdown(document))
    write_atomically(path, json.dumps(document, indent=1) + "\n")
    return path


def common_log_odds(tables: Mapping[Fit, pd.DataFrame]) -> pd.DataFrame:
    """Return what fits predict of the same pairs as one table.

    Args:
        tables: predictions of each fit; all have the same pairs.

    Returns:
        A row a pair, indexed by ``subject``: ``label``, and a column a fit with the calibrated log odds. Empty without
        a fit.
    """
    columns: dict[str, pd.Series] = {}
    for fit, table in tables.items():
        indexed = table.set_index("subject")
        columns.setdefault("label", indexed["label"])
        columns[fit.name] = pd.Series(calibrated_logits(table), index=indexed.index)
    return pd.DataFrame(columns)


def _title(document: Mapping[str, Any]) -> str:
    data, protocol = document["data"], document["protocol"]
    kind = "phantoms" if data["phantom"] else data["name"]
    size = "x".join(f"{number:g}" for number in protocol["roi"]["size"])
    return (
        f"{kind}, {data['pairs']} pairs, {protocol['folds']} fold(s), {protocol['seeds']} seed(s), "
        f"width {protocol['width']:g}, ROI {size}, {protocol['hours']:.1f} h on {', '.join(protocol['device'])}"
    )
