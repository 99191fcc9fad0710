"""Which voxels around a point are the nodule: a threshold segmentation that cuts off the chest wall and vessels.

It serves the simulation of follow-ups, where it decides what grows; it is no measuring tool for patients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.core.errors import BundleError

LUNG_BELOW_HU = -500.0
"""Air and lung lie below, soft tissue above: the usual threshold of lung segmentation."""

PARENCHYMA_BELOW_HU = -700.0
"""Lung without vessels and haze, of which the background's level is taken."""

SMOOTHING_MM = 0.7
"""Standard deviation of the smoothing before thresholds, so that noise makes no holes."""

CORE_RADIUS_MM = 2.0
"""The nodule's own level is the median this near to the point."""

SEARCH_RADIUS_MM = 6.0
"""How far from the point the nodule's thickest place may be: readers' centres differ by that much in large nodules."""

LEAST_CONTRAST_HU = 120.0
"""A nodule that is less above the lung around it cannot be told from noise at low dose."""

LUNG_NEARBY_MM = 35.0
"""The lung of the nodule has voxels this near to the point."""

ROLLING_BALL_MM = 16.0
"""Radius of the closing that puts dents of the lung's surface (nodules at the pleura) back into the lung."""

CUT_STEP_MM = 0.5
"""Steps in which necks are cut until what hangs on the nodule has come off."""

FIRST_CUT = 0.4
"""Necks up to this share of that ball's radius are cut in any case: vessels that run through the nodule."""

LONGEST_REACH = 2.2
"""Largest distance from the nodule's thickest place to its rim, over the radius of the ball that fits in there: 1 for
a ball, 2 for a flat nodule at the pleura; more is a vessel or the wall."""

LONGEST_REACH_OF_HAZE = 2.9
"""The same for ground glass, whose outline is ragged."""

HAZE_BELOW_HU, HAZE_RANGE_HU = -300.0, 400.0
"""A nodule whose core is lighter than the first is ground glass; what is denser than it by the second (a vessel or a
solid neighbour in touch with it) does not belong to it unless the haze surrounds it."""


@dataclass(frozen=True)
class NoduleMask:
    """The nodule in a box of isotropic voxels.

    Attributes:
        nodule: which voxels are the nodule, shape (D, H, W).
        lung: which voxels are inside the lung's closed surface, nodule included, shape (D, H, W).
        spacing: mm between voxels.
    """

    nodule: NDArray[np.bool_]
    lung: NDArray[np.bool_]
    spacing: float

    @property
    def volume_mm3(self) -> float:
        """The nodule's volume in mm^3."""
        return float(self.nodule.sum()) * self.spacing**3

    @property
    def center(self) -> NDArray[np.float64]:
        """The nodule's centre of mass as (d, h, w)."""
        return np.array(ndimage.center_of_mass(self.nodule))


def segment_nodule(values: NDArray[np.float32], spacing: float, record: str = "") -> NoduleMask:
    """Segment the nodule at the centre of a box.

    Args:
        values: HU, shape (D, H, W), isotropic voxels; the nodule point is at index (size - 1) / 2.
        spacing: mm between voxels.
        record: which series, for errors.

    Raises:
        BundleError: no lung near the point, or nothing at the point that is denser than it.
    """
    smooth = ndimage.gaussian_filter(values, SMOOTHING_MM / spacing)
    distance = _distance_to_center(values.shape, spacing)
    near_lung = (smooth < PARENCHYMA_BELOW_HU) & (distance < LUNG_NEARBY_MM)
    if not near_lung.any():
        raise BundleError("there is no lung near the point", record=record, remedy="Check the point and its space.")
    background = float(np.median(smooth[near_lung]))
    core = float(np.median(smooth[distance <= CORE_RADIUS_MM]))
    if core - background < LEAST_CONTRAST_HU:
        raise BundleError(
            f"there is no nodule at the point: {core:.0f} HU there, {background:.0f} HU in the lung around it",
            record=record,
            remedy=f"Give the centre of a nodule at least {LEAST_CONTRAST_HU:.0f} HU above the lung.",
        )
    lung = closed_lung(smooth < LUNG_BELOW_HU, distance, spacing, ROLLING_BALL_MM)
    # A nodule of mixed density may be thin at its centre: half of the way to soft tissue is the highest threshold.
    tissue = (smooth > min((core + background) / 2, LUNG_BELOW_HU)) & lung
    longest = LONGEST_REACH
    if core < HAZE_BELOW_HU:
        tissue &= ndimage.binary_fill_holes(tissue & (smooth < core + HAZE_RANGE_HU))
        longest = LONGEST_REACH_OF_HAZE
    nodule = _cut_necks(tissue, distance, spacing, longest)
    if nodule is None:
        raise BundleError(
            "the point lies in the chest wall or in a vessel, not in a nodule inside the lung",
            record=record,
            remedy="Check the point and its space.",
        )
    return NoduleMask(nodule=nodule, lung=lung | nodule, spacing=spacing)


def lung_around(values: NDArray[np.float32], nodule: NDArray[np.bool_], spacing: float) -> NoduleMask:
    """Return a mask that is known already, with the closed lung around it.

    Args:
        values: HU, shape (D, H, W), isotropic voxels.
        nodule: which voxels are the nodule, same shape.
        spacing: mm between voxels.
    """
    smooth = ndimage.gaussian_filter(values, SMOOTHING_MM / spacing)
    distance = _distance_to_center(values.shape, spacing)
    lung = closed_lung(smooth < LUNG_BELOW_HU, distance, spacing, ROLLING_BALL_MM)
    return NoduleMask(nodule=nodule, lung=lung | nodule, spacing=spacing)


def _distance_to_center(shape: tuple[int, ...], spacing: float) -> NDArray[np.float64]:
    axes = [(np.arange(n) - (n - 1) / 2) * spacing for n in shape]
    return np.sqrt(sum(axis**2 for axis in np.meshgrid(*axes, indexing="ij", sparse=True)))


def closed_lung(
    air: NDArray[np.bool_], distance: NDArray[np.float64], spacing: float, ball_mm: float
) -> NDArray[np.bool_]:
    """Return the lung that has most voxels near the point, its surface closed by a rolling ball, shape (D, H, W).

    Args:
        air: which voxels are as light as lung, shape (D, H, W).
        distance: mm from the point, same shape.
        spacing: mm between voxels.
        ball_mm: the ball's radius.
    """
    labels, _ = ndimage.label(air)
    counts = np.bincount(labels[distance < LUNG_NEARBY_MM])
    counts[0] = 0
    lung = labels == counts.argmax()
    grown = ndimage.distance_transform_edt(~lung, sampling=spacing) <= ball_mm
    padded = np.pad(grown, 1, mode="edge")  # the box cuts the lung: its faces are no surface
    closed: NDArray[np.bool_] = ndimage.distance_transform_edt(padded, sampling=spacing)[1:-1, 1:-1, 1:-1]
    filled: NDArray[np.bool_] = ndimage.binary_fill_holes((closed > ball_mm) | lung)
    return filled


def _cut_necks(
    tissue: NDArray[np.bool_], distance: NDArray[np.float64], spacing: float, longest: float
) -> NDArray[np.bool_] | None:
    """The part of the tissue around its thickest place near the centre, without what hangs on by a neck."""
    depth = ndimage.distance_transform_edt(tissue, sampling=spacing)
    thickest = np.unravel_index(np.where(distance <= SEARCH_RADIUS_MM, depth, 0).argmax(), depth.shape)
    radius = depth[thickest]
    if radius <= 0:
        return None
    offsets = [(np.arange(n) - place) * spacing for n, place in zip(depth.shape, thickest, strict=True)]
    reach = np.sqrt(sum(o**2 for o in np.meshgrid(*offsets, indexing="ij", sparse=True)))
    for cut in np.arange(FIRST_CUT * radius, radius, CUT_STEP_MM):
        labels, _ = ndimage.label(depth > cut)
        part = labels == labels[thickest]
        if reach[part].max() + cut <= longest * radius:
            back: NDArray[np.float64] = ndimage.distance_transform_edt(~part, sampling=spacing)
            return tissue & (back <= cut + spacing / 2)
    return tissue & (reach <= radius)
