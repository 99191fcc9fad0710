"""A handful of statistics of a pair's two ROIs: enough to tell air, chest wall and two places from a nodule."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.scans.presence import LUNG_BELOW_HU

CLIPPED_HU = (-1100.0, 400.0)
"""Below lie paddings, above contrast medium, bone and metal: none says whether a lung nodule is shown."""
AIR_BELOW_HU = -950.0
TISSUE_ABOVE_HU = -300.0
CORE_MM = 3.0
"""Radius of the ball at the point."""
SMOOTHING_MM = 2.0
"""Of the images whose likeness is judged: noise and half a voxel of motion then count little."""
LEAST_DEVIATION_HU = 1.0
"""Of an image that is no constant; a constant one is like nothing."""

OF_ONE = (
    "mean",
    "deviation",
    "low",
    "median",
    "high",
    "air_share",
    "tissue_share",
    "core",
    "core_over_lung",
    "rim_tissue",
)
"""Of one ROI: mean, standard deviation, 10th, 50th and 90th percentile, share of air and of tissue, mean within 3 mm of
the point, the same above the lung around, share of tissue at the ROI's surface."""
OF_BOTH = ("likeness", "tissue_likeness", "difference")
"""Correlation of both ROIs, smoothed; share of tissue that both have in common; mean absolute difference."""
STATISTICS = (*(f"{scan}_{name}" for scan in ("t0", "t1") for name in OF_ONE), *OF_BOTH)


def pair_statistics(rois: NDArray[np.float32], spacing: tuple[float, float, float]) -> NDArray[np.float64]:
    """Return :data:`STATISTICS` of a pair's ROIs, shape (S,); HU statistics in units of 1000 HU.

    Args:
        rois: HU, (2, D, H, W), t0 and t1.
        spacing: mm along (D, H, W).
    """
    clipped, core = _clipped(rois), _distance(rois.shape[1:], spacing) <= CORE_MM
    smooth = np.stack([ndimage.gaussian_filter(roi, [SMOOTHING_MM / mm for mm in spacing]) for roi in clipped])
    return np.array([*_of_one(clipped[0], core), *_of_one(clipped[1], core), *_of_both(smooth)])


def scan_statistics(values: NDArray[np.float32], spacing: tuple[float, float, float]) -> NDArray[np.float64]:
    """Return :data:`OF_ONE` of one ROI, shape (10,); HU statistics in units of 1000 HU.

    Args:
        values: HU, (D, H, W).
        spacing: mm along (D, H, W).
    """
    return np.array(_of_one(_clipped(values), _distance(values.shape, spacing) <= CORE_MM))


def _of_one(roi: NDArray[np.float64], core: NDArray[np.bool_]) -> list[float]:
    low, median, high = np.percentile(roi, (10, 50, 90))
    tissue = roi > TISSUE_ABOVE_HU
    lung = roi[roi < LUNG_BELOW_HU]
    around = float(np.median(lung)) if lung.size else LUNG_BELOW_HU
    middle = float(roi[core].mean())
    rim = np.ones(roi.shape, bool)
    rim[tuple(slice(1, -1) for _ in range(3))] = False
    hounsfield = [roi.mean(), roi.std(), low, median, high]
    shares = [float((roi < AIR_BELOW_HU).mean()), float(tissue.mean())]
    heights = [middle / 1000, (middle - around) / 1000, float(tissue[rim].mean())]
    return [*(float(value) / 1000 for value in hounsfield), *shares, *heights]


def _clipped(values: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray(np.clip(values.astype(np.float64), *CLIPPED_HU))


def _of_both(smooth: NDArray[np.float64]) -> list[float]:
    first, second = smooth
    deviations = first.std(), second.std()
    product = float(((first - first.mean()) * (second - second.mean())).mean())
    likeness = product / (deviations[0] * deviations[1]) if min(deviations) > LEAST_DEVIATION_HU else 0.0
    tissue = smooth > TISSUE_ABOVE_HU
    either = int(tissue.any(axis=0).sum())
    common = int(tissue.all(axis=0).sum()) / either if either else 0.0
    return [likeness, common, float(np.abs(first - second).mean()) / 1000]


def _distance(shape: tuple[int, ...], spacing: tuple[float, float, float]) -> NDArray[np.float64]:
    """Distance of each voxel from the ROI's middle, mm."""
    axes = [(np.arange(size) - (size - 1) / 2) * mm for size, mm in zip(shape, spacing, strict=True)]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    return np.asarray(np.sqrt(x**2 + y**2 + z**2))
