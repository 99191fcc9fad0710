"""Tables in Markdown, as docs/benchmark.md and the reports print them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pandas as pd

UNDEFINED = "–"

SMALLEST_P = 0.001
"""Smaller p-values are printed as below it: their digits depend on tails that no test gets right."""

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "auc": "AUC (95 % DeLong)",
        "auc_bootstrap": "95 % over patients",
        "difference": "reference - system (95 % over patients)",
        "p_delong": "p DeLong",
        "p_holm": "p Holm",
        "auc_seed_deviation": "SD of AUC over seeds",
        "difference_seed_deviation": "SD of difference over seeds",
        "p_mcnemar": "p McNemar",
        "p_mcnemar_holm": "p McNemar, Holm",
        "accuracy": "Acc",
        "precision": "Prec",
        "recall": "Rec",
        "specificity": "Spec",
        "f1": "F1",
        "brier_score": "Brier",
        "calibration_slope": "Slope",
        "calibration_intercept": "Intercept",
        "net_benefit": "Net benefit at 10 %",
    }
)


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Write a Markdown table, its columns padded so that the text reads as a table too.

    Args:
        head: the columns' names.
        rows: cells, printed by ``str``; a bar within one is escaped.

    Returns:
        The table's lines, ending in a newline.
    """
    cells = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in line] for line in (head, *rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells]
    lines.insert(1, " | ".join("-" * width for width in widths))
    return "".join(f"| {line} |\n" for line in lines)


def comparison_markdown(table: pd.DataFrame) -> str:
    """Write the table of :func:`csfnet_bundle.evaluation.comparison.compare_systems` as Markdown.

    Args:
        table: as it was made, or a part of its rows.
    """
    columns = [name for name in WORDS if name in table.columns or f"{name}_lower" in table.columns]
    rows = []
    for name, row in table.iterrows():
        cells = [str(name)]
        for column in columns:
            if column == "auc":
                cells.append(_with_interval(row["auc"], row["auc_delong_lower"], row["auc_delong_upper"]))
            elif column == "auc_bootstrap":
                cells.append(_interval(row["auc_bootstrap_lower"], row["auc_bootstrap_upper"]))
            elif column == "difference":
                cells.append(
                    _with_interval(row["difference"], row["difference_lower"], row["difference_upper"], signed=True)
                )
            elif column.startswith("p_"):
                cells.append(_p(row[column]))
            else:
                cells.append(_number(row[column]))
        rows.append(cells)
    return markdown_table([str(table.index.name or "system"), *(WORDS[column] for column in columns)], rows)


def _number(value: float, *, signed: bool = False) -> str:
    if math.isnan(value):
        return UNDEFINED
    return f"{value:+.3f}" if signed else f"{value:.3f}"


def _interval(lower: float, upper: float, *, signed: bool = False) -> str:
    if math.isnan(lower) or math.isnan(upper):
        return UNDEFINED
    return f"{_number(lower, signed=signed)} to {_number(upper, signed=signed)}"


def _with_interval(value: float, lower: float, upper: float, *, signed: bool = False) -> str:
    if math.isnan(value) or math.isnan(lower):
        return _number(value, signed=signed)
    return f"{_number(value, signed=signed)} ({_interval(lower, upper, signed=signed)})"


def _p(value: float) -> str:
    if math.isnan(value):
        return UNDEFINED
    return f"<{SMALLEST_P}" if value < SMALLEST_P else f"{value:.3f}"
