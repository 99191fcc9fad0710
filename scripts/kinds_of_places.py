"""Places of a kind in a scan of the whole chest, by a rule each: air, chest wall, bone, pleura, lung, vessel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.geometry import RoiGrid, sample_grid
from csfnet_bundle.scans.lungs import find_lungs
from csfnet_bundle.scans.scan import OpenedScan

STEP_MM = 2.0
"""Of the grid on which places are chosen: a vessel of 4 mm keeps its density on it."""
BODY_ABOVE_HU = -400.0
NODULE_FREE_MM = 36.0
"""Half of the diagonal of a ROI of 24 x 48 x 48 mm: it shows nothing of a nodule whose surface is farther away."""

Mask = NDArray[np.bool_]
Values = NDArray[np.float32]
Nodule = tuple[NDArray[np.float64], float]
"""Centre, LPS mm, and diameter, mm."""


@dataclass(frozen=True)
class Chest:
    """A scan on a grid of :data:`STEP_MM`, with what the rules ask of each place; all arrays are (D, H, W).

    Attributes:
        hu: the scan.
        body_mm: depth below the skin, negative outside of the body.
        lung_mm: depth in the closed lungs, negative outside of them.
        nodule_mm: distance from the surface of the nearest nodule that a reader marked.
    """

    hu: Values
    body_mm: Values
    lung_mm: Values
    nodule_mm: Values


@dataclass(frozen=True)
class Kind:
    """A kind of places.

    Attributes:
        rule: in words.
        holds: which places of a chest obey it.
    """

    rule: str
    holds: Callable[[Chest], Mask]


KINDS = {
    "air outside of the body": Kind(
        "-1100 to -900 HU, 10 mm or more outside of the skin",
        lambda chest: _between(chest.hu, -1100, -900) & (chest.body_mm <= -10),
    ),
    "chest wall": Kind(
        "fat or soft tissue (-150 to 150 HU), at most 25 mm below the skin, 8 to 30 mm outside of the lungs",
        lambda chest: _between(chest.hu, -150, 150) & _between(chest.body_mm, 2, 25) & _between(chest.lung_mm, -30, -8),
    ),
    "soft tissue deep in the body": Kind(
        "-20 to 150 HU, 40 mm or more below the skin, 20 mm or more outside of the lungs",
        lambda chest: _between(chest.hu, -20, 150) & (chest.body_mm >= 40) & (chest.lung_mm <= -20),
    ),
    "bone": Kind(
        "300 HU or more, at most 30 mm below the skin (contrast medium lies deeper), outside of the lungs",
        lambda chest: (chest.hu >= 300) & _between(chest.body_mm, 2, 30) & (chest.lung_mm < 0),
    ),
    "pleura": Kind(
        "half lung, half tissue (-600 to -200 HU) at most 4 mm from the lungs' surface, no nodule within 36 mm",
        lambda chest: _between(chest.hu, -600, -200) & (np.abs(chest.lung_mm) <= 4) & _without_nodule(chest),
    ),
    "lung without a nodule": Kind(
        "-700 HU or less, 10 mm or more deep in the lungs, no nodule within 36 mm",
        lambda chest: (chest.hu <= -700) & (chest.lung_mm >= 10) & _without_nodule(chest),
    ),
    "vessel in lung": Kind(
        "-300 HU or more, 10 mm or more deep in the lungs, no nodule within 36 mm",
        lambda chest: (chest.hu >= -300) & (chest.lung_mm >= 10) & _without_nodule(chest),
    ),
}


def draw_places(
    scan: OpenedScan, nodules: Sequence[Nodule], roi_mm: Sequence[float], count: int, generator: np.random.Generator
) -> dict[str, NDArray[np.float64]]:
    """Draw so many places of each kind, LPS mm, (count, 3).

    Args:
        scan: of the whole chest.
        nodules: all that readers marked in it.
        roi_mm: lengths (D, H, W) of the ROI, which must lie within the scan.
        count: places of a kind.
        generator: of the draw.

    Raises:
        Refusal: the scan cannot be read, or shows no lungs.
    """
    thinned = scan.read_thinned()
    last = np.array(thinned.grid.size) - 1.0
    depth, height, width = (round(n * mm / STEP_MM) + 1 for n, mm in zip(last, thinned.grid.spacing, strict=True))
    grid = RoiGrid(thinned.grid.center, (depth, height, width), (STEP_MM,) * 3)
    volume = scan.read_volume()
    lungs = sample_grid(find_lungs(thinned).mask.astype(np.float32), thinned.grid.affine, grid, fill=0.0) > 0.5
    chest = chest_on(grid, sample_grid(volume.array, volume.affine, grid), lungs, nodules)
    inside = roi_inside(grid.size, roi_mm)
    places = {}
    for name, kind in KINDS.items():
        found = np.argwhere(kind.holds(chest) & inside)
        chosen = found[generator.choice(len(found), count, replace=False)]
        places[name] = chosen @ grid.affine[:3, :3].T + grid.affine[:3, 3]
    return places


def chest_on(grid: RoiGrid, hu: Values, lungs: Mask, nodules: Sequence[Nodule]) -> Chest:
    """Return what the rules ask of each place of a grid of :data:`STEP_MM`."""
    z, y, x = np.meshgrid(*grid.axes(), indexing="ij", sparse=True)
    nearest = np.full(hu.shape, np.inf, np.float32)
    for (at_x, at_y, at_z), diameter in nodules:
        away = np.sqrt((x - at_x) ** 2 + (y - at_y) ** 2 + (z - at_z) ** 2) - diameter / 2
        nearest = np.minimum(nearest, away.astype(np.float32))
    return Chest(hu, _depth(_body(hu)), _depth(lungs), nearest)


def roi_inside(size: Sequence[int], roi_mm: Sequence[float]) -> Mask:
    """Return where a ROI around a place lies within a grid of so many voxels of :data:`STEP_MM`."""
    inside = np.zeros(size, bool)
    margins = [int(np.ceil(mm / 2 / STEP_MM)) for mm in roi_mm]
    inside[tuple(slice(margin, n - margin) for margin, n in zip(margins, size, strict=True))] = True
    return inside


def _body(hu: Values) -> Mask:
    """Return the largest part that is not air, with its holes filled slice by slice, so that the lungs belong to it."""
    labels, _ = ndimage.label(hu > BODY_ABOVE_HU)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.stack([ndimage.binary_fill_holes(part) for part in labels == sizes.argmax()])


def _depth(mask: Mask) -> Values:
    """How deep inside of the mask each place lies, mm; negative outside of it."""
    inside, outside = (ndimage.distance_transform_edt(part, sampling=STEP_MM) for part in (mask, ~mask))
    return np.asarray(inside - outside, dtype=np.float32)


def _between(values: Values, low: float, high: float) -> Mask:
    return np.asarray((values >= low) & (values <= high))


def _without_nodule(chest: Chest) -> Mask:
    return np.asarray(chest.nodule_mm >= NODULE_FREE_MM)
