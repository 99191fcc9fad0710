"""The segmentation by one threshold that version 0.1 measured with, kept to compare with: nothing else uses it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_opening, gaussian_filter, generate_binary_structure, label

SMOOTHING = 0.6
"""Voxels."""
ABOVE_LUNG_HU = 140.0
HIGHEST_LUNG_HU = -650.0
LUNG_DISTANCE_MM = 6.0
DEFAULT_LUNG_HU = -860.0
LARGEST_RADIUS_MM = 24.0
SEARCH_RADIUS_MM = 4.0


def segment_by_threshold(
    roi: NDArray[np.float32], spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], float]:
    """Return the nodule's voxels, its body without what is thin, and the density of the lung around it.

    The nodule is what is denser than lung, connected, and begins near the ROI's centre; an opening with
    the 18-neighbourhood cuts thin vessels off. Where nothing is dense there, the middle voxels stand for the nodule.

    Args:
        roi: HU, shape (D, H, W), the nodule point at its centre.
        spacing: mm along (D, H, W).

    Returns:
        Two masks of the ROI's shape, and HU.
    """
    axes = [(np.arange(size) - (size - 1) / 2) * step for size, step in zip(roi.shape, spacing, strict=True)]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    distance = np.sqrt(z**2 + y**2 + x**2)
    smooth = gaussian_filter(roi, SMOOTHING)
    background = smooth[(distance > LUNG_DISTANCE_MM) & (smooth < HIGHEST_LUNG_HU)]
    lung = float(np.median(background)) if background.size else DEFAULT_LUNG_HU
    dense = (smooth > lung + ABOVE_LUNG_HU) & (distance < LARGEST_RADIUS_MM)
    for candidate in (binary_opening(dense, generate_binary_structure(3, 2)), dense):
        parts, count = label(candidate)
        near = np.bincount(parts[distance < SEARCH_RADIUS_MM], minlength=count + 1)
        near[0] = 0
        if near.any():
            body: NDArray[np.bool_] = parts == near.argmax()
            return binary_dilation(body, generate_binary_structure(3, 1)) & dense, body, lung
    middle = distance <= distance.min() + max(spacing) / 2
    return middle, middle, lung
