"""What references without a network know of a pair: segmented nodules, size and density, and the box of a volume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.geometry.resample import OUTSIDE_HU
from csfnet_bundle.inputs import RoiCache
from csfnet_bundle.nodule.simple_reference import FEATURES, pair_features
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.scans.volume_files.read import open_volume_file

Features = NDArray[np.float64]

DIAMETER = "diameter_mm"
"""Key of the datalist's strata: the nodule's diameter at t1."""
DENSITIES = ("mean_hu", "deviation_hu", "tenth_percentile_hu", "maximum_hu")
LOW_PERCENTILE = 10
LARGEST_BOX_MM = 150.0
"""A volume that is shorter than this along every axis was cut out around its nodule: no chest is so small."""


@dataclass(frozen=True)
class Measured:
    """Pairs with what can be measured in their scans without a network.

    Attributes:
        pairs: the pairs.
        images: what the classical segmentation measures in their ROIs, (N, 14): those of t0, then those of t1.
        densities: :data:`DENSITIES` at t1 in the sphere of the recorded diameter, (N, 4); NaN without a diameter.
        boxes: extents of t1's volume along its axes in mm, (N, 3); NaN where it is no box around the nodule.
    """

    pairs: tuple[FollowUpPair, ...]
    images: Features
    densities: Features
    boxes: Features

    @classmethod
    def of(cls, pairs: Sequence[FollowUpPair], folder: Path, cache: RoiCache) -> Measured:
        """Measure every pair, with a progress bar."""
        images, densities, boxes = [], [], []
        spacing = cache.settings.spacing
        with progress_bar("measuring nodules", len(pairs)) as advance:
            for pair in pairs:
                image, density = measure_rois(cache.read(pair, folder).array, spacing, recorded_diameter(pair))
                images.append(image)
                densities.append(density)
                boxes.append(box_extents(folder / pair.t1.path))
                advance(1)
        count = len(images)
        return cls(
            tuple(pairs),
            np.array(images).reshape(count, 2 * len(FEATURES)),
            np.array(densities).reshape(count, len(DENSITIES)),
            np.array(boxes).reshape(count, 3),
        )

    def joined(self, other: Measured) -> Measured:
        """Return these pairs followed by another cohort's."""
        arrays = (
            np.concatenate([getattr(self, name), getattr(other, name)]) for name in ("images", "densities", "boxes")
        )
        return Measured(self.pairs + other.pairs, *arrays)

    def of_pairs(self, pairs: Sequence[FollowUpPair]) -> Measured:
        """Return the part that is these pairs, in their order."""
        place = {pair.name: number for number, pair in enumerate(self.pairs)}
        rows = [place[pair.name] for pair in pairs]
        return Measured(tuple(pairs), self.images[rows], self.densities[rows], self.boxes[rows])


def measure_rois(
    rois: NDArray[np.float32], spacing: tuple[float, float, float], diameter_mm: float | None
) -> tuple[Features, Features]:
    """Return a pair's ``images``, shape (14,), and ``densities``, shape (4,), of :class:`Measured`.

    Args:
        rois: HU, shape (2, D, H, W), channel 0 = t0, the nodule points at their centres.
        spacing: mm along (D, H, W).
        diameter_mm: of the nodule at t1; None where it is not known.
    """
    before, after = rois
    densities = np.full(len(DENSITIES), np.nan)
    if diameter_mm is not None:
        densities = sphere_densities(after, spacing, diameter_mm)
    return pair_features(before, after, spacing), densities


def recorded_diameter(pair: FollowUpPair) -> float | None:
    """Return the datalist's diameter at t1, mm; None where it has none."""
    value = pair.strata.get(DIAMETER)
    return float(value) if isinstance(value, int | float) and value > 0 else None


def sphere_densities(
    roi: NDArray[np.float32], spacing: tuple[float, float, float], diameter_mm: float
) -> NDArray[np.float64]:
    """Return :data:`DENSITIES` of the voxels within a sphere around the ROI's centre, shape (4,).

    Padding is no density and is left out, unless there is nothing else; the sphere holds the middle voxels at least.

    Args:
        roi: HU, (D, H, W), the nodule point at its centre.
        spacing: mm along (D, H, W).
        diameter_mm: of the sphere.
    """
    axes = [(np.arange(size) - (size - 1) / 2) * step for size, step in zip(roi.shape, spacing, strict=True)]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    distance = np.sqrt(z**2 + y**2 + x**2)
    inside = roi[distance <= max(diameter_mm / 2, float(distance.min()))]
    values = inside[inside > OUTSIDE_HU] if (inside > OUTSIDE_HU).any() else inside
    return np.array([values.mean(), values.std(), np.percentile(values, LOW_PERCENTILE), values.max()], np.float64)


def box_extents(path: Path) -> NDArray[np.float64]:
    """Return a volume's extents along its axes in mm, shape (3,); NaN for DICOM and for a whole scan.

    Raises:
        BundleError: the file is not there or cannot be read.
    """
    if path.is_dir():
        return np.full(3, np.nan)
    file = open_volume_file(path)
    extents = np.linalg.norm(file.affine[:3, :3], axis=0) * np.array(file.shape)
    return extents if extents.max() < LARGEST_BOX_MM else np.full(3, np.nan)
