"""Temporal sentence similarity: does a pair of sentences tell the same change, or the opposite one?"""

from __future__ import annotations

from collections.abc import Sequence

from csfnet_bundle.medst.tasks.folds import Array, Result, binary_result


def temporal_sentence_similarity(first: Array, second: Array, same: Sequence[int], patients: Sequence[str]) -> Result:
    """Judge by the cosine of the two embeddings: areas from the cosines, thresholds from the other folds.

    Args:
        first: embeddings of length 1 of the first sentences, (N, C).
        second: of the second ones, (N, C).
        same: 1 where both tell the same change, 0 where they contradict each other, (N,).
        patients: whose sentences they are, (N,).

    Raises:
        BundleError: a class has fewer than two patients.
    """
    return binary_result((first * second).sum(axis=1), same, patients)
