"""A reference without a network: segmentation by threshold, seven measurements a scan, logistic regression.

A network has to earn its place against it. It takes any ROI array in HU, phantom or real.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import (
    binary_dilation,
    binary_opening,
    distance_transform_edt,
    gaussian_filter,
    generate_binary_structure,
    label,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FEATURES = ("log_volume", "mean_hu", "deviation_hu", "solid_share", "shell_density", "shell_deviation", "surface")
"""Measurements of one nodule, see :func:`nodule_features`."""
SMOOTHING = 0.6
"""Voxels. Takes noise off before the threshold, so that single voxels of lung do not pass."""
ABOVE_LUNG_HU = 140.0
"""The threshold lies so far above the ROI's own lung: beyond noise and texture (about 35 HU, less when smoothed), and
half way to ground glass."""
HIGHEST_LUNG_HU = -650.0
"""Denser voxels do not count as lung when its density is measured."""
LUNG_DISTANCE_MM = 6.0
"""Lung is measured farther from the point than this."""
DEFAULT_LUNG_HU = -860.0
"""For a ROI that shows no lung."""
SOLID_HU = -250.0
"""Between ground glass and soft tissue."""
LARGEST_RADIUS_MM = 24.0
"""What lies farther from the point is chest wall or vessel."""
SEARCH_RADIUS_MM = 4.0
"""How far from the point the nodule's own voxels may begin."""
SHELL_MM = (1.4, 4.5)
"""Where spicules are looked for, measured from the nodule's surface."""
SOFT_TISSUE_STEP_HU = 800.0
"""From lung to soft tissue: the unit of the shell's density."""
RIDGE = 0.3
"""Inverse strength of the penalty, for about 30 features and a few hundred pairs."""
DEFAULTS = {"cigsmok": 0.5, "gender": 1.5, "age": 61.0}
"""The variables that are taken as numbers, and what stands in for a missing one: the middle of NLST."""
LEVELS = {"race": (2, 3, 4, 5, 6), "scr_res0": (1, 3, 4), "scr_iso0": (1, 3, 4)}
"""NLST codes that get an indicator each; every other code, and a missing one, is the reference level."""


def pair_features(
    roi_t0: NDArray[np.float32], roi_t1: NDArray[np.float32], spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
) -> NDArray[np.float64]:
    """Return the measurements of both scans, shape (14,): :data:`FEATURES` of t0, then of t1; ROIs in HU (D, H, W)."""
    return np.concatenate([nodule_features(roi_t0, spacing), nodule_features(roi_t1, spacing)])


def nodule_features(
    roi: NDArray[np.float32], spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
) -> NDArray[np.float64]:
    """Return :data:`FEATURES` of the nodule in one ROI, shape (7,).

    The logarithm of its body's volume in mm3; mean and standard deviation of its HU; the share of it denser than
    -250 HU; mean density (0 lung, 1 soft tissue) and standard deviation in HU of the shell around it, where spicules
    are; and its surface against that of the sphere of its volume.

    Args:
        roi: HU, shape (D, H, W), the nodule point at its centre.
        spacing: mm along (D, H, W).
    """
    nodule, body, lung = segment(roi, spacing)
    voxel = float(np.prod(spacing))
    radius = (3 * nodule.sum() * voxel / (4 * np.pi)) ** (1 / 3)
    values = roi[nodule]
    away = distance_transform_edt(~body, sampling=spacing)
    shell = roi[(away > SHELL_MM[0]) & (away < SHELL_MM[1])]
    faces = [np.diff(nodule, axis=axis).sum() * voxel / step for axis, step in enumerate(spacing)]
    return np.array(
        [
            np.log(body.sum() * voxel),
            values.mean(),
            values.std(),
            (values > SOLID_HU).mean(),
            np.clip((shell - lung) / SOFT_TISSUE_STEP_HU, 0, 1).mean(),
            shell.std(),
            float(np.sum(faces)) / (4 * np.pi * radius**2),
        ]
    )


def segment(
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


def clinical_features(records: Sequence[Mapping[str, object]]) -> NDArray[np.float64]:
    """Return the six variables' NLST codes as numbers and indicators, shape (N, 14)."""
    rows = []
    for record in records:
        numbers = [
            default if record.get(name) is None else float(str(record[name])) for name, default in DEFAULTS.items()
        ]
        rows.append(numbers + [float(record.get(name) == code) for name, codes in LEVELS.items() for code in codes])
    return np.array(rows)


def simple_reference_scores(
    training: NDArray[np.float64], labels: Sequence[int] | NDArray[np.integer], test: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Fit a logistic regression on the training pairs' features and return the test pairs' log odds, shape (M,).

    Args:
        training: features, shape (N, F): :func:`pair_features`, :func:`clinical_features`, or both side by side.
        labels: 1 malignant, 0 benign, shape (N,).
        test: features, shape (M, F).
    """
    model = make_pipeline(StandardScaler(), LogisticRegression(C=RIDGE, max_iter=1000))
    return np.asarray(model.fit(training, labels).decision_function(test))
