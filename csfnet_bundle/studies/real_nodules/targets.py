"""What a network learns from besides the label: the nodule's size and the radiologists' ratings, standardised."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records import FollowUpPair

RATINGS = ("texture", "margin", "calcification", "lobulation", "sphericity", "spiculation", "subtlety")
DESCRIPTIONS = ("log_diameter", "log_volume", *RATINGS)
"""The nine targets, in the order of the network's outputs."""
MALIGNANCY = "malignancy_rating"

CENTERS: Mapping[str, float] = {
    "log_diameter": 2.0,
    "log_volume": 5.8,
    "texture": 4.6,
    "margin": 4.2,
    "calcification": 5.6,
    "lobulation": 1.7,
    "sphericity": 3.9,
    "spiculation": 1.6,
    "subtlety": 4.2,
    MALIGNANCY: 3.0,
}
SCALES: Mapping[str, float] = {
    "log_diameter": 0.5,
    "log_volume": 1.3,
    "texture": 1.0,
    "margin": 1.0,
    "calcification": 1.1,
    "lobulation": 1.0,
    "sphericity": 0.9,
    "spiculation": 1.0,
    "subtlety": 0.9,
    MALIGNANCY: 1.1,
}
"""About the mean and the SD over LIDC nodules of 3-30 mm (diameter in mm, volume in mm3, ratings from 1 to 5 or 6).
Fixed, so that drawn nodules, folds and shipped weights have the same targets; they only have to be near."""

MASK_OVER_DIAMETER = 1 / 0.884
"""Diameter of the sphere of a mask's volume over the diameter in the table, median of the 696 LIDC volumes: the masks
hold the contour's own pixels. Drawn nodules, whose volume is known, get the volume that such a mask would have."""


def standardised(name: str, value: float | NDArray[np.float64]) -> float | NDArray[np.float64]:
    """Return a target as the network gives it."""
    return (value - CENTERS[name]) / SCALES[name]


def descriptions(pair: FollowUpPair) -> list[float]:
    """Return the nine targets of a record, standardised.

    Raises:
        BundleError: see :func:`stratum`.
    """
    values = {"log_diameter": np.log(stratum(pair, "diameter_mm")), "log_volume": np.log(stratum(pair, "volume_mm3"))}
    values |= {name: stratum(pair, name) for name in RATINGS}
    return [float(standardised(name, values[name])) for name in DESCRIPTIONS]


def malignancy_rating(pair: FollowUpPair) -> float:
    """Return the readers' malignancy rating, standardised."""
    return float(standardised(MALIGNANCY, stratum(pair, MALIGNANCY)))


def stratum(pair: FollowUpPair, name: str) -> float:
    """Return a number that the datalist tells of a record.

    Raises:
        BundleError: it tells none; ``cohort lidc-voi`` writes all that are used here where masks are there.
    """
    value = pair.strata.get(name)
    if not isinstance(value, int | float):
        raise BundleError(
            f"its stratum {name} is {value!r}, expected a number",
            record=f"pair {pair.name}",
            remedy="Make the cohort by `cohort lidc-voi` from a folder with labels and masks.",
        )
    return float(value)
