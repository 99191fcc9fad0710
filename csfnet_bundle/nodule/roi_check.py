"""Whether the box that the network sees holds the whole nodule."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.alarm import CHECK_INPUT
from csfnet_bundle.nodule.measurement import Measurement

LEAST_CUT_SHARE = 0.02
"""Of the measured volume; less is the rim of a mask, whose voxels are .8 mm wide."""


def cut_share(measurement: Measurement, roi_affine: NDArray[np.float64], roi_size: tuple[int, int, int]) -> float:
    """Return the share of the measured nodule that lies outside of the ROI's voxels.

    Args:
        measurement: the nodule.
        roi_affine: (4, 4) from (d, h, w, 1) of the ROI to LPS mm of the same scan.
        roi_size: voxels along (D, H, W).
    """
    voxels = np.argwhere(measurement.mask)
    index = np.column_stack([voxels, np.ones(len(voxels))]) @ (np.linalg.inv(roi_affine) @ measurement.cube.affine).T
    outside = ((index[:, :3] < -0.5) | (index[:, :3] > np.array(roi_size) - 0.5)).any(axis=1)
    return float(outside.mean())


def cut_finding(
    name: str, measurement: Measurement, roi_affine: NDArray[np.float64], roi_size: tuple[int, int, int]
) -> str | None:
    """Return what to say where the ROI cuts the nodule; None where it does not.

    Args:
        name: the scan.
        measurement: see :func:`cut_share`.
        roi_affine: see :func:`cut_share`.
        roi_size: see :func:`cut_share`.
    """
    share = cut_share(measurement, roi_affine, roi_size)
    if share < LEAST_CUT_SHARE:
        return None
    depth, height, width = np.linalg.norm(roi_affine[:3, :3], axis=0) * np.array(roi_size)
    return (
        f"{name}: {CHECK_INPUT}: the ROI of {width:g} x {height:g} x {depth:g} mm cuts the nodule; {share:.0%} of its "
        "measured volume lies outside."
    )
