"""Writing a predictions table row by row, without pandas, which takes half a second to import."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from csfnet_bundle.core.csv_cells import write_cells
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.decision import Decision, probabilities

PREDICTIONS_NAME = "predictions.csv"


def write_prediction_rows(path: Path, rows: Sequence[Mapping[str, object]], decision: Decision) -> None:
    """Write a table as :func:`csfnet_bundle.evaluation.predictions.write_predictions` does, in one step.

    Args:
        path: the CSV file.
        rows: ``subject``, ``nodule``, ``label`` (1, 0 or None) and ``logit`` of each, and any further columns.
        decision: temperature and threshold, which get columns of their own.

    Raises:
        BundleError: no row, a logit that is not finite, or a nodule of a patient twice.
    """
    if not rows:
        raise BundleError("the predictions table has no row", record=str(path), remedy="Predict at least one pair.")
    names = [(row["subject"], row["nodule"]) for row in rows]
    written = []
    for number, (row, name) in enumerate(zip(rows, names, strict=True)):
        logit = float(row["logit"])  # type: ignore[arg-type]  # finite, as is seen next
        record = f"{path}, {name[0]}/{name[1]}"
        if not math.isfinite(logit):
            raise BundleError(f"logit is {logit}, expected a finite number", record=record)
        if name in names[:number]:
            raise BundleError("stands twice, expected one row for each nodule of a patient", record=record)
        head = {key: row[key] for key in ("subject", "nodule", "label")}
        further = {key: value for key, value in row.items() if key not in (*head, "logit")}
        scores: dict[str, object] = {"probability": float(probabilities(logit, decision.temperature)), "logit": logit}
        chosen: dict[str, object] = {"temperature": decision.temperature}
        if decision.threshold is not None:
            chosen["threshold"] = decision.threshold
        written.append({**head, **scores, **chosen, **further})
    write_cells(path, written)
