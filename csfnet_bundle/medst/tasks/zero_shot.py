"""Zero-shot classification: is an image nearer to the sentences of a finding, or to those of its absence?"""

from __future__ import annotations

from collections.abc import Sequence

from csfnet_bundle.medst.tasks.folds import Array, Result, binary_result


def zero_shot_classification(
    images: Array, positive: Array, negative: Array, labels: Sequence[int], patients: Sequence[str]
) -> Result:
    """Judge by the difference of the mean cosines; nothing is fitted but the threshold, on the other folds.

    Args:
        images: embeddings of length 1, (N, C).
        positive: of the sentences of the finding, (P, C).
        negative: of the sentences of its absence, (Q, C).
        labels: 1 with the finding, (N,).
        patients: whose each image is, (N,).

    Raises:
        BundleError: a class has fewer than two patients.
    """
    scores = images @ positive.mean(axis=0) - images @ negative.mean(axis=0)
    return binary_result(scores, labels, patients)
