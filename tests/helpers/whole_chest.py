"""A whole chest of two lungs with vessels, small enough to be matched in a second, and files of it."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nibabel
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.geometry import Volume
from csfnet_bundle.geometry.points import LPS_FROM_RAS

SPACING = (2.2, 2.2, 2.5)
SHAPE = (142, 110, 100)
VESSELS = 420


@cache
def make_whole_chest(
    seed: int = 0, size: float = 1.0, nodule: tuple[float, float, float] | None = None, radius: float = 4.5
) -> Volume:
    """A body of 290 x 200 mm with two lungs of 210 mm; vessels as short tubes, and a nodule (of 9 mm) where asked.

    Made once, and read only.
    """
    rng = np.random.default_rng(seed)
    affine = np.diag([*SPACING, 1.0])
    affine[:3, 3] = [-(n - 1) / 2 * mm for n, mm in zip(SHAPE, SPACING, strict=True)]
    places = places_of(affine, SHAPE)
    x, y, z = places / size
    hu = np.where((x / 145) ** 2 + (y / 100) ** 2 < 1, 40.0, -1000.0)
    lungs = np.zeros(SHAPE, bool)
    for side in (-1, 1):
        lungs |= ((x - 70 * side) / 55) ** 2 + (y / 75) ** 2 + ((z + 4 * side) / 105) ** 2 < 1
    hu[lungs] = -850.0
    inside = np.argwhere(lungs)
    for _ in range(VESSELS):
        start = (affine @ [*inside[rng.integers(len(inside))], 1.0])[:3]
        along = rng.normal(size=3) * 7.0
        draw_tube(hu, affine, start - along, start + along, float(rng.uniform(1.3, 3.0)), lungs)
    if nodule is not None:
        draw_tube(hu, affine, np.array(nodule), np.array(nodule) + 0.01, radius, lungs)
    hu += ndimage.gaussian_filter(rng.standard_normal(SHAPE), 0.6) * 30
    array = hu.astype(np.float32)
    array.flags.writeable = False
    return Volume(array, affine)


def places_of(affine: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """LPS mm of every voxel, (3, I, J, K)."""
    index = np.stack(np.meshgrid(*(np.arange(n, dtype=float) for n in shape), indexing="ij"))
    return np.tensordot(affine[:3, :3], index, axes=1) + affine[:3, 3][:, None, None, None]


def draw_tube(
    hu: NDArray[np.float64],
    affine: NDArray[np.float64],
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    radius: float,
    lungs: NDArray[np.bool_],
) -> None:
    ends = np.stack([start, end])
    inverse = np.linalg.inv(affine)
    index = (inverse[:3, :3] @ ends.T + inverse[:3, 3:]).T
    reach = np.ceil((radius + 3) / np.diag(affine)[:3])
    low = np.clip(np.floor(index.min(axis=0) - reach), 0, np.array(hu.shape) - 1).astype(int)
    high = np.clip(np.ceil(index.max(axis=0) + reach) + 1, 1, hu.shape).astype(int)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    moved = affine.copy()
    moved[:3, 3] = (affine @ [*low, 1.0])[:3]
    places = places_of(moved, hu[box].shape)
    axis = end - start
    along = np.clip(np.tensordot(axis, places - start[:, None, None, None], axes=1) / (axis @ axis), 0, 1)
    nearest = start[:, None, None, None] + along * axis[:, None, None, None]
    distance = np.sqrt(((places - nearest) ** 2).sum(axis=0))
    share = np.clip((radius - distance) / 2.0 + 0.5, 0, 1) * lungs[box]
    hu[box] = hu[box] * (1 - share) + 30.0 * share


@dataclass(frozen=True)
class Move:
    """A known motion of a chest: turned, shifted, and breathed in by some mm at the base."""

    degrees: float = 3.0
    shift: tuple[float, float, float] = (7.0, -5.0, 9.0)
    breath: float = 6.0

    @property
    def matrix(self) -> NDArray[np.float64]:
        """(4, 4) from the source to the moved chest, without the breath."""
        angle = np.radians(self.degrees)
        matrix = np.eye(4)
        matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        matrix[:3, 3] = self.shift
        return matrix

    def forward(self, place: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where a place of the source lies in the moved chest; LPS mm, (3, ...)."""
        breathed = place.copy()
        breathed[2] = place[2] + self.breath * (place[2] - 100) / 200
        moved = np.tensordot(self.matrix[:3, :3], breathed, axes=1)
        return moved + self.matrix[:3, 3].reshape(3, *(1,) * (place.ndim - 1))

    def backward(self, place: NDArray[np.float64]) -> NDArray[np.float64]:
        """The inverse of :meth:`forward`."""
        inverse = np.linalg.inv(self.matrix)
        still = np.tensordot(inverse[:3, :3], place, axes=1) + inverse[:3, 3].reshape(3, *(1,) * (place.ndim - 1))
        still[2] = (still[2] + self.breath / 2) / (1 + self.breath / 200)
        return still


def moved_chest(
    source: Volume, move: Move, affine: NDArray[np.float64] | None = None, shape: tuple[int, int, int] = SHAPE
) -> Volume:
    """The chest as another scan of any geometry shows it."""
    affine = source.affine if affine is None else affine
    places = move.backward(places_of(affine, shape))
    inverse = np.linalg.inv(source.affine)
    index = np.tensordot(inverse[:3, :3], places, axes=1) + inverse[:3, 3][:, None, None, None]
    values = ndimage.map_coordinates(source.array, index, order=1, cval=-1000.0)
    return Volume(values.astype(np.float32), affine)


def write_nifti(volume: Volume, path: Path) -> Path:
    """Write int16 HU with the true affine, sheared or not."""
    image = nibabel.Nifti1Image(np.rint(volume.array).astype(np.int16), LPS_FROM_RAS @ volume.affine)
    image.header.set_xyzt_units("mm")
    nibabel.save(image, path)
    return path
