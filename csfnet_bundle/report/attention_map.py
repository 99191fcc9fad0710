"""The network's attention, brought from its coarse grid to the ROI's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from csfnet_bundle.core.errors import BundleError

LONGEST_STRIDE = 64
"""Voxels from one cell to the next beyond which no network of this bundle goes; six halvings."""

EVEN_ATTENTION = 1.5
"""Highest attention, in even shares, up to which a map is called even: no cell gets half as much again as the average,
and the eye would take the rest for a focus only because the colours are stretched."""


def attention_in_even_shares(attention: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return ``attention`` (d, h, w) divided by its mean: 1 is what every cell gets if the network has no focus."""
    values = np.asarray(attention, dtype=np.float64)
    return values / values.mean()


def attention_stride(shape: Sequence[int], size: Sequence[int]) -> int:
    """Return how many voxels lie between two cells of a map of ``shape`` (d, h, w) on a ROI of ``size`` (D, H, W).

    An encoder halves its input, rounding up, so the stride is the power of two that leads from one to the other.

    Raises:
        BundleError: no power of two does.
    """
    stride = 1
    while stride <= LONGEST_STRIDE:
        if all(-(-voxels // stride) == cells for cells, voxels in zip(shape, size, strict=True)):
            return stride
        stride *= 2
    raise BundleError(
        f"an attention map of {tuple(shape)} cells does not come from a ROI of {tuple(size)} voxels by halving",
        remedy="Give the map that the network made of this ROI.",
    )


def attention_on_roi(attention: NDArray[np.floating], size: tuple[int, int, int]) -> NDArray[np.float64]:
    """Interpolate a coarse attention map trilinearly on the ROI's voxels.

    Cell o of the map lies at voxel ``stride * o``, not at the middle of a block of ``stride`` voxels: each convolution
    of kernel 3, stride 2 and padding 1 centres its output o on its input 2 o. Stretching the map over the ROI instead
    would show everything (stride - 1) / 2 voxels too far to the left, posterior and superior.

    Args:
        attention: coarse map, shape (d, h, w), not negative.
        size: the ROI's voxels (D, H, W).

    Returns:
        Attention in even shares (1 = the average cell), shape (D, H, W); beyond the outermost cells the nearest value.
    """
    stride = attention_stride(attention.shape, size)
    index = np.stack(np.meshgrid(*(np.arange(n) / stride for n in size), indexing="ij"))  # (3, D, H, W)
    return np.asarray(map_coordinates(attention_in_even_shares(attention), index, order=1, mode="nearest"))
