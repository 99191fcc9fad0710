"""Retrieval: does an image find its own text among those of all studies, and among those of its patient?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import BundleError

CHANCE_RANK = 0.5
Array = NDArray[np.float64]


def retrieval(images: Array, texts: Array, sentences: Sequence[str], patients: Sequence[str]) -> dict[str, object]:
    """Rank the texts by their cosine to each image; nothing is fitted.

    Args:
        images: embeddings of length 1, (N, C).
        texts: embeddings of length 1 of the studies' own texts, (N, C).
        sentences: those texts, (N,); who has the same text as a study is no wrong answer to it.
        patients: whose each study is, (N,).

    Returns:
        ``median_rank``: the share of other texts that an image likes more than its own, median over images; chance .5.
        ``right_of_patient``: share of images that like their own text most of their patient's, where a patient has
        two texts or more, and ``chance_right_of_patient``; None without such a patient.

    Raises:
        BundleError: all studies have the same text.
    """
    scores = images @ texts.T  # (N images, N texts)
    text, patient = np.asarray(sentences, dtype=object), np.asarray(patients, dtype=object)
    other = text[:, None] != text[None]  # (N, N)
    if not other.any(axis=1).all():
        raise BundleError("all studies have the same text, so that none can be found")
    own = np.diagonal(scores)[:, None]
    better = (scores > own) + 0.5 * (scores == own)
    ranks = (better * other).sum(axis=1) / other.sum(axis=1)
    rivals = other & (patient[:, None] == patient[None])
    asked = rivals.any(axis=1)
    result: dict[str, object] = {
        "median_rank": float(np.median(ranks)),
        "chance_median_rank": CHANCE_RANK,
        "right_of_patient": None,
        "chance_right_of_patient": None,
        "rows": len(images),
    }
    if asked.any():
        best = np.where(rivals, scores, -np.inf).max(axis=1)
        result["right_of_patient"] = float((own[asked, 0] > best[asked]).mean())
        result["chance_right_of_patient"] = float((1 / (1 + rivals[asked].sum(axis=1))).mean())
    return result
