"""Which of the methods' volumes to take: the network's and mixtures of all, against their median."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.evaluation.bootstrap import PatientResamples, percentile_interval
from csfnet_bundle.evaluation.markdown import markdown_table
from csfnet_bundle.nodule.segmentation import Method
from csfnet_bundle.studies.measuring.agreement import CLOSE, Row, ratio_figures, volume_of
from csfnet_bundle.studies.measuring.cells import number, percent
from csfnet_bundle.studies.measuring.evaluating import TAKEN

MEDIAN, NETWORK = "median of the three", "network, else classical (taken)"
CONFIRMED_WITHIN = 1.5
CONFIRMED = f"network where another is within {CONFIRMED_WITHIN} times, else the median"


def combining(rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    """Return the figures of each rule on volumes with readers' outlines.

    ``ahead`` is how much larger the share within 25 % is than the median's, with its interval over patients.
    """
    resamples = PatientResamples.of([row["patient"] for row in rows])
    close, figures = {}, {}
    for name, rule in RULES.items():
        ratio = np.array([(0.0 if "refused" in row else rule(row)) / row["true_mm3"] for row in rows])
        close[name] = np.abs(ratio - 1) <= CLOSE
        figures[name] = {**ratio_figures(ratio), "ahead": _ahead(close[name], close[MEDIAN], resamples)}
    return figures


def combining_markdown(document: Mapping[str, Any]) -> str:
    """Return the table of the rules."""
    lines = []
    for name, one in document["summary"]["combining"].items():
        shares = (percent(one[key]) for key in ("within_25", "over_2", "under_half"))
        difference, low, high = one["ahead"]
        ahead = "" if name == MEDIAN else f"{100 * difference:+.1f} ({_points(low)} to {_points(high)})"
        lines.append((name, number(one["ratio_median"], 2), *shares, ahead))
    return markdown_table(
        ("volume taken", "V / readers", "within 25 %", "> 2 x", "< .5 x", "within 25 %, points ahead (95 %)"), lines
    )


def _points(share: float | None) -> str:
    return "–" if share is None or not np.isfinite(share) else f"{100 * share:+.1f}"


def _ahead(
    close: NDArray[np.bool_], other: NDArray[np.bool_], resamples: PatientResamples
) -> tuple[float, float, float]:
    """Return by how much one share is larger than another, and the ends of its interval over patients."""
    difference = close.astype(float) - other
    drawn = np.concatenate([(weights @ difference) / weights.sum(axis=1) for weights in resamples.weights()])
    return (float(difference.mean()), *percentile_interval(drawn))


def _others(row: Row) -> list[float]:
    names = (Method.CLASSICAL.value, Method.NECK_CUTTING.value)
    return [volume_of(row, name) for name in names if volume_of(row, name) > 0]


def _median(row: Row) -> float:
    network = volume_of(row, Method.NETWORK.value)
    return float(np.median([*([network] if network > 0 else []), *_others(row)]))


def _confirmed(row: Row) -> float:
    network = volume_of(row, Method.NETWORK.value)
    is_confirmed = any(max(network, one) <= CONFIRMED_WITHIN * min(network, one) for one in _others(row))
    return network if is_confirmed else _median(row)


RULES: dict[str, Callable[[Row], float]] = {
    MEDIAN: _median,
    NETWORK: lambda row: volume_of(row, TAKEN),
    CONFIRMED: _confirmed,
}
