"""What the readers of the single formats hand over: a header that has been checked, and blocks of voxels on demand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import Refusal, RefusalCode

Index = tuple[int, int, int]
"""A voxel index (i, j, k)."""

SMALLEST_AXIS = 2
"""Voxels along each axis below which nothing can be interpolated there."""

LARGEST_AXIS = 4096
"""Voxels along an axis above which a header is taken to be wrong; CT matrices end at 2048, chest series below 2500."""

LARGEST_VOLUME = 1 << 30
"""Voxels in all above which a header is taken to be wrong, before anything is allocated (4 GiB as float32)."""

SMALLEST_VOXEL_MM, LARGEST_VOXEL_MM = 0.05, 20.0
"""Voxel sizes of chest CT with a wide margin; outside, the header's unit is not mm or its affine is damaged."""

SMALLEST_BOX_RATIO = 0.1
"""Smallest volume of a voxel over the product of its edges: 1 is right-angled, a gantry tilt of 30 degrees 0.87; near
0 the axes no longer span space."""


@dataclass(frozen=True)
class VolumeFile:
    """An opened file.

    Attributes:
        path: the file.
        shape: (I, J, K).
        affine: (4, 4) from (i, j, k, 1) to LPS mm.
        read_block: takes ``start`` and ``stop`` (i, j, k), returns the values between them, shape stop - start.
        findings: what was noticed and could be lived with, one sentence each.
        is_compressed: whether a block costs as much as the whole file.
    """

    path: Path
    shape: Index
    affine: NDArray[np.float64]
    read_block: Callable[[Index, Index], NDArray[np.generic]]
    findings: tuple[str, ...] = ()
    is_compressed: bool = False


def block_reader(
    read_slices: Callable[[int, int], NDArray[np.generic]],
) -> Callable[[Index, Index], NDArray[np.generic]]:
    """Return a reader of blocks on top of one of whole slices (first k, one past the last) -> (I, J, K)."""

    def read_block(start: Index, stop: Index) -> NDArray[np.generic]:
        (i0, j0, k0), (i1, j1, k1) = start, stop
        block: NDArray[np.generic] = read_slices(k0, k1)[i0:i1, j0:j1]
        return block

    return read_block


def check_header(path: Path, shape: Sequence[int], affine: NDArray[np.float64]) -> Index:
    """Check a header before anything is allocated, and return its shape (I, J, K).

    Raises:
        Refusal: ``NO_GEOMETRY`` (not three axes; an affine that is not finite, flat, or not in mm),
            ``TOO_FEW_SLICES``, ``TOO_LARGE``.
    """
    if len(shape) != 3:
        raise refusal(
            RefusalCode.NO_GEOMETRY,
            path,
            f"it has {len(shape)} axes {tuple(shape)}, expected three",
            ONE_VOLUME,
            axes=len(shape),
        )
    i, j, k = (int(n) for n in shape)
    if not np.isfinite(affine).all():
        raise refusal(RefusalCode.NO_GEOMETRY, path, "its affine is not finite", CONVERT_AGAIN)
    edges = np.linalg.norm(affine[:3, :3], axis=0)
    if edges.min() < SMALLEST_VOXEL_MM or edges.max() > LARGEST_VOXEL_MM:
        problem = f"its voxels measure {np.array2string(edges, precision=4)} mm"
        raise refusal(RefusalCode.NO_GEOMETRY, path, problem, CONVERT_AGAIN, voxel_mm=edges.tolist())
    ratio = abs(float(np.linalg.det(affine[:3, :3]))) / float(edges.prod())
    if ratio < SMALLEST_BOX_RATIO:
        raise refusal(
            RefusalCode.NO_GEOMETRY, path, "the axes of its affine span no volume", CONVERT_AGAIN, ratio=ratio
        )
    if min(i, j, k) < SMALLEST_AXIS:
        problem = f"it has {i} x {j} x {k} voxels, expected at least {SMALLEST_AXIS} along each axis"
        raise refusal(RefusalCode.TOO_FEW_SLICES, path, problem, "Give a CT volume.", shape=[i, j, k])
    if max(i, j, k) > LARGEST_AXIS or i * j * k > LARGEST_VOLUME:
        problem = f"its header claims {i} x {j} x {k} voxels"
        remedy = f"At most {LARGEST_AXIS} along an axis and {LARGEST_VOLUME} in all are read."
        raise refusal(RefusalCode.TOO_LARGE, path, problem, remedy, shape=[i, j, k])
    return i, j, k


ONE_VOLUME = "Write the one volume that is meant to a file of its own."
CONVERT_AGAIN = "Convert the series again with a converter that keeps its geometry, or give the DICOM folder."


def refusal(code: RefusalCode, path: Path, problem: str, remedy: str, **figures: object) -> Refusal:
    """Make a refusal of a file, which stands for the series."""
    return Refusal(code, problem, series=str(path), record=str(path), remedy=remedy, figures=figures)


def unreadable(path: Path, error: Exception) -> Refusal:
    """Make the refusal of a file that its library cannot read."""
    reason = str(error).strip().splitlines()
    problem = f"it cannot be read: {reason[-1] if reason else type(error).__name__}"
    return refusal(RefusalCode.UNREADABLE_SLICE, path, problem, "Copy or convert the file again; it may be cut off.")
