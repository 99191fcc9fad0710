import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_curve

from csfnet_bundle.evaluation.decision import Decision
from csfnet_bundle.evaluation.metrics import evaluate
from csfnet_bundle.evaluation.plots import (
    GRID,
    calibration_bins,
    plot_calibration,
    plot_decision_curve,
    plot_precision_recall,
    plot_roc,
    plot_training,
    roc_curves,
    save_figure,
)
from csfnet_bundle.evaluation.predictions import prediction_table
from csfnet_bundle.evaluation.threshold import apply_decision

TITLE = "phantom, 60 pairs"


@pytest.fixture(scope="module")
def judged():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 60)
    table = prediction_table(
        [f"{row:02d}" for row in range(60)], ["1"] * 60, labels + generator.normal(size=60), labels
    )
    table = apply_decision(table, Decision(1.0, 0.55))
    return table, evaluate(table, resamples=50)


def lines(axes) -> dict[str, np.ndarray]:
    return {str(line.get_label()): np.asarray(line.get_xydata(), float) for line in axes.get_lines()}


def test_roc_draws_the_curve_of_scikit_learn_and_the_decision(judged):
    table, metrics = judged
    axes = plot_roc(table, metrics, TITLE, resamples=50).axes[0]
    drawn = lines(axes)
    false_positive, true_positive, _ = roc_curve(
        table["label"].astype(int), table["probability"], drop_intermediate=False
    )
    curve = next(line for label, line in drawn.items() if label.startswith("AUC"))
    np.testing.assert_allclose(curve, np.column_stack([false_positive, true_positive]))
    point = drawn["threshold chosen on validation"][0]
    assert point == pytest.approx([1 - metrics["specificity"].value, metrics["recall"].value])
    assert TITLE in axes.get_title()


def test_band_is_made_of_roc_curves(judged):
    table, _ = judged
    curves = roc_curves(
        table["probability"].to_numpy(), table["label"].to_numpy(int), table["subject"].tolist(), resamples=40
    )
    assert curves.shape == (40, GRID.size)
    assert (np.diff(curves, axis=1) >= 0).all()
    assert (curves[:, -1] == 1).all()


def test_precision_recall_passes_through_the_decision(judged):
    table, metrics = judged
    drawn = lines(plot_precision_recall(table, metrics, TITLE).axes[0])
    point = drawn["threshold chosen on validation"][0]
    distances = np.abs(drawn["precision at each threshold"] - point).max(axis=1)
    assert distances.min() < 1e-12


def test_calibration_bins_hold_all_pairs(judged):
    table, metrics = judged
    axes, counts, beside = plot_calibration(table, metrics, TITLE).axes
    points = lines(axes)["3 bins of 20 pairs"]
    assert points.mean(axis=0) == pytest.approx([table["probability"].mean(), table["label"].mean()])  # twenty each
    assert len(axes.texts) == 0  # no figure over the curve
    assert "Brier score" in beside.texts[0].get_text()
    assert sum(patch.get_height() for patch in counts.patches) == 60


@pytest.mark.parametrize(("pairs", "bins"), [(1, 2), (39, 2), (60, 3), (199, 9), (200, 10), (5000, 10)])
def test_more_pairs_make_more_bins(pairs, bins):
    assert calibration_bins(pairs) == bins


def test_training_curves_leave_out_epochs_without_validation():
    history = pd.DataFrame({"epoch": [1, 2, 3], "training_loss": [3.0, 2.0, 1.0], "validation_auc": [None, 0.7, None]})
    losses, metrics = plot_training(history, "narrow", best_epoch=2).axes
    np.testing.assert_array_equal(lines(losses)["training loss"], [[1, 3], [2, 2], [3, 1]])
    np.testing.assert_array_equal(lines(metrics)["validation auc"], [[2, 0.7]])


def test_one_class_says_so(judged):
    table, _ = judged
    benign = table.assign(label=0)
    metrics = evaluate(benign, resamples=10)
    for figure in (
        plot_roc(benign, metrics, TITLE, resamples=10),
        plot_precision_recall(benign, metrics, TITLE),
    ):
        assert "one class only" in figure.axes[0].texts[0].get_text()
    plot_calibration(benign, metrics, TITLE)
    plot_decision_curve(benign, TITLE)


def test_files_are_png_of_the_size_asked(judged, tmp_path):
    table, _ = judged
    save_figure(plot_decision_curve(table, TITLE), tmp_path / "new" / "curve.png")
    content = (tmp_path / "new" / "curve.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert (int.from_bytes(content[16:20]), int.from_bytes(content[20:24])) == (780, 750)
