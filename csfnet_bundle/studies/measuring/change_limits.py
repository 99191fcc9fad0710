"""Whether the limits of error that growth gives hold the true change, for rows of one nodule measured twice."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from csfnet_bundle.nodule.growth import NORMAL_95, log_ratio_error, method_log_ratio, unchanged_floor
from csfnet_bundle.nodule.segmentation import Method
from csfnet_bundle.studies.measuring.agreement import Row


@dataclass(frozen=True)
class MeasuredChange:
    """What growth says of two scans of one scanner.

    Attributes:
        log_ratio: ln(V1 / V0).
        sigma: its standard deviation.
        true_log_ratio: the truth.
    """

    log_ratio: float
    sigma: float
    true_log_ratio: float

    @property
    def is_held(self) -> bool:
        """Whether the limits of 95 % hold the truth."""
        return abs(self.log_ratio - self.true_log_ratio) <= NORMAL_95 * self.sigma


def measured_change(before: Row, after: Row, true_ratio: float) -> MeasuredChange | None:
    """Return what growth says of two rows with clicks; None without clicks, or where no method measured both."""
    clicks = before.get("clicks_mm3"), after.get("clicks_mm3")
    volumes = _by_method(before), _by_method(after)
    if not (clicks[0] and clicks[1]) or not set(volumes[0]) & set(volumes[1]):
        return None
    floor = unchanged_floor(before["attenuation"], after["attenuation"], same_scanner=True)
    sigma = log_ratio_error(clicks[0], clicks[1], floor)
    return MeasuredChange(method_log_ratio(*volumes), sigma, math.log(true_ratio))


def held_limits(first: Mapping[str, Row], later: Sequence[Row]) -> tuple[int, int]:
    """Return in how many pairs the limits hold the truth, and the number of pairs with limits.

    Args:
        first: the earlier rows by nodule.
        later: rows of the same nodules, with their true volumes.
    """
    changes = [
        measured_change(first[row["nodule"]], row, row["true_mm3"] / first[row["nodule"]]["true_mm3"]) for row in later
    ]
    known = [change for change in changes if change is not None]
    return sum(change.is_held for change in known), len(known)


def _by_method(row: Row) -> dict[Method, float]:
    return {method: row["volumes_mm3"][method.value] for method in Method if method.value in row["volumes_mm3"]}
