"""A whole CT scan in memory, with the affine that says where it lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Volume:
    """A CT scan.

    Attributes:
        array: HU, float32, shape (I, J, K) = (columns, rows, slices).
        affine: (4, 4) from (i, j, k, 1) to LPS mm; voxel centres are at whole numbers. Its columns need not be
            at right angles: a scan with a tilted gantry keeps its true, sheared affine.
        findings: what the reader noticed and could live with, one sentence each.
    """

    array: NDArray[np.float32]
    affine: NDArray[np.float64]
    findings: tuple[str, ...] = ()
