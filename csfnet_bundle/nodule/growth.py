"""Growth between two scans, with limits of error.

The limits are a proposal: the spread over nine clicks, and a floor for what two scans of an unchanged nodule differ by.
docs/measuring.md says how often they hold on simulated follow-ups and drawn nodules scanned again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.nodule.attenuation import Attenuation
from csfnet_bundle.nodule.doubling_time import doubling_time_of_log_ratio
from csfnet_bundle.nodule.flags import FlagCode
from csfnet_bundle.nodule.measurement import Measurement
from csfnet_bundle.nodule.segmentation import Method

FLOOR_SAME_SCANNER, FLOOR_OTHER_SCANNER = 0.10, 0.26
"""Standard deviation of ln(V1 / V0) of an unchanged nodule: repeated scans differ by 10-13 % on one scanner and by
25-29 % (limits of agreement over 1.96, both scans) on others, as published. Part-solid nodules get the wider one: drawn
ones scanned again on one scanner differ by .2 (docs/measuring.md)."""
SAME_SLICES_MM = 0.3
"""Slice spacings that differ by more make a scan another scanner's."""
LEAST_CHANGE = math.log(1.25)
"""The change of volume below which the British Thoracic Society's guideline (2015) calls a nodule stable: 25 %."""
NORMAL_95 = 1.96
IQR_TO_DEVIATION = 1.349
"""Interquartile range of a normal distribution over its standard deviation."""


class Change(StrEnum):
    """What may be said of the change."""

    GROWTH = "growth"
    SHRINKAGE = "shrinkage"
    NONE_MEASURABLE = "no measurable change"
    NOT_GIVEN = "not given"


@dataclass(frozen=True)
class Growth:
    """The change of a nodule's volume.

    Attributes:
        change: what may be said.
        volume_ratio: V1 / V0, the median over the methods; None where it is not given.
        limits: of the ratio, 95 %; None where it is not given.
        doubling_time_days: days to double, negative: to halve; None where not given, or within the limits of error.
        doubling_time_limits: ends of its interval in days; None where the limits of the ratio hold 1.
        interval_days: between the scans.
        sigma: standard deviation of ln(V1 / V0) behind the limits.
        same_scanner: whether both scans count as one scanner's.
        text: one sentence for people.
    """

    change: Change
    volume_ratio: float | None
    limits: tuple[float, float] | None
    doubling_time_days: float | None
    doubling_time_limits: tuple[float, float] | None
    interval_days: float
    sigma: float | None
    same_scanner: bool
    text: str

    def to_plain(self) -> dict[str, object]:
        """Return the figures as JSON takes them."""

        def rounded(value: float | None, digits: int) -> float | None:
            return None if value is None else round(value, digits)

        days = self.doubling_time_limits
        return {
            "change": self.change.value,
            "volume_ratio": rounded(self.volume_ratio, 3),
            "limits": None if self.limits is None else [round(value, 3) for value in self.limits],
            "doubling_time_days": rounded(self.doubling_time_days, 0),
            "doubling_time_limits": None if days is None else [round(value) for value in days],
            "interval_days": self.interval_days,
            "sigma": rounded(self.sigma, 3),
            "same_scanner": self.same_scanner,
            "text": self.text,
        }


def growth(before: Measurement, after: Measurement, days: float) -> Growth:
    """Compare two measurements of one nodule, both made with clicks.

    Args:
        before: of the earlier scan.
        after: of the later scan.
        days: between them, above 0.

    Raises:
        BundleError: an interval that is none, or a measurement without clicks.
    """
    if not (math.isfinite(days) and days > 0):
        raise BundleError(f"the interval is {days} days, expected a number above 0")
    if not (before.click_volumes_mm3 and after.click_volumes_mm3):
        raise BundleError("growth needs measurements with clicks", remedy="Measure both scans with clicks=True.")
    same = is_same_scanner(before, after)
    reason = _reason_for_none(before, after)
    if reason:
        return Growth(Change.NOT_GIVEN, None, None, None, None, days, None, same, reason)
    log_ratio = method_log_ratio(before.volumes_mm3, after.volumes_mm3)
    floor = unchanged_floor(before.attenuation, after.attenuation, same_scanner=same)
    sigma = log_ratio_error(before.click_volumes_mm3, after.click_volumes_mm3, floor)
    low, high = log_ratio - NORMAL_95 * sigma, log_ratio + NORMAL_95 * sigma
    ratio, limits = math.exp(log_ratio), (math.exp(low), math.exp(high))
    said = f"Volume x {ratio:.2f} (95 % {limits[0]:.2f}-{limits[1]:.2f}) in {days:.0f} days"
    if abs(log_ratio) <= max(LEAST_CHANGE, NORMAL_95 * sigma):
        text = f"{said}: no measurable change."
        return Growth(Change.NONE_MEASURABLE, ratio, limits, None, None, days, sigma, same, text)
    change = Change.GROWTH if log_ratio > 0 else Change.SHRINKAGE
    doubling = doubling_time_of_log_ratio(log_ratio, days)
    assert doubling is not None  # the ratio lies outside of its limits of error
    ends = sorted((days * math.log(2) / low, days * math.log(2) / high))
    verb = "doubles" if log_ratio > 0 else "halves"
    shown = sorted(abs(end) for end in ends)
    text = f"{said}: it {verb} in {abs(doubling):.0f} days (95 % {shown[0]:.0f}-{shown[1]:.0f})."
    return Growth(change, ratio, limits, doubling, (ends[0], ends[1]), days, sigma, same, text)


def method_log_ratio(before_mm3: Mapping[Method, float], after_mm3: Mapping[Method, float]) -> float:
    """Return ln(V1 / V0): the median over the methods, each compared with itself.

    Args:
        before_mm3: volumes by method in the earlier scan.
        after_mm3: the same of the later scan; one method at least is in both.
    """
    both = [method for method in before_mm3 if method in after_mm3]
    return float(np.median([math.log(after_mm3[method] / before_mm3[method]) for method in both]))


def unchanged_floor(before: str, after: str, *, same_scanner: bool) -> float:
    """Return the standard deviation of ln(V1 / V0) of an unchanged nodule.

    Args:
        before: the nodule's :class:`Attenuation` in the earlier scan.
        after: the same of the later scan.
        same_scanner: see :func:`is_same_scanner`.
    """
    return FLOOR_SAME_SCANNER if same_scanner and Attenuation.PART_SOLID not in (before, after) else FLOOR_OTHER_SCANNER


def log_ratio_error(before_mm3: Sequence[float], after_mm3: Sequence[float], floor: float) -> float:
    """Return the standard deviation of ln(V1 / V0): what the clicks scatter, and a floor.

    Args:
        before_mm3: volumes of the clicks in the earlier scan; those of 0 (nothing found) are left out.
        after_mm3: the same of the later scan.
        floor: what two scans of an unchanged nodule differ by.
    """
    logs = [np.log([volume for volume in volumes if volume > 0]) for volumes in (before_mm3, after_mm3)]
    jitter = sum((float(np.subtract(*np.percentile(values, (75, 25)))) / IQR_TO_DEVIATION) ** 2 for values in logs)
    return math.sqrt(jitter + floor**2)


def is_same_scanner(before: Measurement, after: Measurement) -> bool:
    """Say whether both scans are known to be one scanner's, kernel included, with the same slices."""
    apart = abs(before.cube.slice_spacing_mm - after.cube.slice_spacing_mm)
    return bool(before.scanner) and before.scanner == after.scanner and apart <= SAME_SLICES_MM


def _reason_for_none(before: Measurement, after: Measurement) -> str:
    for name, one in (("earlier", before), ("later", after)):
        if Method.NETWORK not in one.volumes_mm3:  # its clicks give the limits of error
            return f"No growth is given: the network finds no nodule in the {name} scan."
        if one.has_flag(FlagCode.GROUND_GLASS):
            core = f"{one.density.core_hu:.0f} HU"
            return (
                f"No growth is given: in the {name} scan the nodule's core ({core}) is of ground-glass density, where "
                "methods differ."
            )
    return ""
