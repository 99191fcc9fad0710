"""A reference without a network: classical segmentation, seven measurements a scan, logistic regression.

A network has to earn its place against it. It takes any ROI array in HU, phantom or real.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from csfnet_bundle.geometry import Point, Space, Volume
from csfnet_bundle.geometry.resample import OUTSIDE_HU
from csfnet_bundle.nodule.classical import lung_level_of, segment_classical
from csfnet_bundle.nodule.cube import Cube, cube_of_volume
from csfnet_bundle.records import clinical_numbers

FEATURES = ("log_volume", "mean_hu", "deviation_hu", "solid_share", "shell_density", "shell_deviation", "surface")
"""Measurements of one nodule, see :func:`nodule_features`."""
CUBE_VOXELS, CUBE_SPACING_MM = 48, 1.0
"""Cube around the ROI's middle: more than any nodule, in the edge of the default ROI's voxels."""
DEFAULT_LUNG_HU = -860.0
"""For a ROI that shows no lung."""
SOLID_HU = -250.0
"""Between ground glass and soft tissue."""
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

    The logarithm of its volume in mm3; mean and standard deviation of its HU; the share of it denser than
    -250 HU; mean density (0 lung, 1 soft tissue) and standard deviation in HU of the shell around it, where spicules
    are; and its surface against that of the sphere of its volume.

    Args:
        roi: HU, shape (D, H, W), the nodule point at its centre.
        spacing: mm along (D, H, W).
    """
    cube = nodule_of_roi(roi, spacing)
    nodule = segment_classical(cube)
    if nodule is None or not nodule.any():  # nothing is dense there: the middle voxels stand for the nodule
        nodule = cube.distance_mm() < cube.spacing_mm
    lung = lung_level_of(cube.hu, cube.distance_mm())
    lung = DEFAULT_LUNG_HU if lung is None else lung
    radius = (3 * nodule.sum() * cube.voxel_mm3 / (4 * np.pi)) ** (1 / 3)
    values = cube.hu[nodule]
    away = distance_transform_edt(~nodule, sampling=cube.spacing_mm)
    shell = cube.hu[(away > SHELL_MM[0]) & (away < SHELL_MM[1])]
    faces = [np.diff(nodule, axis=axis).sum() * cube.spacing_mm**2 for axis in range(3)]
    return np.array(
        [
            np.log(nodule.sum() * cube.voxel_mm3),
            values.mean(),
            values.std(),
            (values > SOLID_HU).mean(),
            np.clip((shell - lung) / SOFT_TISSUE_STEP_HU, 0, 1).mean(),
            shell.std(),
            float(np.sum(faces)) / (4 * np.pi * radius**2),
        ]
    )


def nodule_of_roi(roi: NDArray[np.float32], spacing: tuple[float, float, float]) -> Cube:
    """Return the cube of 48 mm in voxels of 1 mm around the middle of a ROI.

    Planes at the ROI's faces that lie outside of the scan are no lung: they are left out, and continued as what lies
    beyond the ROI.

    Args:
        roi: HU, shape (D, H, W), the nodule point at its centre.
        spacing: mm along (D, H, W).
    """
    known = roi > OUTSIDE_HU
    spans = []
    for axis, size in enumerate(roi.shape):
        planes = np.flatnonzero(known.any(axis=tuple(other for other in range(3) if other != axis)))
        low, high = (int(planes[0]), int(planes[-1]) + 1) if planes.size else (0, size)
        spans.append(slice(min(low, (size - 1) // 2), max(high, size // 2 + 1)))
    affine = np.diag([*spacing[::-1], 1.0])
    first = np.array([span.start for span in spans[::-1]])
    affine[:3, 3] = first * spacing[::-1]
    middle = [(size - 1) / 2 * edge for size, edge in zip(roi.shape[::-1], spacing[::-1], strict=True)]
    volume = Volume(roi[tuple(spans)].transpose(2, 1, 0), affine)
    point = Point((middle[0], middle[1], middle[2]), Space.LPS)
    return cube_of_volume(volume, point, size=CUBE_VOXELS, spacing_mm=CUBE_SPACING_MM)


def clinical_features(records: Sequence[Mapping[str, object]]) -> NDArray[np.float64]:
    """Return the six variables' NLST codes as numbers and indicators, shape (N, 14).

    Values are read as the network's tokens are: numbers or text, ``.N`` and the like missing.

    Raises:
        BundleError: a value that no code explains.
    """
    rows = []
    for numbers in map(clinical_numbers, records):
        levels = [float(numbers.get(name) == code) for name, codes in LEVELS.items() for code in codes]
        rows.append([numbers.get(name, default) for name, default in DEFAULTS.items()] + levels)
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
