"""What each metric says, in one plain line."""

from __future__ import annotations

METRIC_WORDS = {
    "auc": ("AUC", "how often a malignant nodule gets a higher probability than a benign one; 0.5 is guessing"),
    "accuracy": ("Accuracy", "share of pairs on the right side of the threshold"),
    "precision": ("Precision", "share of malignant among the pairs called malignant"),
    "recall": ("Recall (sensitivity)", "share of the malignant pairs that are called malignant"),
    "specificity": ("Specificity", "share of the benign pairs that are called benign"),
    "f1": ("F1", "harmonic mean of precision and recall"),
    "brier_score": ("Brier score", "mean squared distance of probability and label; 0 is best"),
    "calibration_error": ("Calibration error", "mean distance of the probability and the share found malignant"),
}
"""Name and meaning of the metrics of ``metrics.json``, by their key."""

PLOT_WORDS = {
    "roc.png": ("ROC", "Receiver operating characteristic: recall over the false positive rate."),
    "precision_recall.png": ("Precision and recall", "Precision over recall."),
    "calibration.png": ("Calibration", "Share found malignant over the predicted probability."),
    "decision_curve.png": ("Decision curve", "Net benefit over the risk from which on one would act."),
    "training.png": ("Training", "Loss and validation metrics over the epochs."),
}
"""Heading and description of an evaluation's plots, by file name, in the order in which the report shows them."""
