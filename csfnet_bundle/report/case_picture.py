"""The picture of a case: t0, t1 and where the network looked, in three planes through the nodule point."""

from __future__ import annotations

from pathlib import Path

from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.report.case import Case
from csfnet_bundle.report.case_images import CaseImages
from csfnet_bundle.report.drawing import add_axes, add_text, new_figure, png_bytes
from csfnet_bundle.report.panels import (
    ATTENTION_COLOURS,
    LUNG_LEVEL,
    LUNG_WIDTH,
    SCALE_BAR_MM,
    Column,
    column_inches,
    draw_column,
    full_colour_share,
)
from csfnet_bundle.report.words import NOT_A_DEVICE, attention_focus, decision, percent, signed, trained_on

MARGIN, GAP = 0.2, 0.14
TITLE_INCHES, FOOT_INCHES = 1.35, 0.75


def write_case_picture(path: Path, case: Case, images: CaseImages) -> None:
    """Write one PNG, in one step, with t0, t1 and, where there is one, the attention over t1.

    The title says the pair, the dates, the probability and what the weights were trained on. Without a prior scan the
    column of t0 stays empty and says so.
    """
    width, height = column_inches(images)
    figure = new_figure(2 * MARGIN + 3 * width + 2 * GAP, TITLE_INCHES + height + FOOT_INCHES)
    _title(figure, case, FOOT_INCHES + height)
    for number, column in enumerate(Column):
        left = MARGIN + number * (width + GAP)
        add_text(figure, left, FOOT_INCHES + height + 0.06, _heading(column, case), fontsize=9, weight="bold")
        if column is Column.T0 and not case.prior:
            message = "No prior scan. The network saw t1 twice."
            add_text(figure, left, FOOT_INCHES + height - 0.4, message, fontsize=8)
        elif column is Column.ATTENTION and images.attention is None:
            message = "This network gives no attention map."
            add_text(figure, left, FOOT_INCHES + height - 0.4, message, fontsize=8)
        else:
            draw_column(figure, column, images, left, FOOT_INCHES)
    _foot(figure, images, MARGIN + 2 * (width + GAP))
    write_atomically(path, png_bytes(figure))


def column_png(column: Column, images: CaseImages) -> bytes:
    """Return one column as PNG, without title, for a page that has its own."""
    figure = new_figure(*column_inches(images))
    draw_column(figure, column, images, 0.0, 0.0)
    return png_bytes(figure)


def _heading(column: Column, case: Case) -> str:
    if column is Column.ATTENTION:
        return "t1 · where the network looked"
    return f"{column} · {(case.date_t0 if column is Column.T0 else case.date_t1) or 'date unknown'}"


def _title(figure: Figure, case: Case, panels_top: float) -> None:
    top = panels_top + TITLE_INCHES
    add_text(figure, MARGIN, top - 0.3, f"Pair {case.name}", fontsize=12, weight="bold")
    line = f"Probability of malignancy {percent(case.probability)} ({case.probability:.3f}). {decision(case)}"
    add_text(figure, MARGIN, top - 0.54, line, fontsize=9)
    style = {"fontsize": 9, "color": "#8a3c00"} if case.weights.phantoms else {"fontsize": 9}
    add_text(figure, MARGIN, top - 0.75, trained_on(case.weights), **style)
    if case.label is not None:
        truth = "malignant" if case.label else "benign"
        add_text(figure, MARGIN, top - 0.96, f"True label: {truth}.", fontsize=9)


def _foot(figure: Figure, images: CaseImages, right_column: float) -> None:
    window = f"Lung window: level {signed(LUNG_LEVEL)} HU, width {LUNG_WIDTH:.0f} HU. White bar: {SCALE_BAR_MM:.0f} mm."
    add_text(figure, MARGIN, 0.5, window, fontsize=7.5, color="0.25")
    add_text(figure, MARGIN, 0.34, "Marks at the edges point at the nodule point.", fontsize=7.5, color="0.25")
    add_text(figure, MARGIN, 0.14, NOT_A_DEVICE, fontsize=7.5, weight="bold")
    if images.highest_share is None:
        return
    axes = add_axes(figure, right_column, 0.52, column_inches(images)[0], 0.09)
    axes.set_facecolor("0.3")
    scale = ScalarMappable(Normalize(1.0, full_colour_share(images)), ATTENTION_COLOURS)
    bar = figure.colorbar(scale, cax=axes, orientation="horizontal")
    bar.set_label("attention, 1 = the average cell", fontsize=7.5, color="0.25", labelpad=1)
    bar.ax.tick_params(labelsize=7, length=2, pad=1)
    add_text(figure, right_column, 0.02, attention_focus(images.highest_share), fontsize=7, color="0.25")
