"""Volume doubling time."""

from __future__ import annotations

import math


def volume_doubling_time(diameter_t0_mm: float, diameter_t1_mm: float, interval_days: float) -> float | None:
    """Return the days in which a nodule that grows exponentially doubles its volume.

    VDT = interval ln 2 / ln(V1 / V0), with V proportional to d^3: VDT = interval ln 2 / (3 ln(d1 / d0)) (Schwartz,
    A biomathematical approach to clinical tumor growth, Cancer 1961).

    Returns:
        Days; negative for a nodule that shrinks (the days in which it halves); None if the diameter is the same.
    """
    return doubling_time_of_log_ratio(3 * math.log(diameter_t1_mm / diameter_t0_mm), interval_days)


def doubling_time_of_log_ratio(log_ratio: float, interval_days: float) -> float | None:
    """Return the same from ln(V1 / V0); None where it is 0."""
    return None if log_ratio == 0 else interval_days * math.log(2) / log_ratio
