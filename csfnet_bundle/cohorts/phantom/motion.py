"""How a patient lies, breathes and is scanned differently a year later: the trials of docs/matching.md.

What is drawn here moves points; :mod:`csfnet_bundle.cohorts.phantom.moved_scan` moves a whole scan by it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.geometry import RoiGrid

FIELD_STEP_MM = 4.0
"""Spacing of the grid that holds the motion: finer than the shell in which the lungs slide."""

FIELD_GRAIN_MM = 35.0
"""Standard deviation of the filter that makes the random field smooth: lobes move as wholes."""

FIELD_MARGIN_MM = 48.0
"""How far beyond the scan the motion is known."""

SLIDING_FROM_MM, SLIDING_TO_MM = 3.0, 9.0
"""Where the lungs slide along the ribs: so far outside of their closed surface the motion begins to end, and has
ended. Inside, all moves with the lung, so that the truth of every place in it is exact."""

BELOW_LUNGS_MM = 32.0
"""What lies so far below the lungs moves with them: the diaphragm and the organs under it."""

BREATHING_TOWARDS_FRONT = 0.3
"""The chest's front rises by this share of what the diaphragm goes down."""

INVERSION_STEPS = 60
"""Fixed-point steps that invert the motion: 1e-6 mm in the lungs, 0.05 mm where they begin to slide."""

MILD_SHARE = 1 / 3
"""The mild level has this share of rigid motion, breathing and random field."""


class MotionLevel(StrEnum):
    """How much moves, and what with it."""

    MILD = "mild"
    """The same positioning and nearly the same breath: a third of the others' motion."""
    WHOLE_BODY = "whole-body"
    """The chest wall moves with the lungs."""
    SLIDING = "sliding"
    """The lungs move along the ribs, which stay."""


@dataclass(frozen=True)
class MotionSettings:
    """What was drawn for one moved scan; plain values, for the truth file.

    Attributes:
        level: see :class:`MotionLevel`.
        rotation_degrees: about x, y and z.
        translation_mm: LPS.
        breathing_mm: motion of the lungs' base; above 0 the later breath is deeper.
        field_mm: standard deviation of the random field along each axis.
        pixel_mm: pixel spacing.
        slice_mm: slice spacing and thickness.
        margin_mm: what the field of view shows beside the lungs.
        missing_end: the end of the lungs that is not scanned: "apex", "base" or "".
        missing_mm: how much of it.
        arms: whether the arms lie beside the chest.
        noise_hu: standard deviation of the noise.
        lung_hu: how much denser the lung is.
        contrast_hu: how much denser blood is.
        opacities: how many new opacities there are.
    """

    level: MotionLevel
    rotation_degrees: tuple[float, float, float]
    translation_mm: tuple[float, float, float]
    breathing_mm: float
    field_mm: float
    pixel_mm: float
    slice_mm: float
    margin_mm: float
    missing_end: str
    missing_mm: float
    arms: bool
    noise_hu: float
    lung_hu: float
    contrast_hu: float
    opacities: int

    def to_plain(self) -> dict[str, object]:
        """Return plain values for JSON."""
        return {**asdict(self), "level": str(self.level)}


def draw_settings(level: MotionLevel, rng: np.random.Generator) -> MotionSettings:
    """Draw how one scan differs: the ranges of docs/matching.md."""
    share = MILD_SHARE if level is MotionLevel.MILD else 1.0
    rotation = rng.uniform(-5, 5, 3) * share
    translation = rng.uniform(-15, 15, 3) * share
    return MotionSettings(
        level=level,
        rotation_degrees=(float(rotation[0]), float(rotation[1]), float(rotation[2])),
        translation_mm=(float(translation[0]), float(translation[1]), float(translation[2])),
        breathing_mm=float(rng.uniform(5, 15) * rng.choice([-1, 1]) * share),
        field_mm=float(rng.uniform(2, 4) * share),
        pixel_mm=float(np.round(rng.uniform(0.6, 1.15), 4)),
        slice_mm=float(rng.choice([1.25, 2.0, 2.5, 3.0, 5.0])),
        margin_mm=float(rng.uniform(8, 45)),
        missing_end=str(rng.choice(["", "", "apex", "base"])),
        missing_mm=float(rng.uniform(10, 40)),
        arms=bool(rng.random() < 1 / 3),
        noise_hu=float(rng.uniform(10, 60)),
        lung_hu=float(rng.uniform(-40, 60)),
        contrast_hu=float(rng.choice([0.0, rng.uniform(60, 150)])),
        opacities=int(rng.integers(2, 6)),
    )


@dataclass(frozen=True)
class Motion:
    """A motion of every point of a scan.

    Attributes:
        field: mm that a place of the moved scan lies from its source, before the rigid part, LPS, (3, D, H, W).
        grid: of the field.
        rotation: (3, 3).
        center: LPS mm about which is turned, shape (3,).
        translation: LPS mm, shape (3,).
    """

    field: NDArray[np.float32]
    grid: RoiGrid
    rotation: NDArray[np.float64]
    center: NDArray[np.float64]
    translation: NDArray[np.float64]

    def backward(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where the tissue at LPS ``places`` (3, N) of the moved scan lay in the source."""
        still = self.rotation.T @ (places - (self.center + self.translation)[:, None]) + self.center[:, None]
        return still + self.displacement(still)

    def forward(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where the tissue at LPS ``places`` (3, N) of the source lies in the moved scan."""
        still = places.copy()
        for _ in range(INVERSION_STEPS):
            still = places - self.displacement(still)
        return self.rotation @ (still - self.center[:, None]) + (self.center + self.translation)[:, None]

    def displacement(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the field at LPS ``places`` (3, N), linearly interpolated, mm (3, N)."""
        return np.stack([sample_field(component, self.grid, places) for component in self.field])


def sample_field(field: NDArray[np.float32], grid: RoiGrid, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values of a (D, H, W) field on a grid at LPS ``places`` (3, N); beyond the grid its edge goes on."""
    index = np.stack(
        [
            (places[2 - axis] - grid.center[2 - axis]) / grid.spacing[axis] + (grid.size[axis] - 1) / 2
            for axis in range(3)
        ]
    )
    values: NDArray[np.float64] = ndimage.map_coordinates(field, index, order=1, mode="nearest", output=np.float64)
    return values


def make_motion(settings: MotionSettings, lungs: NDArray[np.bool_], grid: RoiGrid, rng: np.random.Generator) -> Motion:
    """Make the motion of a scan.

    Args:
        settings: what was drawn.
        lungs: the closed lungs of the source, shape (D, H, W).
        grid: of the lungs.
        rng: of the random field.
    """
    wide = _field_grid(grid)
    z, y, x = np.meshgrid(*wide.axes(), indexing="ij")
    places = np.stack([x.ravel(), y.ravel(), z.ravel()])
    d = np.nonzero(lungs.any(axis=(1, 2)))[0]
    base, apex = (float(grid.axes()[0][end]) for end in (d[0], d[-1]))
    towards_base = np.clip((apex - z) / (apex - base), 0, 1.2)
    field = np.stack([_smooth_noise(wide.size, settings.field_mm, rng) for _ in range(3)])
    # Deeper breath: the base lies lower, so that what is seen at a place comes from above it.
    field[2] += settings.breathing_mm * towards_base
    field[1] += BREATHING_TOWARDS_FRONT * settings.breathing_mm * towards_base
    if settings.level is MotionLevel.SLIDING:
        field = field * _moving_share(lungs, grid, places).reshape(wide.size)
    angles = np.radians(settings.rotation_degrees)
    center = np.array(grid.center)
    return Motion(field.astype(np.float32), wide, _rotation(angles), center, np.array(settings.translation_mm))


def _field_grid(grid: RoiGrid) -> RoiGrid:
    d, h, w = (
        int(np.ceil(((size - 1) * mm + 2 * FIELD_MARGIN_MM) / FIELD_STEP_MM)) + 1
        for size, mm in zip(grid.size, grid.spacing, strict=True)
    )
    return RoiGrid(grid.center, (d, h, w), (FIELD_STEP_MM,) * 3)


def _smooth_noise(size: tuple[int, int, int], deviation: float, rng: np.random.Generator) -> NDArray[np.float64]:
    noise: NDArray[np.float64] = ndimage.gaussian_filter(
        rng.standard_normal(size), FIELD_GRAIN_MM / FIELD_STEP_MM, mode="reflect"
    )
    return (noise - noise.mean()) * (deviation / noise.std())


def _moving_share(lungs: NDArray[np.bool_], grid: RoiGrid, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 in the lungs and under them, 0 in the chest wall, at LPS ``places`` (3, N)."""
    inside = lungs.copy()
    for below in range(1, round(BELOW_LUNGS_MM / grid.spacing[0]) + 1):
        inside[:-below] |= lungs[below:]
    distance = ndimage.distance_transform_edt(~inside, sampling=grid.spacing).astype(np.float32)
    away = sample_field(distance, grid, places)
    return np.clip((SLIDING_TO_MM - away) / (SLIDING_TO_MM - SLIDING_FROM_MM), 0, 1)


def _rotation(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, 3) about x, then y, then z; radians."""
    result = np.eye(3)
    for axis, angle in enumerate(angles):
        a, b = [(1, 2), (2, 0), (0, 1)][axis]
        turn = np.eye(3)
        turn[a, a] = turn[b, b] = np.cos(angle)
        turn[a, b], turn[b, a] = -np.sin(angle), np.sin(angle)
        result = turn @ result
    return result
