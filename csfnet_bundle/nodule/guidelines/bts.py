"""The British Thoracic Society's guideline of 2015: size, change of volume and doubling time."""

from __future__ import annotations

from csfnet_bundle.nodule.attenuation import Attenuation
from csfnet_bundle.nodule.guidelines.statement import NoduleFacts, Statement

NO_FOLLOW_UP_MM3, BROCK_MM3 = 80.0, 300.0
STABLE_BELOW = 0.25
"""A change of volume below it, up or down, counts as stable."""
WORK_UP_DAYS, DISCHARGE_DAYS = 400.0, 600.0
SOURCE = "Callister et al., Thorax 2015;70(Suppl 2):ii1"


def bts_statements(facts: NoduleFacts) -> tuple[Statement, ...]:
    """Return what the guideline says about the size and, for a solid nodule with a known change, about the growth."""
    texts = [f"{facts.volume_mm3:.0f} mm³: {size_group(facts.volume_mm3)}."]
    if facts.attenuation is Attenuation.SOLID and facts.volume_ratio is not None:
        texts.append(change_text(facts.volume_ratio, facts.doubling_time_days))
    return tuple(Statement("BTS 2015", "incidental and screening", text, SOURCE, 2015) for text in texts)


def size_group(volume_mm3: float) -> str:
    """Return the group by volume."""
    if volume_mm3 < NO_FOLLOW_UP_MM3:
        return f"below {NO_FOLLOW_UP_MM3:.0f} mm³, the group without follow-up"
    if volume_mm3 < BROCK_MM3:
        return f"{NO_FOLLOW_UP_MM3:.0f} to {BROCK_MM3:.0f} mm³, the group under CT surveillance"
    return f"from {BROCK_MM3:.0f} mm³ on, the group whose risk is judged by the Brock model"


def change_text(volume_ratio: float, doubling_time_days: float | None) -> str:
    """Return what the change of volume means.

    Args:
        volume_ratio: later over earlier volume.
        doubling_time_days: negative for a nodule that shrinks, None within the limits of error.
    """
    change = volume_ratio - 1
    if round(abs(change), 6) < STABLE_BELOW:
        return f"Volume change {change:+.0%}: below {STABLE_BELOW:.0%}, which counts as stable."
    if doubling_time_days is None:
        return f"Volume change {change:+.0%}: not below {STABLE_BELOW:.0%}, but within the limits of error."
    if doubling_time_days < 0:
        return f"Volume change {change:+.0%}: the nodule shrinks."
    return f"Volume doubling time {doubling_time_days:.0f} days: {doubling_group(doubling_time_days)}."


def doubling_group(days: float) -> str:
    """Return the group by volume doubling time."""
    if days < WORK_UP_DAYS:
        return f"below {WORK_UP_DAYS:.0f} days, the group for further work-up"
    if days <= DISCHARGE_DAYS:
        return f"{WORK_UP_DAYS:.0f} to {DISCHARGE_DAYS:.0f} days, the group for biopsy or surveillance by preference"
    return f"above {DISCHARGE_DAYS:.0f} days, the group for surveillance or discharge"
