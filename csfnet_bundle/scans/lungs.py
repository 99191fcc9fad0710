"""The lungs in a thinned scan, as closed regions: vessels, nodules and consolidations inside them included."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.scans.thinned import THINNED_MM, ThinnedScan

AIR_BELOW_HU = -400.0
"""Lung and air lie below, tissue above, at 4 mm where every voxel is a mean of both."""

PART_OF_LARGEST = 0.15
"""Regions of air under this share of the largest are bowel gas, oesophagus or air between arm and chest."""

CLOSING_MM = 10.0
"""Radius of the ball that closes the lungs over vessels, nodules and the hilum."""

SMALLEST_ML = 800.0
"""Closed lungs below this are none: adults have 2,000 to 7,000 ml, the box of a default phantom at most 300 ml of
lung that its edge does not cut. A scan of the lungs' lower half still has as much."""


@dataclass(frozen=True)
class Lungs:
    """Closed lungs.

    Attributes:
        mask: shape (D, H, W) on the thinned scan's grid.
        centroid: LPS mm, shape (3,).
        ml: volume in ml.
    """

    mask: NDArray[np.bool_]
    centroid: NDArray[np.float64]
    ml: float

    @cached_property
    def depth_mm(self) -> NDArray[np.float32]:
        """How deep in the lungs each voxel's centre lies, mm, 0 outside, shape (D, H, W)."""
        depth = np.zeros(self.mask.shape, np.float32)
        box = _box(self.mask, 1)
        depth[box] = ndimage.distance_transform_edt(self.mask[box], sampling=THINNED_MM)
        return depth

    @cached_property
    def distance_mm(self) -> NDArray[np.float32]:
        """How far from the lungs each voxel's centre lies, mm, 0 inside, shape (D, H, W)."""
        distance: NDArray[np.float64] = ndimage.distance_transform_edt(~self.mask, sampling=THINNED_MM)
        return distance.astype(np.float32)


def find_lungs(scan: ThinnedScan, series: str = "", record: str = "") -> Lungs:
    """Find the lungs.

    Args:
        scan: the thinned scan.
        series: SeriesInstanceUID or path, for the refusal.
        record: which scan, for the refusal.

    Raises:
        Refusal: ``NO_LUNGS``: there are none, or the field of view cuts them open all around.
    """
    air = _enclosed_air((scan.array < AIR_BELOW_HU) & scan.in_scan, scan.beside)
    labels, count = ndimage.label(air)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    parts = air & (sizes > PART_OF_LARGEST * sizes.max())[labels]
    mask = _closed(parts) & scan.in_scan
    ml = float(mask.sum()) * THINNED_MM**3 / 1000
    if ml < SMALLEST_ML:
        raise Refusal(
            RefusalCode.NO_LUNGS,
            f"the scan shows {ml:.0f} ml of closed lung, at least {SMALLEST_ML:.0f} ml are needed to match it",
            series=series,
            record=record,
            figures={"lung_ml": round(ml, 1), "needed_ml": SMALLEST_ML, "parts": int(count)},
            remedy="Give a scan of the whole chest, or the nodule's place in t0 by --point0.",
        )
    centroid = (scan.grid.affine @ [*(np.argwhere(mask).mean(axis=0)), 1.0])[:3]
    return Lungs(mask, centroid, ml)


def _enclosed_air(air: NDArray[np.bool_], beside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The air that is not connected to the field of view's edge within its axial slice."""
    # An edge of one voxel all around, so that the background of each slice is one region.
    around = np.pad(air | beside, ((0, 0), (1, 1), (1, 1)), constant_values=True)
    in_slice = np.zeros((3, 3, 3), bool)
    in_slice[1] = ndimage.generate_binary_structure(2, 1)
    labels, _ = ndimage.label(around, structure=in_slice)
    outside = labels == labels[:, :1, :1]
    return air & ~outside[:, 1:-1, 1:-1]


def _closed(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Close by a ball of :data:`CLOSING_MM`; the ends of the scan are no surface."""
    reach = int(np.ceil(CLOSING_MM / THINNED_MM)) + 1
    box = _box(mask, reach)
    padded = np.pad(mask[box], ((reach, reach), (reach, reach), (reach, reach)), mode="edge")
    grown = ndimage.distance_transform_edt(~padded, sampling=THINNED_MM) <= CLOSING_MM
    closed = ndimage.distance_transform_edt(grown, sampling=THINNED_MM) > CLOSING_MM
    inner = slice(reach, -reach)
    result = np.zeros_like(mask)
    result[box] = (closed | padded)[inner, inner, inner]
    return result


def _box(mask: NDArray[np.bool_], margin: int) -> tuple[slice, ...]:
    """Return where the mask is and so many voxels around it: distances need less memory there than in all of the scan.

    They are the same inside of the mask, as long as a layer around it is in the box.
    """
    for parts in ndimage.find_objects(mask.astype(np.uint8)):
        return tuple(slice(max(0, part.start - margin), part.stop + margin) for part in parts)
    return (slice(None),) * mask.ndim
