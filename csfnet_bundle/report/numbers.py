"""One rule for decimals on every page.

Probabilities, areas and other metrics have three, ratios of volumes two, millimetres one; mm³, HU and days are whole.
More digits would claim an exactness that neither 200 patients nor a voxel of .7 mm has.
"""

from __future__ import annotations

import math

MINUS = "\N{MINUS SIGN}"
UNDEFINED = "undefined"


def metric(value: float | None) -> str:
    """Return a probability or a metric; ``undefined`` for None and NaN."""
    return UNDEFINED if value is None or not math.isfinite(value) else f"{value:.3f}".replace("-", MINUS)


def interval(lower: float | None, upper: float | None) -> str:
    """Return the ends of an interval of a metric."""
    ends = metric(lower), metric(upper)
    return UNDEFINED if UNDEFINED in ends else f"{ends[0]} to {ends[1]}"


def millimetres(value: float | None) -> str:
    """Return a length; ``not known`` for None."""
    return "not known" if value is None else f"{value:.1f}\N{NO-BREAK SPACE}mm"


def cubic_millimetres(value: float) -> str:
    """Return a volume."""
    return f"{value:.0f}\N{NO-BREAK SPACE}mm³"


def hounsfield(value: float) -> str:
    """Return a density."""
    return f"{value:.0f}\N{NO-BREAK SPACE}HU".replace("-", MINUS)


def ratio(value: float) -> str:
    """Return a ratio of volumes."""
    return f"{value:.2f}"
