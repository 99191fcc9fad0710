"""Another opacity near the place in the earlier scan, which a reader might take for the nodule."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.geometry import Volume
from csfnet_bundle.geometry.resample import OUTSIDE_HU
from csfnet_bundle.scans.local_search import sample
from csfnet_bundle.scans.place_words import offset_words, place_words
from csfnet_bundle.scans.scan import OpenedScan

REACH_MM = 25.0
"""Half width of the cube that is looked at, in voxels of 1 mm; what touches its faces is vessel or chest wall."""

SMOOTHING_MM = 1.0
NEAREST_MM, FARTHEST_MM = 5.0, 20.0
"""Distance of the opacity's centre from the place: nearer it is the nodule, farther nobody mistakes it."""

CONTRAST_SHARE = 0.5
"""Of the nodule's contrast in t1: where the opacity's surface lies."""

VOLUME_MM3 = (30.0, 15_000.0)
"""Of a sphere of 4 mm, and of one of 30 mm: above it is a mass or a piece of wall."""

LARGEST_ELONGATION = 2.0
"""Longest over shortest axis of the ellipsoid with the same moments: a longer thing is a piece of a vessel."""


def nearest_opacity(
    block: Volume, place: NDArray[np.float64], lung_hu: float, contrast: float
) -> tuple[float, NDArray[np.float64]] | None:
    """Return the nearest compact opacity that stands free in the lung: its distance in mm and its centre.

    Args:
        block: HU with their affine, around the place.
        place: LPS mm, shape (3,).
        lung_hu: of the lung around.
        contrast: HU of the nodule above the lung, in t1.

    Returns:
        None where there is none; the centre is LPS mm, shape (3,).
    """
    line = np.arange(-REACH_MM, REACH_MM + 0.5)
    z, y, x = np.meshgrid(line, line, line, indexing="ij")
    offsets = np.stack([x, y, z])
    values = sample(block.array, block.affine, place[:, None, None, None] + offsets, fill=OUTSIDE_HU)
    dense = ndimage.gaussian_filter(values, SMOOTHING_MM) > lung_hu + CONTRAST_SHARE * contrast
    labels, count = ndimage.label(dense)
    faces = [np.take(labels, end, axis=axis) for axis in range(3) for end in (0, -1)]
    outside = set(np.unique(np.concatenate([face.ravel() for face in faces])).tolist())
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    found = []
    for number in range(1, count + 1):
        if number in outside or not VOLUME_MM3[0] <= sizes[number] <= VOLUME_MM3[1]:
            continue
        points = offsets[:, labels == number]
        middle = points.mean(axis=1)
        distance = float(np.linalg.norm(middle))
        axes = np.sqrt(np.linalg.eigvalsh(np.cov(points)))
        if NEAREST_MM <= distance <= FARTHEST_MM and axes[-1] <= LARGEST_ELONGATION * axes[0]:
            found.append((distance, place + middle))
    return min(found, key=lambda one: one[0]) if found else None


def opacity_finding(center: NDArray[np.float64], place: NDArray[np.float64], scan: OpenedScan | None = None) -> str:
    """Return what to say of it.

    Args:
        center: of the opacity, LPS mm, (3,).
        place: where the nodule was found, LPS mm, (3,).
        scan: t0, for the name of the image.
    """
    offset = center - place
    return (
        f"t0 shows another opacity {np.linalg.norm(offset):.0f} mm from the place ({offset_words(offset)}): "
        f"{place_words(scan, center)}. Look which of the two is the nodule."
    )
