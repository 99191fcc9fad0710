"""What the trials' places say together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

FOUND = "found"
WITHIN_MM = 5.0


@dataclass(frozen=True)
class Summary:
    """Figures of one set of places, those whose true place t0 shows.

    Attributes:
        places: how many.
        answered: how many were found rather than refused.
        median: error in mm of those found; nan without any.
        percentile95: the same.
        largest: the same.
        within_5: share of those found that are at most 5 mm off.
        refusals: codes of the others.
    """

    places: int
    answered: int
    median: float
    percentile95: float
    largest: float
    within_5: float
    refusals: Mapping[str, int]


def queries_of(results: Mapping[str, Mapping[str, Any]], prefix: str) -> list[dict[str, Any]]:
    """Return every place of the trials whose names begin so."""
    return [query for name, trial in results.items() if name.startswith(prefix) for query in trial["queries"]]


def summarize(queries: Sequence[Mapping[str, Any]], key: str = "error_mm") -> Summary:
    """Summarize places.

    Args:
        queries: places whose true place t0 shows.
        key: which error: "error_mm", or what other methods would have given ("affine_error_mm",
            "same_point_error_mm").
    """
    errors = np.array([query[key] for query in queries if query[key] is not None], dtype=float)
    refused = Counter(query["answer"] for query in queries if query["answer"] != FOUND)
    if not len(errors):
        return Summary(len(queries), 0, np.nan, np.nan, np.nan, np.nan, refused)
    return Summary(
        places=len(queries),
        answered=len(errors),
        median=float(np.median(errors)),
        percentile95=float(np.percentile(errors, 95)),
        largest=float(errors.max()),
        within_5=float((errors <= WITHIN_MM).mean()),
        refusals=refused,
    )


def half_diameter_share(queries: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """Return how many nodules were found within half a diameter, of those found that are still in t0, and these."""
    there = [
        query
        for query in queries
        if query["kind"] == "nodule" and query["answer"] == FOUND and query["volume_share"] > 0
    ]
    return sum(query["error_mm"] <= query["diameter_mm"] / 2 for query in there), len(there)


def presence(queries: Sequence[Mapping[str, Any]]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return (removed nodules told as absent, all removed ones) and (false alarms, present ones found).

    A removed nodule whose place was refused is not told as absent.
    """
    nodules = [query for query in queries if query["kind"] == "nodule"]
    gone = [query["answer"] == FOUND and query["absent"] for query in nodules if query["volume_share"] == 0]
    there = [query["absent"] for query in nodules if query["volume_share"] > 0 and query["answer"] == FOUND]
    return (sum(gone), len(gone)), (sum(there), len(there))
