"""Plots of many systems: their ROC curves in one picture, and a forest of areas or of differences."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.metrics import roc_curve

from csfnet_bundle.evaluation.decision import Floats
from csfnet_bundle.evaluation.delong import area_covariance
from csfnet_bundle.evaluation.plots import DOTS_PER_INCH, REFERENCE_COLOUR, SECOND_COLOUR, SYSTEM_COLOUR
from csfnet_bundle.evaluation.predictions import ranking_scores

OVERLAY_SIZE = (7.6, 5.2)
ROW_HEIGHT = 0.32
"""Inches a system in the forest."""

COLOURS = (
    "#1f5fa8",
    "#b3541e",
    "#2f7d4f",
    "#7a4fa3",
    "#a8871f",
    "#1f8a99",
    "#a33b5c",
    "#5c6b73",
)
"""Eight that stay apart in print and for most colour-blind readers; further systems take them again, dashed."""


def plot_roc_overlay(systems: Mapping[str, pd.DataFrame], title: str) -> Figure:
    """Draw the ROC curves of systems, in order of their areas, which the legend tells.

    Args:
        systems: labelled predictions by name; each must have both classes.
        title: what the data are.
    """
    curves: list[tuple[float, str, Floats, Floats]] = []
    for name, table in systems.items():
        labels, scores = table["label"].to_numpy(np.int64), ranking_scores(table)
        false_positive, true_positive, _ = roc_curve(labels, scores, drop_intermediate=False)
        curves.append((float(area_covariance(scores, labels)[0][0]), name, false_positive, true_positive))
    figure = Figure(figsize=OVERLAY_SIZE, dpi=DOTS_PER_INCH, layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=REFERENCE_COLOUR, linestyle=":", linewidth=1)
    for number, (area, name, false_positive, true_positive) in enumerate(sorted(curves, key=lambda one: -one[0])):
        axes.plot(
            false_positive,
            true_positive,
            color=COLOURS[number % len(COLOURS)],
            linestyle="--" if number >= len(COLOURS) else "-",
            linewidth=1.6,
            label=f"{name} {area:.3f}",
        )
    axes.set(
        xlim=(-0.01, 1.01),
        ylim=(-0.01, 1.01),
        aspect="equal",
        xlabel="False positive rate (1 - specificity)",
        ylabel="True positive rate (recall)",
        title=f"ROC: {title}",
    )
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right upper", fontsize="small", title="AUC", frameon=False)
    return figure


def plot_forest(table: pd.DataFrame, title: str, *, differences: bool = False) -> Figure:
    """Draw each system's area, or its difference to the reference, with the interval over patients.

    Args:
        table: of :func:`csfnet_bundle.evaluation.comparison.compare_systems`.
        title: what the data are.
        differences: draw reference - system instead of areas; the reference then has no row.
    """
    value, lower, upper = (
        ("difference", "difference_lower", "difference_upper")
        if differences
        else ("auc", "auc_bootstrap_lower", "auc_bootstrap_upper")
    )
    shown = table.dropna(subset=[value]).sort_values(value, ascending=differences)
    figure = Figure(figsize=(OVERLAY_SIZE[0], 1.4 + ROW_HEIGHT * len(shown)), dpi=DOTS_PER_INCH, layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(shown))[::-1]
    reference = np.asarray(shown["difference"].isna())
    colours = np.where(reference, SECOND_COLOUR, SYSTEM_COLOUR)
    axes.hlines(places, shown[lower], shown[upper], colors=list(colours), linewidth=2)
    axes.scatter(shown[value], places, c=list(colours), zorder=3)
    if differences:
        axes.axvline(0, color=REFERENCE_COLOUR, linestyle="--", linewidth=1)
    for place, (_, row) in zip(places, shown.iterrows(), strict=True):
        number = "{:+.3f}" if differences else "{:.3f}"
        form = f"{number} ({number} to {number})" if np.isfinite(row[lower]) else number
        axes.annotate(
            form.format(row[value], row[lower], row[upper]),
            (1.02, place),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize="small",
        )
    axes.set(
        yticks=places,
        yticklabels=[str(name) for name in shown.index],
        ylim=(-0.7, len(shown) - 0.3),
        xlabel="AUC of the reference - AUC of the system" if differences else "AUC, 95 % interval over patients",
        title=title,
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", alpha=0.3)
    return figure
