"""How one method's volumes and masks agree with the truth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Row = Mapping[str, Any]

CLOSE, FAR = 0.25, 2.0
"""A volume is close within 25 % of the truth, and far off from twice or half of it on."""
LOW_DICE = 0.5


def agreement(rows: Sequence[Row], method: str) -> dict[str, float]:
    """Return how one method agrees with the truth; a nodule that it did not find counts as Dice 0 and volume 0."""
    if not rows:
        return {}
    ratio = np.array([volume_of(row, method) / row["true_mm3"] for row in rows])
    figures = ratio_figures(ratio)
    true = np.cbrt([row["true_mm3"] for row in rows])
    found = np.cbrt(ratio) * true
    if len(rows) > 2 and min(true.std(), found.std()) > 0:
        figures["r_diameter"] = float(np.corrcoef(found, true)[0, 1])
    if "dice" in rows[0]:
        dice = np.array([row["dice"].get(method, 0.0) for row in rows])
        figures |= {"dice_median": float(np.median(dice)), "dice_low": share_of(dice < LOW_DICE)}
    return figures


def ratio_figures(ratio: NDArray[np.float64]) -> dict[str, float]:
    """Return the figures of measured over true volumes, (N,); 0 stands for what was not found."""
    return {
        "ratio_median": float(np.median(ratio)),
        "within_25": share_of(np.abs(ratio - 1) <= CLOSE),
        "over_2": share_of(ratio > FAR),
        "under_half": share_of(ratio < 1 / FAR),
        "not_found": share_of(ratio == 0),
    }


def volume_of(row: Row, method: str) -> float:
    """Return a method's volume in mm3; 0 where it found nothing."""
    return float(row["volumes_mm3"].get(method, 0.0))


def share_of(values: NDArray[np.bool_]) -> float:
    """Return how many of the values are true, 0 to 1; not a number without values."""
    return float(np.mean(values)) if len(values) else math.nan
