"""Temporal image classification: improving, stable or worsening, from the embeddings of two studies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from csfnet_bundle.medst.tasks.folds import Array, Result, class_result


def temporal_image_classification(
    before: Array, after: Array, changes: Sequence[str], patients: Sequence[str]
) -> Result:
    """Judge by a linear support vector machine on both embeddings and their difference, in folds by patient.

    Args:
        before: embeddings of the earlier studies, (N, C).
        after: of the later ones, (N, C).
        changes: the classes, (N,).
        patients: whose each row is, (N,).

    Returns:
        ``balanced_accuracy`` (the mean of the classes' recalls), ``accuracy``, both levels of chance, ``recall``.

    Raises:
        BundleError: a class has fewer than two patients.
    """
    features = np.concatenate([before, after, after - before], axis=1)  # (N, 3 C)
    model = make_pipeline(StandardScaler(), SVC(kernel="linear", class_weight="balanced", C=0.1))
    return class_result(model, features, changes, patients)
