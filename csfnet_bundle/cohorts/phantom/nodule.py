"""The nodule: a lobulated body of exact volume, spicules, and one of three attenuations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.cohorts.phantom.tubes import Tubes, draw_tubes

SPICULES = 22
"""Directions that spicules can take; how many do follows from the spiculation."""
SPICULE_LENGTH = (2.0, 7.5)
"""mm over the surface, at spiculation 0 and 1."""
SPICULE_RADIUS = (1.0, 0.4)
"""mm at the root and at the tip."""
SPICULE_ONSET = 0.12
"""Rise of spiculation over which one spicule comes to its full length."""
LOBES = 7
LOBE_HEIGHT = 0.16
LOBE_SHARPNESS = 6.0
ELONGATION = 0.10
SURFACE_SAMPLES = 4000
EDGE = 0.35
"""mm over which the supersampled surface fades; the scanner's own blur comes on top."""
IN_PLANE_SUBSTEP = 0.35
SLICE_SUBSTEP = 0.6
"""mm: largest steps of the supersampling in plane and along z."""
SOLID_HU = (35.0, 15.0)
GROUND_GLASS_HU = (-600.0, 40.0)
GROUND_GLASS_SPICULE_HU = -150.0
CORE_SHARE = (0.45, 0.6)
"""Diameter of a part-solid nodule's core as a share of the nodule's."""


@dataclass(frozen=True)
class NoduleShape:
    """What one subject's nodule keeps from screen to screen.

    Attributes:
        half_axes: of the ellipsoid with the volume of the unit sphere, shape (3,).
        lobes: unit vectors of the bulges, shape (L, 3).
        lobe_heights: relative heights, shape (L,).
        spicules: unit vectors, shape (M, 3); the first appear first.
        spicule_lengths: relative lengths, shape (M,).
        solid_hu: HU of solid parts.
        ground_glass_hu: HU of ground glass.
        core_share: see :data:`CORE_SHARE`.
        core_offset: the core's centre, in units of the nodule's radius, shape (3,).
        unit_volume: mean of the cubed surface radius over all directions, which scales the body to its exact volume.
    """

    half_axes: NDArray[np.float64]
    lobes: NDArray[np.float64]
    lobe_heights: NDArray[np.float64]
    spicules: NDArray[np.float64]
    spicule_lengths: NDArray[np.float64]
    solid_hu: float
    ground_glass_hu: float
    core_share: float
    core_offset: NDArray[np.float64]
    unit_volume: float


def draw_shape(rng: np.random.Generator) -> NoduleShape:
    """Draw what a nodule keeps; independent of its size, spiculation, attenuation and label."""
    half_axes = np.exp(rng.normal(0, ELONGATION, 3))
    half_axes /= half_axes.prod() ** (1 / 3)
    lobes = _directions(rng, LOBES)
    heights = rng.uniform(0, LOBE_HEIGHT, LOBES)
    sphere = _sphere(SURFACE_SAMPLES)
    return NoduleShape(
        half_axes=half_axes,
        lobes=lobes,
        lobe_heights=heights,
        spicules=rng.permutation(_sphere(SPICULES) @ _rotation(rng)),
        spicule_lengths=rng.uniform(0.7, 1.3, SPICULES),
        solid_hu=rng.normal(*SOLID_HU),
        ground_glass_hu=rng.normal(*GROUND_GLASS_HU),
        core_share=rng.uniform(*CORE_SHARE),
        core_offset=rng.uniform(-0.15, 0.15, 3),
        unit_volume=float((_surface(half_axes, lobes, heights, sphere) ** 3).mean()),
    )


@dataclass(frozen=True)
class Nodule:
    """A nodule at one screen.

    Attributes:
        shape: what stays.
        diameter: of the sphere with the body's volume, mm; spicules come on top.
        spiculation: 0 to 1; number and length of the spicules grow with it.
        attenuation: 0 solid, 1 part-solid (solid core in ground glass), 2 ground-glass.
    """

    shape: NoduleShape
    diameter: float
    spiculation: float
    attenuation: int

    @property
    def reach(self) -> float:
        """Largest distance from the centre that the nodule can touch, mm."""
        surface = self._scale * self.shape.half_axes.max() * (1 + self.shape.lobe_heights.sum())
        return float(surface + self.shape.spicule_lengths.max() * SPICULE_LENGTH[1] + max(SPICULE_RADIUS) + EDGE)

    def draw(
        self, x: NDArray[np.float32], y: NDArray[np.float32], z: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the share of each voxel inside the nodule (0 to 1) and the HU there, both of shape (K, J, I).

        Args:
            x: mm from the nodule's centre along the anatomy's x, shape (J, I).
            y: as x.
            z: mm from the nodule's centre, ascending, shape (K,).
        """
        shape, radius = self.shape, np.float32(self.diameter / 2)
        distance = np.sqrt((x**2 + y**2)[None] + (z**2)[:, None, None])
        share = self._body(x, y, z, distance)
        solid, glass = np.float32(shape.solid_hu), np.float32(shape.ground_glass_hu)
        hu = np.full(distance.shape, solid if self.attenuation == 0 else glass)
        if self.attenuation == 1:
            cx, cy, cz = (np.float32(value) for value in radius * shape.core_offset)
            core = np.sqrt(((x - cx) ** 2 + (y - cy) ** 2)[None] + ((z - cz) ** 2)[:, None, None])
            inside = np.clip((radius * np.float32(shape.core_share) - core) / np.float32(EDGE) + 0.5, 0, 1)
            hu += inside * (solid - glass)
        strands = draw_tubes(self._spicules(), x, y, z, edge=EDGE, smallest_radius=EDGE)
        outside = strands > share
        strand_hu = np.float32(shape.solid_hu if self.attenuation < 2 else GROUND_GLASS_SPICULE_HU)
        return np.where(outside, strands, share), np.where(outside, strand_hu, hu)

    def _body(
        self,
        x: NDArray[np.float32],
        y: NDArray[np.float32],
        z: NDArray[np.float32],
        distance: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """Return the share of each voxel inside the body; the surface is computed only where it can pass."""
        lowest = self.shape.half_axes.min() * self._scale - EDGE
        highest = self.shape.half_axes.max() * (1 + self.shape.lobe_heights.sum()) * self._scale + EDGE
        share = (distance < lowest).astype(np.float32)
        k, j, i = np.nonzero((distance >= lowest) & (distance < highest))
        near = distance[k, j, i]
        unit = np.stack([x[j, i], y[j, i], z[k]], axis=1) / np.maximum(near, np.float32(1e-3))[:, None]
        surface = _surface(self.shape.half_axes, self.shape.lobes, self.shape.lobe_heights, unit)
        share[k, j, i] = np.clip((surface * np.float32(self._scale) - near) / np.float32(EDGE) + 0.5, 0, 1)
        return share

    @property
    def _scale(self) -> float:
        """Radius of the nodule's body, mm, for a unit of its shape."""
        return float(self.diameter / 2 / self.shape.unit_volume ** (1 / 3))

    def _spicules(self) -> Tubes:
        """Return the spicules at this spiculation, mm from the nodule's centre."""
        shape = self.shape
        grown = np.clip((self.spiculation - np.arange(SPICULES) / SPICULES) / SPICULE_ONSET, 0, 1)
        longest = SPICULE_LENGTH[0] + (SPICULE_LENGTH[1] - SPICULE_LENGTH[0]) * self.spiculation
        roots = _surface(shape.half_axes, shape.lobes, shape.lobe_heights, shape.spicules)[:, None] * self._scale
        tips = roots + (longest * shape.spicule_lengths * grown)[:, None]
        there = grown > 0
        radii = np.tile(SPICULE_RADIUS, (SPICULES, 1))
        return Tubes((shape.spicules * roots)[there], (shape.spicules * tips)[there], radii[there])


def _surface(
    half_axes: NDArray[np.float64],
    lobes: NDArray[np.float64],
    heights: NDArray[np.float64],
    unit: NDArray[np.floating],
) -> NDArray[np.float32]:
    """Return the surface's distance from the centre along unit vectors (N, 3), before scaling, shape (N,)."""
    ellipsoid = 1 / np.linalg.norm(unit / half_axes.astype(np.float32), axis=1)
    bulges = np.exp(np.float32(LOBE_SHARPNESS) * (unit @ lobes.T.astype(np.float32) - 1)) @ heights.astype(np.float32)
    return (ellipsoid * (1 + bulges)).astype(np.float32)


def _directions(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    vectors = rng.normal(size=(count, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _sphere(count: int) -> NDArray[np.float64]:
    """Return evenly spread unit vectors (a Fibonacci spiral), shape (count, 3)."""
    number = np.arange(count) + 0.5
    height = 1 - 2 * number / count
    turn = np.pi * (1 + np.sqrt(5)) * number
    ring = np.sqrt(1 - height**2)
    return np.stack([ring * np.cos(turn), ring * np.sin(turn), height], axis=1)


def _rotation(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a random rotation matrix, shape (3, 3)."""
    matrix, triangle = np.linalg.qr(rng.normal(size=(3, 3)))
    return matrix * np.sign(np.diag(triangle))
