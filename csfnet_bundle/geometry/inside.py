"""Whether a nodule point lies in a scan, and what the user probably meant when it does not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.geometry.points import Point, Space
from csfnet_bundle.geometry.resample import HALF_VOXEL

ROUNDING = 1e-3
"""Voxels granted on top: points typed with two or three decimals, on a face of the scan."""


def is_inside(point: Point, affine: NDArray[np.float64], shape: Sequence[int]) -> bool:
    """Say whether the point lies in the box of a scan's voxels.

    Args:
        point: the nodule point.
        affine: (4, 4) from the scan's (i, j, k, 1) to LPS mm.
        shape: the scan's (I, J, K).
    """
    index = _voxel(point, affine)
    margin = HALF_VOXEL + ROUNDING
    return bool(np.all(index >= -margin) and np.all(index <= np.array(shape) - 1 + margin))


def check_point_inside(
    point: Point, affine: NDArray[np.float64], shape: Sequence[int], *, series: str = "", record: str = ""
) -> NDArray[np.float64]:
    """Return the point in LPS mm, shape (3,), if it lies in the scan.

    Args:
        point: the nodule point.
        affine: (4, 4) from the scan's (i, j, k, 1) to LPS mm.
        shape: the scan's (I, J, K).
        series: SeriesInstanceUID or path, for the refusal.
        record: where the point stands, for the refusal.

    Raises:
        Refusal: ``POINT_OUTSIDE``; says so when the same numbers in another space (the signs of x and y exchanged for
            LPS and RAS) lie inside.
    """
    if is_inside(point, affine, shape):
        return point.lps(affine)
    index = _voxel(point, affine)
    low, high = bounds_lps(affine, shape)
    meant = [
        space
        for space in (Space.LPS, Space.RAS, Space.VOXEL)
        if space is not point.space and is_inside(Point(point.coordinates, space), affine, shape)
    ]
    problem = (
        f"the point {_numbers(point.coordinates)} ({point.space}) lies outside the scan, at voxel {_numbers(index)} "
        f"of {tuple(int(n) for n in shape)}; the scan reaches from {_numbers(low)} to {_numbers(high)} in LPS mm"
    )
    remedy = "Check the point, its space and that it belongs to this series."
    if meant:
        how = " or ".join(
            f"as {space}" + (" (x and y with the other sign)" if {space, point.space} == {Space.LPS, Space.RAS} else "")
            for space in meant
        )
        remedy = f"The same numbers read {how} lie inside: declare the space they are in."
    raise Refusal(
        RefusalCode.POINT_OUTSIDE,
        problem,
        series=series,
        record=record,
        remedy=remedy,
        figures={
            "point": list(point.coordinates),
            "space": str(point.space),
            "voxel": index.tolist(),
            "shape": [int(n) for n in shape],
            "inside_as": [str(space) for space in meant],
        },
    )


def bounds_lps(affine: NDArray[np.float64], shape: Sequence[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the smallest and the largest LPS mm that the scan's voxels reach, two arrays of shape (3,)."""
    last = np.array(shape, dtype=float) - 1 + HALF_VOXEL
    ends = [(-HALF_VOXEL, end) for end in last]
    corners = np.array([[i, j, k, 1.0] for i in ends[0] for j in ends[1] for k in ends[2]])
    places = (affine @ corners.T)[:3]
    return places.min(axis=1), places.max(axis=1)


def _voxel(point: Point, affine: NDArray[np.float64]) -> NDArray[np.float64]:
    index: NDArray[np.float64] = (np.linalg.inv(affine) @ [*point.lps(affine), 1.0])[:3]
    return index


def _numbers(values: Sequence[float] | NDArray[np.float64]) -> str:
    return "(" + ", ".join(f"{value:.2f}".rstrip("0").rstrip(".") for value in values) + ")"
