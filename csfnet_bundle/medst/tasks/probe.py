"""Image classification by a probe: logistic regression on frozen embeddings."""

from __future__ import annotations

from collections.abc import Sequence

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from csfnet_bundle.medst.tasks.folds import Array, Result, fitted_result

INVERSE_REGULARISATION = 0.05
"""Few patients and many features: strong, and the same for all networks, so that nothing is chosen on test data."""
ITERATIONS = 2000


def probe_classification(features: Array, labels: Sequence[int], patients: Sequence[str]) -> Result:
    """Fit and judge in folds by patient.

    Args:
        features: embeddings, (N, C).
        labels: 0 or 1, (N,).
        patients: whose each row is, (N,).

    Raises:
        BundleError: a class has fewer than two patients.
    """
    regression = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=ITERATIONS, class_weight="balanced")
    return fitted_result(make_pipeline(StandardScaler(), regression), features, labels, patients)
