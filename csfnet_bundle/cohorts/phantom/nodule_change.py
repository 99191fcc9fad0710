"""What happens to a nodule between two scans of a simulated follow-up: it grows, shrinks, or is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.cohorts.phantom.followup import followup_slices, grown, removed, removed_slices, simulate_nodule
from csfnet_bundle.geometry import Volume


@dataclass(frozen=True)
class NoduleChange:
    """A change of one nodule.

    Attributes:
        ratio: volume in the second scan over volume in the first; 0 where it is gone.
        volume_mm3: in the first scan.
        point: the nodule point in the second scan before the patient moves, LPS mm, shape (3,).
        of: makes the changed scan of one without noise.
        slices: yields the second scan's slices with fresh noise: HU, float32, shape (I, J).
    """

    ratio: float
    volume_mm3: float
    point: NDArray[np.float64]
    of: Callable[[Volume], Volume]
    slices: Callable[[np.random.Generator], Iterator[NDArray[np.float32]]]


def grown_nodule(
    volume: Volume, center: NDArray[np.float64], ratio: float, record: str, known: NDArray[np.bool_] | None
) -> NoduleChange:
    """Return a growth; see :func:`csfnet_bundle.cohorts.phantom.followup.simulate_nodule` for arguments and errors."""
    nodule = simulate_nodule(volume, center, ratio, record, known=known)
    return NoduleChange(
        ratio,
        nodule.volume_mm3,
        nodule.point,
        of=lambda smooth: grown(smooth, nodule.growth),
        slices=lambda rng: followup_slices(volume, nodule.growth, rng),
    )


def removed_nodule(volume: Volume, center: NDArray[np.float64], known: NDArray[np.bool_]) -> NoduleChange:
    """Return a removal of the voxels ``known``, shape (I, J, K); the centre is LPS mm, shape (3,)."""
    voxel = abs(float(np.linalg.det(volume.affine[:3, :3])))
    return NoduleChange(
        0.0,
        float(known.sum()) * voxel,
        np.asarray(center, dtype=float),
        of=lambda smooth: removed(smooth, known),
        slices=lambda rng: removed_slices(volume, known, rng),
    )
