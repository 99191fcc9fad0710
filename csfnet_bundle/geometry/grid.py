"""The ROI's sampling grid: where its voxels lie around a nodule point."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import BundleError

LARGEST_ROI = 1 << 27
"""Voxels of the largest ROI: 512 x 512 x 512, a whole chest at 0.7 mm; a larger size is a typing error."""


@dataclass(frozen=True)
class RoiGrid:
    """A box of voxels along the patient's axes with the nodule point at its centre.

    Array axes are (D, H, W): D to superior (+z), H to posterior (+y), W to the patient's left (+x). The point lies at
    index (size - 1) / 2 of every axis: between the two middle voxels of an even size. This is the bundle's grid
    convention (docs/data.md); placing the point on a voxel instead moves every value by half a voxel.

    Attributes:
        center: the nodule point, LPS mm, (x, y, z).
        size: voxels along (D, H, W).
        spacing: mm along (D, H, W).

    Raises:
        BundleError: size or spacing is not three positive numbers, or there are more than :data:`LARGEST_ROI` voxels.
    """

    center: tuple[float, float, float]
    size: tuple[int, int, int] = (16, 64, 64)
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        if len(self.size) != 3 or min(self.size) < 1:
            raise BundleError(f"ROI size {self.size} is not three positive numbers (D, H, W)")
        if prod(self.size) > LARGEST_ROI:
            raise BundleError(
                f"ROI size {self.size} is {prod(self.size)} voxels, expected at most {LARGEST_ROI}",
                remedy="Give the size in voxels (D, H, W).",
            )
        if len(self.spacing) != 3 or not all(0 < mm < float("inf") for mm in self.spacing):
            raise BundleError(f"ROI spacing {self.spacing} is not three positive mm (D, H, W)")

    def axes(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return the z of every d, the y of every h and the x of every w, LPS mm, shapes (D,), (H,), (W,)."""
        z, y, x = (
            center + (np.arange(size, dtype=np.float64) - (size - 1) / 2) * spacing
            for center, size, spacing in zip(self.center[::-1], self.size, self.spacing, strict=True)
        )
        return z, y, x

    @property
    def affine(self) -> NDArray[np.float64]:
        """(4, 4) from (d, h, w, 1) to LPS mm (x, y, z, 1)."""
        z, y, x = self.axes()
        matrix = np.zeros((4, 4))
        matrix[2, 0], matrix[1, 1], matrix[0, 2] = self.spacing
        matrix[:, 3] = x[0], y[0], z[0], 1.0
        return matrix


@dataclass(frozen=True)
class Roi:
    """The voxels of a :class:`RoiGrid`, resampled from a scan.

    Attributes:
        array: HU, float32, shape (D, H, W); :data:`csfnet_bundle.geometry.resample.OUTSIDE_HU` where the grid leaves
            the scan.
        affine: (4, 4) from (d, h, w, 1) to LPS mm.
        findings: what the reader noticed and could live with, one sentence each.
    """

    array: NDArray[np.float32]
    affine: NDArray[np.float64]
    findings: tuple[str, ...] = ()

    @property
    def center(self) -> NDArray[np.float64]:
        """The middle, where the nodule point lies, LPS mm, (3,)."""
        middle = (np.array(self.array.shape) - 1) / 2
        return np.asarray((self.affine @ [*middle, 1.0])[:3])
