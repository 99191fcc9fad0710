"""Figures as cells of a table."""

from __future__ import annotations

from collections.abc import Sequence

from csfnet_bundle.evaluation.markdown import UNDEFINED


def number(value: float | None, digits: int) -> str:
    """Return so many decimals; a dash for what is not known."""
    return UNDEFINED if value is None else f"{value:.{digits}f}"


def percent(share: float | None) -> str:
    """Return whole per cent; a dash for what is not known."""
    return UNDEFINED if share is None else f"{share:.0%}".replace("%", " %")


def extent(values: Sequence[float]) -> str:
    """Return the smallest and the largest value; a dash for none."""
    return f"{min(values):.2f}-{max(values):.2f}" if values else UNDEFINED
