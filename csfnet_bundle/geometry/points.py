"""Nodule points and the three spaces they can be given in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import BundleError

LPS_FROM_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""Homogeneous matrix from RAS mm (NIfTI, MONAI) to LPS mm (DICOM), and back: it is its own inverse."""


class Space(StrEnum):
    """The space of a point's three numbers."""

    LPS = "LPS"
    """mm; x to the patient's left, y to posterior, z to superior (DICOM, ITK, LUNA25)."""
    RAS = "RAS"
    """mm; x to the patient's right, y to anterior, z to superior (NIfTI, MONAI, 3D Slicer's display)."""
    VOXEL = "voxel"
    """(i, j, k) = (column, row, slice), centres at whole numbers; slices counted along the stack's normal."""


_SPACES = {space.value: space for space in Space}


@dataclass(frozen=True, slots=True)
class Point:
    """A nodule's place in one scan: three finite numbers and the space that they are in.

    Raises:
        BundleError: unknown space, not three numbers, or a number that is not finite.
    """

    coordinates: tuple[float, float, float]
    space: Space

    def __post_init__(self) -> None:
        object.__setattr__(self, "coordinates", three_numbers(self.coordinates, "point"))
        object.__setattr__(self, "space", _space(self.space))

    @classmethod
    def at_lps(cls, place: NDArray[np.float64]) -> Point:
        """Return the point at a place (3,) in LPS mm."""
        x, y, z = (float(value) for value in place)
        return cls((x, y, z), Space.LPS)

    def lps(self, affine: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the point in LPS mm, shape (3,); ``affine`` (4, 4) takes (i, j, k, 1) of its scan to LPS mm."""
        homogeneous = np.array([*self.coordinates, 1.0])
        if self.space is Space.RAS:
            homogeneous = LPS_FROM_RAS @ homogeneous
        elif self.space is Space.VOXEL:
            homogeneous = affine @ homogeneous
        return homogeneous[:3]


def _space(value: object) -> Space:
    if isinstance(value, Space):
        return value
    try:
        return _SPACES[str(value)]
    except KeyError:
        raise BundleError(f"space {value!r} is not known", remedy="Use LPS, RAS (both mm) or voxel.") from None


def three_numbers(values: Sequence[object] | str, what: str) -> tuple[float, float, float]:
    """Return three finite numbers, also from the text ``X,Y,Z``.

    Args:
        values: what was given.
        what: how a message calls it.

    Raises:
        BundleError: not three numbers, or one that is not finite.
    """
    parts: Sequence[object] = values.split(",") if isinstance(values, str) else values
    try:
        x, y, z = map(float, parts)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise BundleError(f"{what} {values!r} is not three numbers", remedy="Give it as X,Y,Z.") from None
    if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(z)):
        raise BundleError(f"{what} {values!r} is not finite", remedy="Give three finite numbers X,Y,Z.")
    return x, y, z
