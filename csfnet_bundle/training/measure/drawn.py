"""Training cubes of drawn nodules, whose every voxel's share is known: part-solid and ground glass above all.

Readers outline few such nodules. Each is drawn on a grid of half the edge, with lung texture, vessels, the chest wall
and a scanner's slices, blur and noise, and averaged to the network's voxels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.cohorts.phantom.nodule import Nodule, draw_shape
from csfnet_bundle.cohorts.phantom.tubes import Tubes, draw_tubes
from csfnet_bundle.nodule.network_input import SPACING_MM
from csfnet_bundle.training.measure.examples import CUBE, SCALE, Example

FINER = 2
"""The drawing's grid has this many voxels along each edge of the network's."""
ATTENUATION_SHARES = (0.35, 0.4, 0.25)
"""Solid, part-solid, ground glass."""
DIAMETER_MM = (3.5, 26.0)
"""Drawn evenly in its logarithm."""
SPICULATED_SHARE = 0.4
LUNG_HU = (-900.0, -780.0)
TEXTURE_HU = (10.0, 40.0)
GRAINS_MM = (0.9, 3.0)
VESSELS = (4, 14)
VESSEL_RADIUS_MM = (0.4, 2.2)
TOUCHING_SHARE, WALL_SHARE = 0.35, 0.35
"""How often a vessel ends in the nodule, and how often the chest wall is in view."""
BLOOD_HU, WALL_HU = 40.0, (-60.0, 60.0)
THICKNESS_MM = (0.6, 1.0, 1.25, 2.0, 2.5)
BLUR_MM = (0.3, 0.7)
NOISE_HU = (8.0, 45.0)


@dataclass(frozen=True)
class Drawing:
    """A drawn nodule before it is scanned.

    Attributes:
        hu: HU, shape (D, H, W) times :data:`FINER`.
        body: share of each voxel in the nodule's body, same shape.
        attenuation: 0 solid, 1 part-solid, 2 ground glass.
    """

    hu: NDArray[np.float32]
    body: NDArray[np.float32]
    attenuation: int

    @property
    def share(self) -> NDArray[np.float32]:
        """Share of each of the network's voxels in the body, shape (D, H, W)."""
        return _coarser(self.body)

    @property
    def volume_mm3(self) -> float:
        """The body's volume."""
        return float(self.body.sum()) * (SPACING_MM / FINER) ** 3

    def scanned(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """Return a scan of it: HU, shape (D, H, W), slices of some thickness, blur in plane, noise."""
        return np.clip(_scanned(self.hu, SPACING_MM / FINER, rng), -1024, 3071)


def draw(
    seed: int,
    *,
    size: tuple[int, int, int] = CUBE,
    diameter_mm: float | None = None,
    attenuation: int | None = None,
    beside: str | None = None,
) -> Drawing:
    """Draw a nodule in the middle of lung, with vessels and at times the chest wall.

    Args:
        seed: every nodule has its own.
        size: the network's voxels (D, H, W).
        diameter_mm: of the sphere with the body's volume; the nodule else stays the same. By default drawn.
        attenuation: 0 solid, 1 part-solid, 2 ground glass; by default drawn.
        beside: ``vessel``: one ends in the nodule; ``wall``: the chest wall touches it; empty: neither is near. By
            default drawn.
    """
    rng = np.random.default_rng([seed, 2])
    step = SPACING_MM / FINER
    z, y, x = ((np.arange(count * FINER, dtype=np.float32) - (count * FINER - 1) / 2) * step for count in size)
    columns, rows = np.meshgrid(x, y)
    drawn_attenuation, drawn_diameter, spiculation = _character(rng)
    diameter = drawn_diameter if diameter_mm is None else diameter_mm
    kind = drawn_attenuation if attenuation is None else attenuation
    nodule = Nodule(draw_shape(rng), diameter, spiculation, kind)
    body, body_hu = replace(nodule, spiculation=0.0).draw(columns, rows, z)
    share, hu = nodule.draw(columns, rows, z) if spiculation else (body, body_hu)
    values = _lung(body.shape, step, rng)
    values = values * (1 - share) + hu * share
    # One after the other from streams of their own: what is beside the nodule does not change what is not.
    vessels, wall_rng = rng.spawn(2)
    tubes = _vessels(diameter, vessels, touching=None if beside is None else beside == "vessel")
    filled = draw_tubes(tubes, columns, rows, z, edge=0.9, smallest_radius=0.65)
    values += filled * np.maximum(np.float32(BLOOD_HU) - values, 0)
    is_drawn, touches = wall_rng.random() < WALL_SHARE, wall_rng.random() < 0.5
    if beside is not None:
        is_drawn, touches = beside == "wall", True
    if is_drawn:
        wall = _wall(columns, rows, z, diameter, wall_rng, touches)
        values += wall * (np.float32(wall_rng.uniform(*WALL_HU)) - values)
        body = body * (1 - wall)
    return Drawing(values, body, kind)


def is_spiculated(seed: int) -> bool:
    """Say whether the nodule of a seed has spicules, which are not part of its true volume."""
    return _character(np.random.default_rng([seed, 2]))[2] > 0


def _character(rng: np.random.Generator) -> tuple[int, float, float]:
    """Draw attenuation, diameter in mm and spiculation, 0 to 1: the first that is drawn from a seed."""
    attenuation = int(rng.choice(3, p=ATTENUATION_SHARES))
    diameter = float(np.exp(rng.uniform(*np.log(DIAMETER_MM))))
    return attenuation, diameter, float(rng.uniform(0, 1)) if rng.random() < SPICULATED_SHARE else 0.0


def shares() -> list[str]:
    """Return how often what is drawn: examples drawn by other shares are drawn again."""
    return [f"{name} {value}" for name, value in (
        ("attenuations", ATTENUATION_SHARES), ("spiculated", SPICULATED_SHARE),
        ("touching", TOUCHING_SHARE), ("wall", WALL_SHARE),
    )]  # fmt: skip


def drawn_cube(seed: int) -> tuple[NDArray[np.int16], Example]:
    """Return the training cube of one drawn nodule: int16 (4, D, H, W) and what is known of it.

    The target is the share of each voxel in the nodule's body; spicules are not part of it.

    Args:
        seed: every nodule has its own.
    """
    drawing = draw(seed)
    values = drawing.scanned(np.random.default_rng([seed, 3]))
    cube = np.stack([values, values, drawing.share * SCALE, np.full_like(values, SCALE)])
    diameter = (6 * drawing.volume_mm3 / np.pi) ** (1 / 3)
    return np.rint(cube).astype(np.int16), Example(f"drawn_{seed}", "", round(diameter, 2), drawing.attenuation > 0)


def _lung(shape: tuple[int, ...], step: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return lung with texture of two grains, HU."""
    values = np.full(shape, rng.uniform(*LUNG_HU), np.float32)
    deviation = rng.uniform(*TEXTURE_HU)
    for grain in GRAINS_MM:
        # Drawn coarsely and zoomed: the filter's width is several voxels of the fine grid.
        coarse = rng.standard_normal([size // FINER for size in shape], np.float32)
        layer = ndimage.gaussian_filter(coarse, grain / (FINER * step))
        layer = layer.repeat(FINER, 0).repeat(FINER, 1).repeat(FINER, 2)
        values += np.float32(deviation / np.sqrt(2) / layer.std()) * layer
    return values


def _vessels(diameter: float, rng: np.random.Generator, touching: bool | None) -> Tubes:
    """Return straight vessels that pass the nodule or, one of them, ends in it; mm from the nodule's centre."""
    count = int(rng.integers(*VESSELS))
    directions = rng.normal(size=(count, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    aside = np.cross(directions, rng.normal(size=(count, 3)))
    aside /= np.linalg.norm(aside, axis=1, keepdims=True)
    radii = np.exp(rng.uniform(np.log(VESSEL_RADIUS_MM[0]), np.log(VESSEL_RADIUS_MM[1]), count))
    distance = diameter / 2 + radii + rng.uniform(1.0, 24.0, count)
    starts, ends = aside * distance[:, None] - 40 * directions, aside * distance[:, None] + 40 * directions
    if rng.random() < TOUCHING_SHARE if touching is None else touching:
        starts[0], ends[0] = directions[0] * diameter * 0.3, directions[0] * 60
        radii[0] = min(radii[0], max(diameter / 5, VESSEL_RADIUS_MM[0]))
    return Tubes(starts, ends, np.stack([radii, radii * rng.uniform(0.6, 1.0, count)], axis=1))


def _wall(
    columns: NDArray[np.float32],
    rows: NDArray[np.float32],
    z: NDArray[np.float32],
    diameter: float,
    rng: np.random.Generator,
    touches: bool,
) -> NDArray[np.float32]:
    """Return the share of each voxel in the chest wall: outside of a large ball that may cut the nodule's rim."""
    direction = rng.normal(size=3)
    direction /= np.linalg.norm(direction)
    ball = rng.uniform(50, 90)
    nearest = diameter / 2 * rng.uniform(0.6, 1.0) if touches else diameter / 2 + rng.uniform(0.5, 10)
    center = -direction * (ball - nearest)
    away = np.sqrt(((columns - center[0]) ** 2 + (rows - center[1]) ** 2)[None] + ((z - center[2]) ** 2)[:, None, None])
    return np.clip((away - ball) / 0.8 + 0.5, 0, 1).astype(np.float32)


def _scanned(values: NDArray[np.float32], step: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return what a scanner shows: slices of some thickness, blur in plane, noise; in the network's voxels."""
    thickness = float(rng.choice(THICKNESS_MM))
    blur = rng.uniform(*BLUR_MM)
    depth = len(values)
    if thickness > SPACING_MM:
        heights = np.arange(depth) * step
        middles = np.arange(rng.uniform(0, thickness), heights[-1], thickness)
        edges = np.clip(np.searchsorted(heights, [middles - thickness / 2, middles + thickness / 2]), 0, depth)
        total = np.concatenate([np.zeros((1, *values.shape[1:]), np.float32), values.cumsum(axis=0, dtype=np.float32)])
        last = np.maximum(edges[1], edges[0] + 1)
        slices = (total[last] - total[edges[0]]) / (last - edges[0])[:, None, None].astype(np.float32)
        slices = _coarser_in_plane(slices)
        slices = _in_plane(slices, blur, rng)
        wanted = (np.arange(depth // FINER) + 0.5) * SPACING_MM - step / 2
        place = np.clip(np.interp(wanted, middles, np.arange(len(middles))), 0, len(middles) - 1)
        low = np.minimum(place.astype(int), len(middles) - 2)
        share = (place - low).astype(np.float32)[:, None, None]
        return slices[low] * (1 - share) + slices[low + 1] * share
    return _in_plane(_coarser(values), blur, rng)


def _in_plane(slices: NDArray[np.float32], blur: float, rng: np.random.Generator) -> NDArray[np.float32]:
    noise = rng.standard_normal(slices.shape, np.float32)
    noise = ndimage.gaussian_filter(noise, (0, 0.6, 0.6))
    blurred = ndimage.gaussian_filter(slices, (0, blur / SPACING_MM, blur / SPACING_MM))
    return blurred + noise * np.float32(rng.uniform(*NOISE_HU) / noise.std())


def _coarser(values: NDArray[np.float32]) -> NDArray[np.float32]:
    d, h, w = (size // FINER for size in values.shape)
    return values.reshape(d, FINER, h, FINER, w, FINER).mean(axis=(1, 3, 5))


def _coarser_in_plane(values: NDArray[np.float32]) -> NDArray[np.float32]:
    h, w = (size // FINER for size in values.shape[1:])
    return values.reshape(len(values), h, FINER, w, FINER).mean(axis=(2, 4))
