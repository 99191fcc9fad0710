"""What became of a nodule between two studies, by its two diameters."""

from __future__ import annotations

import math
from enum import StrEnum

GROWTH_SHARE = 0.25
"""A nodule has grown if its volume is larger by at least a quarter: the NELSON trial's rule (van Klaveren et al., New
England Journal of Medicine 2009;361:2221). That rule is for measured volumes and for growth; here the volume is the
ellipsoid's of the record's two diameters, and shrinking is the same step backwards (this project's choice)."""


class Change(StrEnum):
    """The classes of temporal image classification, as MS-CXR-T names them."""

    IMPROVING = "improving"
    STABLE = "stable"
    WORSENING = "worsening"

    @property
    def reversed(self) -> Change:
        """The change seen with the two studies exchanged."""
        exchanged = {Change.IMPROVING: Change.WORSENING, Change.WORSENING: Change.IMPROVING}
        return exchanged.get(self, Change.STABLE)


def ellipsoid_volume(long_diameter: float, perpendicular_diameter: float) -> float:
    """Return the volume in mm^3 of an ellipsoid of two diameters in mm; the third is taken as their mean."""
    third = (long_diameter + perpendicular_diameter) / 2
    return math.pi / 6 * long_diameter * perpendicular_diameter * third


def change_between(before: tuple[float, float], after: tuple[float, float]) -> Change:
    """Return the change from the (longest, perpendicular) diameters in mm at two studies."""
    ratio = ellipsoid_volume(*after) / ellipsoid_volume(*before)
    if ratio >= 1 + GROWTH_SHARE:
        return Change.WORSENING
    return Change.IMPROVING if ratio <= 1 / (1 + GROWTH_SHARE) else Change.STABLE
