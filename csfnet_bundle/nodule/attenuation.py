"""Density of a nodule, and whether it is solid, part-solid or ground glass."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

SOLID_ABOVE_HU = -300.0
"""Between ground glass and soft tissue."""
RIM_VOXELS = 1
"""Left out where enough remains: the rim's voxels hold lung as well, and would make every nodule part-solid."""
LEAST_VOXELS = 8
SMOOTHING_VOXELS = 0.6
"""As the segmentations smooth, so that noise turns no voxel solid."""
SOLID_SHARE, GLASS_SHARE = 0.7, 0.1
"""Solid from the first share of solid voxels on, ground glass below the second."""


class Attenuation(StrEnum):
    """The three types of guidelines."""

    SOLID = "solid"
    PART_SOLID = "part-solid"
    GROUND_GLASS = "ground glass"


@dataclass(frozen=True)
class Density:
    """How dense a nodule is.

    Attributes:
        mean_hu: mean over the mask.
        core_hu: median without the rim.
        solid_share: share of voxels above -300 HU, without the rim.
    """

    mean_hu: float
    core_hu: float
    solid_share: float

    @property
    def attenuation(self) -> Attenuation:
        """The type."""
        if self.solid_share >= SOLID_SHARE:
            return Attenuation.SOLID
        return Attenuation.GROUND_GLASS if self.solid_share < GLASS_SHARE else Attenuation.PART_SOLID


def measure_density(hu: NDArray[np.float32], mask: NDArray[np.bool_]) -> Density:
    """Measure the density inside of a mask.

    Args:
        hu: HU, shape (D, H, W).
        mask: the nodule's voxels, same shape; not empty.
    """
    core = ndimage.binary_erosion(mask, iterations=RIM_VOXELS)
    if core.sum() < LEAST_VOXELS:
        core = mask
    smooth = ndimage.gaussian_filter(hu, SMOOTHING_VOXELS)[core]
    return Density(float(hu[mask].mean()), float(np.median(smooth)), float((smooth > SOLID_ABOVE_HU).mean()))
