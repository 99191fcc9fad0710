"""Whether the box that the network sees holds the whole nodule, and whether a better click would."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.alarm import CHECK_INPUT, CHECK_POINT
from csfnet_bundle.nodule.measurement import Measurement
from csfnet_bundle.scans.place_words import offset_words, place_words
from csfnet_bundle.scans.scan import OpenedScan

LEAST_CUT_SHARE = 0.02
"""Of the measured volume; less is the rim of a mask, whose voxels are .8 mm wide."""


def cut_share(measurement: Measurement, roi_affine: NDArray[np.float64], roi_size: tuple[int, int, int]) -> float:
    """Return the share of the measured nodule that lies outside of the ROI's voxels.

    Args:
        measurement: the nodule.
        roi_affine: (4, 4) from (d, h, w, 1) of the ROI to LPS mm of the same scan.
        roi_size: voxels along (D, H, W).
    """
    return _share_outside(_roi_index(measurement, roi_affine), roi_size)


def cut_finding(
    name: str,
    measurement: Measurement,
    roi_affine: NDArray[np.float64],
    roi_size: tuple[int, int, int],
    scan: OpenedScan | None = None,
) -> str | None:
    """Return what to say where the ROI cuts the nodule; None where it does not.

    A ROI that would hold the nodule from its centre is a matter of the click; one that would not is too small.

    Args:
        name: the scan.
        measurement: see :func:`cut_share`.
        roi_affine: see :func:`cut_share`.
        roi_size: see :func:`cut_share`.
        scan: names the image of the nodule's centre.
    """
    index = _roi_index(measurement, roi_affine)
    share = _share_outside(index, roi_size)
    if share < LEAST_CUT_SHARE:
        return None
    middle, center = (np.array(roi_size) - 1) / 2, (index.min(axis=0) + index.max(axis=0)) / 2
    centered = _share_outside(index - center + middle, roi_size)
    depth, height, width = np.linalg.norm(roi_affine[:3, :3], axis=0) * np.array(roi_size)
    roi = f"the ROI of {width:g} x {height:g} x {depth:g} mm"
    place = place_words(scan, (roi_affine @ [*center, 1.0])[:3])
    if centered >= LEAST_CUT_SHARE:
        is_better = round(centered, 2) < round(share, 2)
        from_center = f", {centered:.0%} with the ROI on its centre ({place})" if is_better else ""
        return (
            f"{name}: {CHECK_INPUT}: the nodule is larger than {roi}, which cuts it; {share:.0%} of its measured "
            f"volume lies outside{from_center}."
        )
    offset = roi_affine[:3, :3] @ (center - middle)
    return (
        f"{name}: {CHECK_POINT}: the nodule's centre lies {np.linalg.norm(offset):.1f} mm off the click "
        f"({offset_words(offset)}), so that {roi} cuts it; {share:.0%} of its measured volume lies outside. Click its "
        f"centre: {place}."
    )


def _roi_index(measurement: Measurement, roi_affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the index (d, h, w) in the ROI of each of the nodule's voxels, (N, 3)."""
    voxels = np.argwhere(measurement.mask)
    index = np.column_stack([voxels, np.ones(len(voxels))]) @ (np.linalg.inv(roi_affine) @ measurement.cube.affine).T
    return np.asarray(index[:, :3])


def _share_outside(index: NDArray[np.float64], roi_size: tuple[int, int, int]) -> float:
    return float(((index < -0.5) | (index > np.array(roi_size) - 0.5)).any(axis=1).mean())
