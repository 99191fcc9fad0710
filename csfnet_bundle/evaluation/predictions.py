"""The predictions table: one row a follow-up pair, as every system writes it and every statistic reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from csfnet_bundle.core.csv_cells import harmless, original
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import atomic_path
from csfnet_bundle.evaluation.decision import Floats, probabilities

COLUMNS = ("subject", "nodule", "label", "probability", "logit")
"""What every table has; ``temperature``, ``threshold``, ``interval_days`` and subgroup columns may follow."""

IDENTIFIERS = ("subject", "nodule")

PLAIN_LABELS = (0, 1)

PROBABILITY_MARGIN = 1e-7
"""Probabilities without a logit are kept this far from 0 and 1 before their log odds are taken, about the step of a
float32 at 1. Nothing is ranked by what comes out: see :func:`ranking_scores`."""

PROBABILITY_TOLERANCE = 1e-5
"""How far ``probability`` may lie from the one that ``logit`` and ``temperature`` give: float32 and six digits pass."""


def prediction_table(
    subjects: Sequence[str],
    nodules: Sequence[str],
    logits: Sequence[float] | np.ndarray,
    labels: Sequence[int | None] | None = None,
    *,
    temperature: float = 1.0,
    threshold: float | None = None,
    extra: Mapping[str, Sequence[object]] | None = None,
) -> pd.DataFrame:
    """Make a predictions table.

    Args:
        subjects: PatientID of each row, (N,).
        nodules: the nodule's name, (N,).
        logits: uncalibrated difference logit_1 - logit_0, (N,); positive speaks for malignant.
        labels: 1 malignant, 0 benign, None unknown, (N,); None where no label is known.
        temperature: what ``logit`` is divided by to get ``probability``, kept in its own column.
        threshold: probability from which on a row counts as malignant, kept in its own column; None leaves it out.
        extra: further columns by name (``interval_days``, diameter, scanner, ...), each (N,).

    Raises:
        BundleError: see :func:`check_predictions`.
    """
    logits = np.asarray(logits, dtype=np.float64)
    table = pd.DataFrame(
        {
            "subject": [str(subject) for subject in subjects],
            "nodule": [str(nodule) for nodule in nodules],
            "label": pd.array([pd.NA] * len(logits) if labels is None else list(labels), dtype="Int64"),
            "probability": probabilities(logits, temperature),
            "logit": logits,
            "temperature": float(temperature),
        }
    )
    if threshold is not None:
        table["threshold"] = float(threshold)
    for name, values in (extra or {}).items():
        table[name] = pd.Series(list(values), index=table.index)
    return check_predictions(table, "predictions", labelled=False)


def check_predictions(table: pd.DataFrame, source: str, *, labelled: bool = True) -> pd.DataFrame:
    """Return the table with plain column types, its rows in their order, or refuse it.

    Args:
        table: a predictions table, columns as :data:`COLUMNS` and any others.
        source: what an error names as the place, e.g. the file.
        labelled: whether every row must have a label; a row without one can be predicted but not judged.

    Raises:
        BundleError: a column is missing, there is no row, a label is not 0 or 1, a probability lies outside [0, 1], a
            logit is not finite, a temperature is not positive, a probability is not that of its logit and temperature,
            or a nodule of a patient stands twice; the row and the value are named.
    """
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise BundleError(
            f"no column {', '.join(missing)}", record=source, remedy=f"A predictions table has {', '.join(COLUMNS)}."
        )
    if table.empty:
        raise BundleError("the predictions table has no row", record=source, remedy="Predict at least one pair.")
    table = table.copy()
    for name in IDENTIFIERS:
        table[name] = table[name].astype(str)
    for name in ("probability", "logit", *(name for name in ("threshold", "temperature") if name in table.columns)):
        values = pd.to_numeric(table[name], errors="coerce").to_numpy(np.float64, na_value=np.nan)
        wrong, expected = ~np.isfinite(values), "a finite number"
        if name in ("probability", "threshold"):
            wrong, expected = wrong | (values < 0) | (values > 1), "a number from 0 to 1"
        elif name == "temperature":
            wrong, expected = wrong | (values <= 0), "a positive number"
        _refuse_first(table, wrong, name, expected, source)
        table[name] = values
    if "temperature" in table.columns:
        told = probabilities(table["logit"].to_numpy() / table["temperature"].to_numpy())
        wrong = np.abs(told - table["probability"].to_numpy()) > PROBABILITY_TOLERANCE
        _refuse_first(table, wrong, "probability", "that of the row's logit and temperature", source)
    table["label"] = _labels(table, source, labelled=labelled)
    repeated = table.duplicated(list(IDENTIFIERS)).to_numpy()
    _refuse_first(table, repeated, "nodule", "one row for each nodule of a patient", source)
    return table


def ranking_scores(table: pd.DataFrame) -> Floats:
    """Return what rows are ranked by, (N,): the calibrated logit, ``logit / temperature``.

    Probabilities near 0 and 1 tie by rounding where logits do not. A table without the column ``temperature`` (another
    program's) is ranked by ``probability``: its logits may not be comparable between folds.
    """
    if "temperature" in table.columns:
        return calibrated_logits(table)
    return table["probability"].to_numpy(np.float64)


def calibrated_logits(table: pd.DataFrame) -> Floats:
    """Return the log odds of ``probability``, (N,): ``logit / temperature`` where the table has both."""
    if "temperature" in table.columns:
        return np.asarray(table["logit"].to_numpy(np.float64) / table["temperature"].to_numpy(np.float64))
    return probability_log_odds(table["probability"].to_numpy(np.float64))


def probability_log_odds(probability: Floats) -> Floats:
    """Return the log odds of probabilities, (N,), which are first kept :data:`PROBABILITY_MARGIN` from 0 and 1."""
    kept = np.clip(probability, PROBABILITY_MARGIN, 1 - PROBABILITY_MARGIN)
    return np.asarray(np.log(kept) - np.log1p(-kept))


def write_predictions(table: pd.DataFrame, path: Path) -> None:
    """Check the table and write it as CSV in one step; numbers keep every digit that reading needs.

    Texts that a spreadsheet would run as formulas get a mark, which :func:`read_predictions` takes away again.
    """
    table = check_predictions(table, str(path), labelled=False)
    for name in table.columns:
        if not pd.api.types.is_numeric_dtype(table[name]):
            table[name] = table[name].map(lambda cell: harmless(cell) if isinstance(cell, str) else cell)
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")


def read_predictions(path: str | Path, *, labelled: bool = True) -> pd.DataFrame:
    """Read a predictions table that :func:`write_predictions` wrote.

    Raises:
        BundleError: no such file, no table, or a row that :func:`check_predictions` refuses.
    """
    path = Path(path)
    if not path.is_file():
        raise BundleError(f"there is no predictions table {path}", remedy="Run the evaluation that writes it.")
    try:
        # Identifiers are words: 000123 must not become 123, nor a nodule called NA a missing one.
        head = pd.read_csv(path, nrows=0).columns
        blank = {name: [""] for name in head if name not in IDENTIFIERS}
        table = pd.read_csv(path, dtype=dict.fromkeys(IDENTIFIERS, str), keep_default_na=False, na_values=blank)
        for name in head:
            if not pd.api.types.is_numeric_dtype(table[name]):
                table[name] = table[name].map(lambda cell: original(cell) if isinstance(cell, str) else cell)
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise BundleError(f"not a CSV table: {error}", record=str(path), remedy="Write it again.") from None
    return check_predictions(table, str(path), labelled=labelled)


def _labels(table: pd.DataFrame, source: str, *, labelled: bool) -> pd.Series:
    values = pd.to_numeric(table["label"], errors="coerce").astype("Float64")
    unknown = table["label"].isna().to_numpy()
    wrong = ~unknown & ~values.isin(PLAIN_LABELS).to_numpy(dtype=bool)
    if labelled:
        wrong |= unknown
    _refuse_first(table, wrong, "label", "0 (benign) or 1 (malignant)", source)
    return values.astype("Int64")


def _refuse_first(table: pd.DataFrame, wrong: np.ndarray, column: str, expected: str, source: str) -> None:
    rows = np.flatnonzero(wrong)
    if not rows.size:
        return
    row = table.iloc[int(rows[0])]
    value = row[column].item() if isinstance(row[column], np.generic) else row[column]
    raise BundleError(
        f"{column} is {value!r}, expected {expected}",
        record=f"{source}, row {int(rows[0]) + 1} ({row['subject']}/{row['nodule']})",
        remedy="Correct the row, or predict it again.",
    )
