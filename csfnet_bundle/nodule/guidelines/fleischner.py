"""The Fleischner Society's recommendations of 2017 for nodules found by chance: the group that a size falls into."""

from __future__ import annotations

from csfnet_bundle.nodule.attenuation import Attenuation
from csfnet_bundle.nodule.guidelines.statement import NoduleFacts, Statement

SMALL_MM, LARGE_MM = 6, 8
SMALL_MM3, LARGE_MM3 = 100.0, 250.0
SOURCE = "MacMahon et al., Radiology 2017;284:228"


def fleischner_statement(facts: NoduleFacts) -> Statement:
    """Return the size group, by the mean diameter in whole mm and, for solid nodules, by the volume."""
    diameter = round(facts.mean_diameter_mm)
    if facts.attenuation is not Attenuation.SOLID:
        text = f"Subsolid, mean diameter {diameter} mm: the group {subsolid_group(diameter)}."
    else:
        by_size, by_volume = diameter_group(diameter), volume_group(facts.volume_mm3)
        text = f"Solid, mean diameter {diameter} mm: the group {by_size}; {facts.volume_mm3:.0f} mm³: {by_volume}."
    return Statement("Fleischner Society 2017", "incidental nodules, adults from 35 years on", text, SOURCE, 2017)


def diameter_group(diameter_mm: int) -> str:
    """Return a solid nodule's group by its mean diameter in whole mm."""
    if diameter_mm < SMALL_MM:
        return f"below {SMALL_MM} mm"
    return f"{SMALL_MM} to {LARGE_MM} mm" if diameter_mm <= LARGE_MM else f"above {LARGE_MM} mm"


def volume_group(volume_mm3: float) -> str:
    """Return a solid nodule's group by its volume."""
    if volume_mm3 < SMALL_MM3:
        return f"below {SMALL_MM3:.0f} mm³"
    return f"{SMALL_MM3:.0f} to {LARGE_MM3:.0f} mm³" if volume_mm3 <= LARGE_MM3 else f"above {LARGE_MM3:.0f} mm³"


def subsolid_group(diameter_mm: int) -> str:
    """Return a subsolid nodule's group by its mean diameter in whole mm."""
    return f"below {SMALL_MM} mm" if diameter_mm < SMALL_MM else f"from {SMALL_MM} mm on"
