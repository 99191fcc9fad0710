"""The arrays behind a case's pictures, checked, and the three planes through the nodule point."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.report.attention_map import attention_in_even_shares, attention_on_roi, attention_stride


class Plane(StrEnum):
    """A section through the nodule point."""

    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"


@dataclass(frozen=True)
class CaseImages:
    """What the network saw of a pair, and where it looked.

    Attributes:
        image: ROIs of t0 and t1, values in [0, 1], shape (2, D, H, W).
        attention: the network's attention on its coarse grid, shape (d, h, w); None for a network without one.
        spacing: mm along (D, H, W).
        window: HU that became 0 and 1.
        explanation: how much the log odds change where a cube around each voxel is replaced by lung, shape (D, H, W);
            None where it was not asked for.

    Raises:
        BundleError: arrays of other shapes, or attention that is negative, all zero or not finite.
    """

    image: NDArray[np.floating]
    attention: NDArray[np.floating] | None = None
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    window: tuple[float, float] = (-1200.0, 600.0)
    explanation: NDArray[np.floating] | None = None

    def __post_init__(self) -> None:
        if self.image.ndim != 4 or self.image.shape[0] != 2:
            raise BundleError(f"image has shape {self.image.shape}, expected (2, D, H, W): t0 and t1")
        if self.explanation is not None and self.explanation.shape != self.size:
            raise BundleError(f"the explanation has shape {self.explanation.shape}, expected {self.size}")
        if self.attention is None:
            return
        if self.attention.ndim != 3:
            raise BundleError(f"attention has shape {self.attention.shape}, expected (d, h, w)")
        if not np.isfinite(self.attention).all() or self.attention.min() < 0 or self.attention.max() == 0:
            raise BundleError("attention is negative, zero or not finite", remedy="Give weights of a softmax.")
        attention_stride(self.attention.shape, self.size)

    @property
    def size(self) -> tuple[int, int, int]:
        """Voxels along (D, H, W)."""
        depth, height, width = self.image.shape[1:]
        return depth, height, width

    def hounsfield(self, channel: int) -> NDArray[np.float64]:
        """Return t0 (channel 0) or t1 (1) in HU as far as the window kept them, shape (D, H, W)."""
        low, high = self.window
        return low + np.asarray(self.image[channel], dtype=np.float64) * (high - low)

    def attention_shares(self) -> NDArray[np.float64]:
        """Return the attention on the ROI's voxels in even shares, shape (D, H, W).

        Raises:
            BundleError: this network gave none.
        """
        if self.attention is None:
            raise BundleError("there is no attention map", remedy="Draw the case without one.")
        return attention_on_roi(self.attention, self.size)

    @property
    def cell_mm(self) -> tuple[float, ...] | None:
        """Distance between two cells of the attention along (D, H, W) in mm; None without attention."""
        if self.attention is None:
            return None
        stride = attention_stride(self.attention.shape, self.size)
        return tuple(stride * mm for mm in self.spacing)

    @property
    def highest_share(self) -> float | None:
        """The largest attention of a cell, in even shares; None without attention."""
        return None if self.attention is None else float(attention_in_even_shares(self.attention).max())


def section(volume: NDArray[np.float64], plane: Plane) -> NDArray[np.float64]:
    """Cut ``volume`` (D, H, W) through its centre, where the nodule point is.

    An even size has its centre between two voxels; the section is then the mean of both.

    Returns:
        Rows from top to bottom and columns from left to right as a radiologist expects them: axial (H, W) seen from the
        feet, coronal (D, W) seen from the front, sagittal (D, H) seen from the patient's left; superior is up.
    """
    axis = {Plane.AXIAL: 0, Plane.CORONAL: 1, Plane.SAGITTAL: 2}[plane]
    length = volume.shape[axis]
    middle = np.take(volume, [(length - 1) // 2, length // 2], axis=axis).mean(axis=axis)
    return middle if plane is Plane.AXIAL else middle[::-1]
