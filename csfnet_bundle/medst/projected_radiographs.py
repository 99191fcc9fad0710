"""Radiographs projected from CT: what a nodule's surroundings would look like on a frontal and a lateral film."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.inputs import RoiSettings

SURROUNDINGS = RoiSettings(size=(64, 128, 128), spacing=(1.0, 1.0, 1.0))
"""What is projected: so many mm around the nodule, along (z, y, x). Not the whole chest, whose end a cohort's scans
need not hold; what lies beyond the scan counts as air."""
WATER_ATTENUATION = 0.01929
"""Of water at 70 keV, 1/mm: 0.1929 cm^2/g (Hubbell and Seltzer, NIST Standard Reference Database 126)."""
AIR = -1000.0
"""HU."""
WHITE = 65535
"""Of 16 bits."""

LEAST_COVERED = 0.59
"""Of the surroundings along each axis, that a scan must reach: a nodule may lie 6 mm below the scan's top. A crop that
just holds the ROI does not reach it."""

Image = NDArray[np.uint16]


def project_radiographs(surroundings: NDArray[np.floating], spacing: float) -> dict[str, Image]:
    """Return parallel projections of a CT as 16-bit pictures, white where nothing comes through.

    A voxel's attenuation is that of water times (HU + 1000) / 1000; a picture's brightness is one minus the share of
    the beam that comes through, ``1 - exp(-sum of attenuation * mm)`` (Beer and Lambert). There is no scatter, and no
    beam that spreads.

    Args:
        surroundings: HU, (D, H, W), axes (z, y, x), directions LPS.
        spacing: mm between voxels along y and x.

    Returns:
        ``frontal`` (D, W) along y, seen from the front: the patient's left is at the right; ``lateral`` (D, H) along x,
        seen from the patient's left: the front is at the left. The head is up in both.
    """
    density = np.clip((surroundings.astype(np.float64) - AIR) / -AIR, 0, None)
    pictures = {}
    for view, axis in (("frontal", 1), ("lateral", 2)):
        path = density.sum(axis=axis) * spacing  # mm of water
        brightness = 1 - np.exp(-WATER_ATTENUATION * path)
        pictures[view] = np.round(brightness[::-1] * WHITE).astype(np.uint16)  # z grows towards the head
    return pictures


def covered_share(surroundings: NDArray[np.floating]) -> float:
    """Return the share of the surroundings (D, H, W) that the scan reaches along the axis where it is least.

    Beyond a scan all is air; within one, some voxel of each slice is denser.
    """
    dense = surroundings > AIR
    return min(float(dense.any(axis=others).mean()) for others in ((1, 2), (0, 2), (0, 1)))
