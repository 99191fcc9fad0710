"""Lung-RADS v2022 of the American College of Radiology: the category that a nodule's size and growth give."""

from __future__ import annotations

from csfnet_bundle.nodule.attenuation import Attenuation
from csfnet_bundle.nodule.guidelines.statement import NoduleFacts, Statement

GROWTH_MM = 1.5
"""The mean diameter must grow by more than this within twelve months."""
TWELVE_MONTHS_DAYS = 366.0
SOLID_BASELINE_MM = (6.0, 8.0, 15.0)
SOLID_NEW_MM = (4.0, 6.0, 8.0)
"""From each of the three on the category is 3, 4A and 4B; below, it is 2."""
SOLID_GROWING_4B_MM = 8.0
PART_SOLID_MM = 6.0
GLASS_MM = 30.0
SOLID_PART = "which of 3, 4A and 4B depends on the diameter of its solid part, which is not measured"
SOURCE = "Christensen et al., CHEST 2024;165:738"


def lung_rads_statement(facts: NoduleFacts) -> Statement:
    """Return the category by the measured size, as far as it is known."""
    text = f"Mean diameter {facts.mean_diameter_mm:.1f} mm, {facts.attenuation}, {_state(facts)}: {_category(facts)}."
    return Statement("Lung-RADS v2022", "screening", text, SOURCE, 2022)


def is_growing(facts: NoduleFacts) -> bool | None:
    """Say whether the mean diameter grew by more than 1.5 mm within twelve months; None where nobody can tell.

    Over a longer interval the change is taken as steady.
    """
    if facts.earlier_mean_diameter_mm is None or facts.interval_days is None or facts.interval_days <= 0:
        return None
    if not facts.comparable:
        return None
    change = round(facts.mean_diameter_mm, 1) - round(facts.earlier_mean_diameter_mm, 1)
    within = change * min(1.0, TWELVE_MONTHS_DAYS / facts.interval_days)
    return round(within, 6) > GROWTH_MM


def solid_category(mean_diameter_mm: float, *, new: bool = False, growing: bool = False) -> str:
    """Return the category of a solid nodule.

    Args:
        mean_diameter_mm: of long and short axis; one decimal counts.
        new: not there in the earlier scan.
        growing: by more than 1.5 mm within twelve months.
    """
    size = round(mean_diameter_mm, 1)
    if growing:
        return "4B" if size >= SOLID_GROWING_4B_MM else "4A"
    limits = SOLID_NEW_MM if new else SOLID_BASELINE_MM
    return ("2", "3", "4A", "4B")[sum(size >= limit for limit in limits)]


def _state(facts: NoduleFacts) -> str:
    growing = is_growing(facts)
    if facts.is_new:
        return "new"
    if not facts.comparable:
        return "no growth given"
    if growing is None:
        return "no earlier measurement"
    return f"growing by more than {GROWTH_MM} mm in 12 months" if growing else f"not growing by {GROWTH_MM} mm"


def _category(facts: NoduleFacts) -> str:
    size, growing = round(facts.mean_diameter_mm, 1), bool(is_growing(facts)) and not facts.is_new
    stable = is_growing(facts) is False and not facts.is_new
    if facts.attenuation is Attenuation.SOLID:
        category = solid_category(size, new=facts.is_new, growing=growing)
        return f"at a first screen this size is category {category}" if stable else f"category {category}"
    if facts.attenuation is Attenuation.GROUND_GLASS:
        if size < GLASS_MM or stable:
            return "category 2"
        return "not in the table" if growing else "category 3"
    if growing or (facts.is_new and size >= PART_SOLID_MM):
        return "4A or 4B by a new or growing solid part, whose diameter is not measured"
    if size < PART_SOLID_MM:
        return "category 3" if facts.is_new else "category 2"
    return SOLID_PART
