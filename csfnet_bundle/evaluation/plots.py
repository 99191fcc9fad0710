"""Plots of one system: ROC, precision-recall, calibration, decision curve, training curves.

Each function returns a figure of its own (no global state of pyplot, so that handlers and threads may draw).
"""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import precision_recall_curve, roc_curve

from csfnet_bundle.core.files import atomic_path
from csfnet_bundle.evaluation.bootstrap import CONFIDENCE, RESAMPLES, SEED, PatientResamples
from csfnet_bundle.evaluation.decision import Floats
from csfnet_bundle.evaluation.decision_curve import net_benefit
from csfnet_bundle.evaluation.metrics import Metrics
from csfnet_bundle.evaluation.predictions import ranking_scores
from csfnet_bundle.evaluation.weighted import CALIBRATION_BINS, mass_bins

PLOT_SIZE = (5.2, 5.0)
"""Inches; square axes with room for labels."""

DOTS_PER_INCH = 150
GRID: Floats = np.linspace(0, 1, 101)
"""False positive rates at which the ROC curve's band is taken."""

TITLE_CHARACTERS = 40
"""What fits above a plot in one line; longer titles are broken."""

LETTER_POINTS, LEGEND_POINTS = 12.5, 11.0
"""Legible where a phone shows a plot 350 pixels wide."""
PAIRS_IN_A_BIN = 20
"""Of a calibration curve: a share of fewer is uncertain by more than 20 points."""
TRAINING_PANEL_INCHES = 2.3
MARKED_EPOCHS = 40
"""With more, the marks of a curve would hide it."""

SYSTEM_COLOUR = "#1f5fa8"
REFERENCE_COLOUR = "#777777"
SECOND_COLOUR = "#b3541e"
_CURVE_COLOURS = [SYSTEM_COLOUR, SECOND_COLOUR, "#3b7d3b", "#6b4c9a"]
_CURVE_STYLES = ["-", "--", "-.", ":"]

Draw = Callable[..., Figure]


def _legible(draw: Draw) -> Draw:
    """Make a function draw with letters that are still read when a phone shows the plot."""

    @functools.wraps(draw)
    def drawing(*args: Any, **kwargs: Any) -> Figure:
        with matplotlib.rc_context({"font.size": LETTER_POINTS, "axes.titlesize": LETTER_POINTS}):
            return draw(*args, **kwargs)

    return drawing


@_legible
def plot_roc(
    predictions: pd.DataFrame, metrics: Metrics, title: str, *, seed: int = SEED, resamples: int = RESAMPLES
) -> Figure:
    """Draw the ROC curve with its pointwise 95 % band over patients and the decision's place on it.

    Args:
        predictions: labelled, with ``probability``.
        metrics: of the same predictions, for the legend and the decision.
        title: what the data are, e.g. ``"phantom, 64 pairs"``.
        seed: of the bootstrap.
        resamples: how many.
    """
    labels, ranks = predictions["label"].to_numpy(np.int64), ranking_scores(predictions)
    figure, axes = _square(
        "False positive rate (1 - specificity)", "True positive rate (recall)", _headline("ROC", title)
    )
    axes.plot([0, 1], [0, 1], color=REFERENCE_COLOUR, linestyle="--", linewidth=1)
    if np.unique(labels).size < 2:
        return _nothing(figure, axes, "one class only: there is no curve")
    curves = roc_curves(ranks, labels, predictions["subject"].tolist(), seed=seed, resamples=resamples)
    tail = (1 - CONFIDENCE) / 2
    if len(curves):
        low, high = np.quantile(curves, [tail, 1 - tail], axis=0)
        axes.fill_between(
            GRID, low, high, color=SYSTEM_COLOUR, alpha=0.18, linewidth=0, label="95 % band over patients"
        )
    false_positive, true_positive, _ = roc_curve(labels, ranks, drop_intermediate=False)
    axes.plot(false_positive, true_positive, color=SYSTEM_COLOUR, linewidth=2, label=f"AUC {metrics['auc']}")
    recall, specificity = metrics["recall"].value, metrics["specificity"].value
    axes.plot([1 - specificity], [recall], "o", color=SECOND_COLOUR, label="threshold chosen on validation")
    axes.legend(loc="lower right", fontsize=LEGEND_POINTS)
    return figure


def roc_curves(
    scores: Floats, labels: np.ndarray, subjects: list[str], *, seed: int = SEED, resamples: int = RESAMPLES
) -> Floats:
    """Compute the true positive rate at :data:`GRID` in resamples of patients that have both classes, (R', 101)."""
    order = np.argsort(-scores, kind="stable")
    values = scores[order]
    last = np.append(values[1:] != values[:-1], True)  # a run of equal scores is one step
    malignant = labels[order] == 1
    curves = []
    for weights in PatientResamples.of(subjects, resamples, seed).weights():
        true_positive = np.cumsum(weights[:, order] * malignant, axis=1)[:, last]
        false_positive = np.cumsum(weights[:, order] * ~malignant, axis=1)[:, last]
        for rising, passing in zip(true_positive, false_positive, strict=True):
            if rising[-1] > 0 and passing[-1] > 0:
                curves.append(np.interp(GRID, np.append(0, passing / passing[-1]), np.append(0, rising / rising[-1])))
    return np.asarray(curves).reshape(-1, GRID.size)


@_legible
def plot_precision_recall(predictions: pd.DataFrame, metrics: Metrics, title: str) -> Figure:
    """Draw precision over recall, with the prevalence, which is the precision of a guess. Arguments as plot_roc."""
    labels, ranks = predictions["label"].to_numpy(np.int64), ranking_scores(predictions)
    figure, axes = _square("Recall", "Precision", _headline("Precision-recall", title))
    prevalence = float((labels == 1).mean())
    axes.axhline(
        prevalence, color=REFERENCE_COLOUR, linestyle="--", linewidth=1, label=f"share of malignant {prevalence:.2f}"
    )
    if np.unique(labels).size < 2:
        return _nothing(figure, axes, "one class only: there is no curve")
    precision, recall, _ = precision_recall_curve(labels, ranks)
    axes.step(recall, precision, where="post", color=SYSTEM_COLOUR, linewidth=2, label="precision at each threshold")
    axes.plot(
        [metrics["recall"].value],
        [metrics["precision"].value],
        "o",
        color=SECOND_COLOUR,
        label="threshold chosen on validation",
    )
    axes.legend(loc="lower left", fontsize=LEGEND_POINTS)
    return figure


@_legible
def plot_calibration(predictions: pd.DataFrame, metrics: Metrics, title: str) -> Figure:
    """Draw the share of malignant over the mean probability in bins of equal mass, and how many pairs each holds.

    The more pairs, the more bins (:func:`calibration_bins`); the figures stand beside the curve.
    """
    labels, probability = _values(predictions)
    figure = Figure(figsize=(PLOT_SIZE[0] * 1.2, PLOT_SIZE[1] * 1.2), dpi=DOTS_PER_INCH, layout="constrained")
    grid = figure.add_gridspec(2, 2, height_ratios=[4, 1.2], width_ratios=[2.3, 1.3])
    axes = figure.add_subplot(grid[0, 0])
    below = figure.add_subplot(grid[1, 0], sharex=axes)
    beside = figure.add_subplot(grid[:, 1])
    beside.set_axis_off()
    axes.plot([0, 1], [0, 1], color=REFERENCE_COLOUR, linestyle="--", linewidth=1, label="calibrated")
    values, counts = np.unique(probability, return_counts=True)
    number = calibration_bins(len(labels))
    place_of_value = mass_bins(counts[None, :].astype(np.float64), number)[0]
    place = place_of_value[np.searchsorted(values, probability)]
    bins = pd.DataFrame({"bin": place, "mean": probability, "share": labels == 1}).groupby("bin").mean()
    words = f"{len(bins)} bins of {len(labels) / len(bins):.0f} pairs" if len(bins) > 1 else "all pairs"
    axes.plot(bins["mean"], bins["share"], "o-", color=SYSTEM_COLOUR, label=words)
    axes.set(xlim=(0, 1), ylim=(-0.02, 1.02), ylabel="Share of malignant nodules")
    figure.suptitle(_headline("Calibration", title))
    figures = (
        ("Calibration error", str(metrics["calibration_error"])),
        ("Brier score", str(metrics["brier_score"])),
        ("Slope", _number(metrics.calibration_slope)),
        ("Intercept", _number(metrics.calibration_intercept)),
    )
    text = "\n\n".join(f"{name}\n{value.replace(' (', chr(10) + '(')}" for name, value in figures)
    beside.text(0.0, 0.62, text, ha="left", va="top", transform=beside.transAxes)
    handles, names = axes.get_legend_handles_labels()
    below.hist(
        [probability[labels == 0], probability[labels == 1]],
        bins=list(np.linspace(0, 1, 21)),
        stacked=True,
        color=[REFERENCE_COLOUR, SECOND_COLOUR],
        label=["benign", "malignant"],
    )
    more, further = below.get_legend_handles_labels()
    beside.legend([*handles, *more], [*names, *further], loc="upper left", frameon=False, borderaxespad=0)
    below.set(xlabel="Predicted probability of malignancy", ylabel="Pairs")
    axes.tick_params(labelbottom=False)
    _trim(axes)
    _trim(below)
    return figure


def calibration_bins(pairs: int) -> int:
    """Return into how many bins a calibration curve cuts so many pairs: one for each 20, two to ten."""
    return max(2, min(CALIBRATION_BINS, pairs // PAIRS_IN_A_BIN))


@_legible
def plot_decision_curve(predictions: pd.DataFrame, title: str) -> Figure:
    """Draw net benefit over the risk from which on somebody would act."""
    labels, probability = _values(predictions)
    curve = net_benefit(probability, labels)
    figure = Figure(figsize=PLOT_SIZE, dpi=DOTS_PER_INCH, layout="constrained")
    axes = figure.subplots()
    axes.plot(curve["threshold"], curve["act_on_all"], color=REFERENCE_COLOUR, linestyle="--", label="act on all")
    axes.axhline(0, color="black", linewidth=1, label="act on none")
    axes.plot(curve["threshold"], curve["model"], color=SYSTEM_COLOUR, linewidth=2, label="act on the prediction")
    top = max(float((labels == 1).mean()), 0.05)
    axes.set(
        xlim=(0, 1),
        ylim=(-0.3 * top, 1.1 * top),
        xlabel="Risk from which on one would act",
        ylabel="Net benefit (true positives per pair)",
        title=_headline("Decision curve", title),
    )
    axes.legend(fontsize=LEGEND_POINTS)
    _trim(axes)
    return figure


@_legible
def plot_training(history: pd.DataFrame, title: str, *, best_epoch: int | None = None) -> Figure:
    """Draw training curves, losses above and each other metric in a panel of its own, since their scales differ.

    Args:
        history: a row an epoch: ``epoch``, columns with ``loss`` in their name and other metrics.
        title: what was trained.
        best_epoch: marked, where given.
    """
    losses = [name for name in history.columns if "loss" in str(name)]
    others = [name for name in history.columns if name != "epoch" and name not in losses]
    panels = [group for group in (losses, *([name] for name in others)) if group] or [[]]
    size = (PLOT_SIZE[0], 1.2 + TRAINING_PANEL_INCHES * len(panels))
    figure = Figure(figsize=size, dpi=DOTS_PER_INCH, layout="constrained")
    grid = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, names in zip(grid, panels, strict=True):
        for name, colour, style in zip(names, _CURVE_COLOURS * len(names), _CURVE_STYLES * len(names), strict=False):
            known = history[["epoch", name]].dropna()
            marker = "o" if len(known) <= MARKED_EPOCHS else None
            words = str(name).replace("_", " ")
            axes.plot(
                known["epoch"], known[name], style, color=colour, linewidth=2, marker=marker, markersize=4, label=words
            )
        if best_epoch is not None:
            axes.axvline(best_epoch, color=REFERENCE_COLOUR, linestyle=":", linewidth=1.5, label="best on validation")
        axes.grid(axis="y", color="0.9")
        axes.set_axisbelow(True)
        if names:
            axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, frameon=False, borderaxespad=0.1)
        _trim(axes)
    figure.suptitle(_headline("Training", title))
    grid[-1].set_xlabel("Epoch")
    grid[-1].xaxis.get_major_locator().set_params(integer=True)
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG in one step, the same bytes for the same figure."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})


def _values(predictions: pd.DataFrame) -> tuple[np.ndarray, Floats]:
    return predictions["label"].to_numpy(np.int64), predictions["probability"].to_numpy(np.float64)


def _square(horizontal: str, vertical: str, title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=PLOT_SIZE, dpi=DOTS_PER_INCH, layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xlabel=horizontal, ylabel=vertical, title=title, aspect="equal")
    _trim(axes)
    return figure, axes


def _headline(kind: str, title: str) -> str:
    return textwrap.fill(f"{kind}: {title}", TITLE_CHARACTERS)


def _nothing(figure: Figure, axes: Axes, reason: str) -> Figure:
    axes.text(0.5, 0.5, reason, ha="center", transform=axes.transAxes)
    return figure


def _trim(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)


def _number(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else "undefined"
