"""The chest of a phantom subject: lungs with texture and vessels, mediastinum, heart, spine, ribs and chest wall.

Its frame has LPS axes in mm with the origin in the middle of the chest. It stays the same from screen to screen; only
the nodule changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from csfnet_bundle.cohorts.phantom.tubes import Tubes
from csfnet_bundle.cohorts.phantom.vessels import bend_around, grow_vessels

BLOOD_HU, MUSCLE_HU, FAT_HU, BONE_HU, AIR_HU = 42.0, 50.0, -95.0, 330.0, -1000.0
LUNG_HU = (-860.0, 15.0)
"""Mean and standard deviation between subjects, of inflated lung without its visible vessels."""
GRAVITY_HU_PER_MM = 0.25
"""Lung is denser at the back of a patient who lies on it."""
TEXTURE_HU = 22.0
TEXTURE_GRAINS = ((1.2, 0.8), (4.0, 0.6))
"""Standard deviation of the filter (voxels of the tile) and weight of the texture's two scales."""
TILE_STEP = 1.5
TILE_SIZE = 64
"""The texture is a periodic tile of this many voxels of this many mm: far wider than any ROI."""
VESSEL_TARGETS = 1500
"""Terminal vessels of a lung: about 12 mm apart, as dense as a CT of 1-2.5 mm slices shows them."""
EDGE = 1.0
"""mm over which one tissue fades into the next."""
NODULE_DEPTH = (0.4, 0.78)
"""Where nodules lie between the lung's middle (0) and its surface (1), so that vessels or the wall are in view."""
NODULE_HEIGHT = 70.0
HEART_CLEARANCE = 1.5


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid along the patient's axes: centre and half axes, anatomy mm, (x, y, z)."""

    center: tuple[float, float, float]
    half_axes: tuple[float, float, float]

    def radius(self, x: NDArray[np.float32], y: NDArray[np.float32], z: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return 0 at the centre and 1 on the surface, shape (K, J, I), of x and y (J, I) and z (K,)."""
        (cx, cy, cz), (ax, ay, az) = self.center, self.half_axes
        plane = ((x - np.float32(cx)) / np.float32(ax)) ** 2 + ((y - np.float32(cy)) / np.float32(ay)) ** 2
        height = ((z - np.float32(cz)) / np.float32(az)) ** 2
        return np.sqrt(plane[None] + height[:, None, None], dtype=np.float32)

    def inside(self, x: NDArray[np.float32], y: NDArray[np.float32], z: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the share of each voxel inside, 0 to 1, shape (K, J, I)."""
        width = np.float32(min(self.half_axes) / EDGE)
        return np.clip((1 - self.radius(x, y, z)) * width + 0.5, 0, 1)


@dataclass(frozen=True)
class Outline:
    """The large shapes of one subject's chest and the place of the nodule.

    Attributes:
        lungs: right and left.
        heart: covers part of the lungs.
        body: half axes of the body's outline, mm (x, y).
        fat: thickness of the fat under the skin, mm.
        lung_hu: density of the subject's lung.
        nodule: centre of the nodule, anatomy mm, shape (3,).
        lobe: NLST code of its lobe (sct_epi_loc).
    """

    lungs: tuple[Ellipsoid, Ellipsoid]
    heart: Ellipsoid
    body: tuple[float, float]
    fat: float
    lung_hu: float
    nodule: NDArray[np.float64]
    lobe: int


@dataclass(frozen=True)
class Chest:
    """One subject's anatomy.

    Attributes:
        outline: the large shapes.
        texture: the lung's texture in HU, a periodic tile, shape (z, y, x).
        vessels: both trees.
    """

    outline: Outline
    texture: NDArray[np.float32]
    vessels: Tubes


def draw_outline(rng: np.random.Generator) -> Outline:
    """Draw the large shapes of a chest and where its nodule lies."""
    scale = rng.uniform(0.92, 1.08)
    right, left = (
        Ellipsoid((side * 76 * scale, rng.normal(0, 3), 0.0), (60 * scale, 88 * scale, rng.uniform(115, 140)))
        for side in (-1, 1)
    )
    heart = Ellipsoid((22 * scale, -25 * scale, -50.0), (58 * scale, 45 * scale, 60.0))
    side = int(rng.integers(2))
    nodule = _place_nodule((right, left)[side], heart, rng)
    return Outline(
        lungs=(right, left),
        heart=heart,
        body=(172 * scale, 122 * scale),
        fat=rng.uniform(8, 22),
        lung_hu=rng.normal(*LUNG_HU),
        nodule=nodule,
        lobe=_lobe(side, nodule[2]),
    )


def draw_chest(outline: Outline, rng: np.random.Generator) -> Chest:
    """Draw what fills the large shapes: texture and vessels."""
    vessels = Tubes.joined([_lung_vessels(lung, rng) for lung in outline.lungs])
    return Chest(outline, _texture(rng), bend_around(vessels, outline.nodule))


def parenchyma(
    chest: Chest, x: NDArray[np.float32], y: NDArray[np.float32], z: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the lung's HU as if all were lung, without visible vessels, shape (K, J, I)."""
    gravity = np.float32(chest.outline.lung_hu) + y * np.float32(GRAVITY_HU_PER_MM)
    return _sample_tile(chest.texture, x, y, z) + gravity


def surroundings(
    outline: Outline, x: NDArray[np.float32], y: NDArray[np.float32], z: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the HU of everything but lung, and the share of each voxel that is lung, both (K, J, I)."""
    lung = np.maximum(outline.lungs[0].inside(x, y, z), outline.lungs[1].inside(x, y, z))
    lung *= 1 - outline.heart.inside(x, y, z)
    a, b = outline.body
    skin = np.sqrt((x / np.float32(a)) ** 2 + (y / np.float32(b)) ** 2)
    depth = (1 - skin) * np.float32(b)  # mm below the skin, exact in front and behind
    plane = np.where(depth < outline.fat, np.float32(FAT_HU), np.float32(MUSCLE_HU))
    spine = np.sqrt(x**2 + (y - np.float32(0.55 * b)) ** 2)
    plane = np.where(spine < 19, np.float32(BONE_HU - 120), plane)
    plane = np.where((spine < 19) & (spine > 16), np.float32(BONE_HU), plane)
    plane = np.where(depth < 0, np.float32(AIR_HU), plane)
    hu = np.broadcast_to(plane, lung.shape).copy()
    between = np.abs(depth - np.float32(outline.fat + 9)) < 5  # the shell of the chest wall that holds the ribs
    between &= np.abs(x) > 30
    slope = z[:, None] - np.float32(0.45) * y[between] + np.float32(12)
    ribs = np.abs(slope % 26 - 13) < 5.5
    hu[:, between] = np.where(ribs, np.float32(BONE_HU), hu[:, between])
    return hu, lung


def _place_nodule(lung: Ellipsoid, heart: Ellipsoid, rng: np.random.Generator) -> NDArray[np.float64]:
    while True:
        direction = rng.normal(size=3)
        direction /= np.linalg.norm(direction)
        place = np.array(lung.center) + direction * rng.uniform(*NODULE_DEPTH) * np.array(lung.half_axes)
        x, y, z = (np.array([value], np.float32) for value in place)
        if abs(place[2]) < NODULE_HEIGHT and heart.radius(x[:, None], y[:, None], z).item() > HEART_CLEARANCE:
            return place


def _lung_vessels(lung: Ellipsoid, rng: np.random.Generator) -> Tubes:
    center, half_axes = np.array(lung.center), np.array(lung.half_axes)
    hilum = center * (0.55, 1, 1) + (0.0, 5.0, 5.0)
    directions = rng.normal(size=(VESSEL_TARGETS, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    # Up to 3 % under the surface: no visible vessel reaches the pleura.
    targets = center + directions * 0.97 * rng.random((VESSEL_TARGETS, 1)) ** (1 / 3) * half_axes
    return grow_vessels(hilum, targets)


def _texture(rng: np.random.Generator) -> NDArray[np.float32]:
    total = np.zeros((TILE_SIZE,) * 3, np.float32)
    for grain, weight in TEXTURE_GRAINS:
        layer = gaussian_filter(rng.standard_normal(total.shape, np.float32), grain, mode="wrap", truncate=2.5)
        total += np.float32(weight) * layer / layer.std()
    return np.float32(TEXTURE_HU) * total


def _sample_tile(
    tile: NDArray[np.float32], x: NDArray[np.float32], y: NDArray[np.float32], z: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Interpolate the periodic tile linearly, shape (K, J, I)."""
    size = len(tile)
    (i, wx), (j, wy), (k, wz) = (_wrapped(values, size) for values in (x, y, z))
    i1, j1, k1 = ((lower + 1) % size for lower in (i, j, k))
    planes = (1 - wz)[:, None, None] * tile[k] + wz[:, None, None] * tile[k1]
    planes = planes.reshape(len(z), -1)
    result = np.take(planes, j * size + i, axis=1) * ((1 - wx) * (1 - wy))
    result += np.take(planes, j * size + i1, axis=1) * (wx * (1 - wy))
    result += np.take(planes, j1 * size + i, axis=1) * ((1 - wx) * wy)
    result += np.take(planes, j1 * size + i1, axis=1) * (wx * wy)
    return result


def _wrapped(values: NDArray[np.float32], size: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    index = values / np.float32(TILE_STEP)
    lower = np.floor(index)
    return lower.astype(np.intp) % size, index - lower


def _lobe(side: int, z: float) -> int:
    """Return NLST's sct_epi_loc: 1 right upper, 2 right middle, 3 right lower, 4 left upper, 6 left lower lobe."""
    if side == 0:
        return 1 if z > 25 else 2 if z > -10 else 3
    return 4 if z > 5 else 6
