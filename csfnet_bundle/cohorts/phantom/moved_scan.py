"""A scan of a patient who lies, breathes and is scanned as :mod:`csfnet_bundle.cohorts.phantom.motion` drew it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.cohorts.phantom.motion import (
    Motion,
    MotionLevel,
    MotionSettings,
    draw_settings,
    make_motion,
    sample_field,
)
from csfnet_bundle.cohorts.phantom.scanner_noise import NoiseGrain, noise_slices
from csfnet_bundle.geometry import RoiGrid, Volume

AIR_HU, ARM_HU, BONE_HU = -1000.0, 40.0, 500.0

LARGEST_SUBSLICE_MM = 1.3
"""Thicker slices are the mean of thinner ones: partial volume along z."""

ARM_RADIUS_MM, ARM_BONE_MM = 42.0, 11.0
ARM_BESIDE_MM = 62.0
"""Distance of an arm's axis from the lungs' side: chest wall and skin lie between."""

LUNG_FADES_HU = (-700.0, -300.0)
"""Lung below the first takes all of a change of density, tissue above the second none of it."""

BLOOD_FROM_HU, BLOOD_TO_HU = 0.0, 60.0
"""Contrast medium: nothing below the first, all of it above the second."""

OPACITY_RADIUS_MM, OPACITY_HU, OPACITY_EDGE_MM = (3.0, 9.0), (-650.0, 40.0), 1.0
OPACITY_AWAY_MM = 12.0
"""New opacities keep this distance from the nodules, surface to centre: they are not to hide them."""

ARM_HIDES_BELOW_HU = -200.0
"""An arm takes the place of air alone."""

BONE_FROM_HU = 150.0
"""Contrast medium does not brighten bone."""

KNOTS_MM = 3.0
"""Spacing in plane at which the motion, known every 4 mm, is computed; pixels between are interpolated."""

LOWEST_HU, HIGHEST_HU = -1024, 3071


@dataclass(frozen=True)
class Opacity:
    """A new opacity: LPS mm in the source, radius in mm, HU."""

    center: tuple[float, float, float]
    radius_mm: float
    hu: float


@dataclass(frozen=True)
class MovedGeometry:
    """The moved scan's voxels.

    Attributes:
        affine: (4, 4) from (i, j, k, 1) to LPS mm; axial.
        shape: columns, rows, slices.
    """

    affine: NDArray[np.float64]
    shape: tuple[int, int, int]


def place_geometry(settings: MotionSettings, motion: Motion, lungs: NDArray[np.bool_], grid: RoiGrid) -> MovedGeometry:
    """Lay the moved scan's voxels around the moved lungs, with an end cut off where that was drawn.

    Args:
        settings: pixel and slice spacing, margin, missing end.
        motion: of the scan.
        lungs: closed lungs of the source, shape (D, H, W) on ``grid``.
        grid: of the lungs.
    """
    index = np.argwhere(lungs & ~ndimage.binary_erosion(lungs))
    surface: NDArray[np.float64] = grid.affine[:3, :3] @ index.T + grid.affine[:3, 3:]
    places = motion.forward(surface)
    low, high = places.min(axis=1), places.max(axis=1)
    margin = settings.margin_mm
    side = float((high - low)[:2].max()) + 2 * margin
    pixels = 2 * round(side / settings.pixel_mm / 2)
    bottom, top = float(low[2]) - margin / 4, float(high[2]) + margin / 4
    if settings.missing_end == "apex":
        top = float(high[2]) - settings.missing_mm
    if settings.missing_end == "base":
        bottom = float(low[2]) + settings.missing_mm
    slices = int((top - bottom) / settings.slice_mm) + 1
    affine = np.diag([settings.pixel_mm, settings.pixel_mm, settings.slice_mm, 1.0])
    affine[:2, 3] = (low[:2] + high[:2]) / 2 - (pixels - 1) / 2 * settings.pixel_mm
    affine[2, 3] = bottom
    affine[:3, 3] = np.round(affine[:3, 3], 3)  # what a header's decimal strings keep
    return MovedGeometry(affine, (pixels, pixels, slices))


def draw_opacities(
    settings: MotionSettings,
    lungs: NDArray[np.bool_],
    grid: RoiGrid,
    nodules: Sequence[tuple[NDArray[np.float64], float]],
    rng: np.random.Generator,
) -> tuple[Opacity, ...]:
    """Draw new opacities in the lungs, away from the nodules (centre in LPS mm of the source, diameter in mm)."""
    inside = np.argwhere(lungs)
    opacities: list[Opacity] = []
    while len(opacities) < settings.opacities:
        center = (grid.affine @ [*inside[rng.integers(len(inside))], 1.0])[:3]
        radius = float(rng.uniform(*OPACITY_RADIUS_MM))
        clear = [np.linalg.norm(center - place) - radius - mm / 2 > OPACITY_AWAY_MM for place, mm in nodules]
        if all(clear):
            x, y, z = (round(float(value), 2) for value in center)
            opacities.append(Opacity((x, y, z), radius, float(rng.uniform(*OPACITY_HU))))
    return tuple(opacities)


@dataclass(frozen=True)
class MovedScan:
    """A scan that was moved, as drawn; its pixels are computed slice by slice.

    Attributes:
        settings: what was drawn.
        motion: what moves.
        geometry: its voxels.
        opacities: new ones.
        slices: HU, int16, each (I, J), in the order of k; can be taken once.
    """

    settings: MotionSettings
    motion: Motion
    geometry: MovedGeometry
    opacities: tuple[Opacity, ...]
    slices: Iterator[NDArray[np.int16]]

    def to_plain(self) -> dict[str, object]:
        """Return what was drawn as plain values, for a truth file."""
        return {**self.settings.to_plain(), "new_opacities": [asdict(opacity) for opacity in self.opacities]}


def move_scan(
    smooth: Volume,
    grain: NoiseGrain,
    level: MotionLevel,
    lungs: tuple[NDArray[np.bool_], RoiGrid],
    nodules: Sequence[tuple[NDArray[np.float64], float]],
    rng: np.random.Generator,
) -> MovedScan:
    """Draw how a patient lies, breathes and is scanned, and move a scan by it.

    Args:
        smooth: the scan, its noise taken out.
        grain: of the noise to lay on.
        level: how much moves.
        lungs: closed lungs of the scan, shape (D, H, W), and their grid.
        nodules: centre (LPS mm) and diameter (mm) of each, which new opacities keep away from.
        rng: of everything drawn.
    """
    settings = draw_settings(level, rng)
    motion = make_motion(settings, *lungs, rng)
    geometry = place_geometry(settings, motion, *lungs)
    opacities = draw_opacities(settings, *lungs, nodules, rng)
    slices = moved_slices(smooth, settings, motion, geometry, lungs, opacities, grain, rng)
    return MovedScan(settings, motion, geometry, opacities, slices)


def moved_slices(
    source: Volume,
    settings: MotionSettings,
    motion: Motion,
    geometry: MovedGeometry,
    lungs: tuple[NDArray[np.bool_], RoiGrid],
    opacities: Sequence[Opacity],
    grain: NoiseGrain,
    rng: np.random.Generator,
) -> Iterator[NDArray[np.int16]]:
    """Yield the moved scan's slices in the order of k: HU, int16, shape (I, J).

    Args:
        source: the scan to move, its noise taken out (else the noise moves along and is recognized).
        settings: noise, density, contrast, arms.
        motion: what moves.
        geometry: the slices to make.
        lungs: closed lungs of the source and their grid.
        opacities: new ones.
        grain: of the noise to lay on.
        rng: of the noise.
    """
    tissue = _TissueChange(settings, *lungs, opacities)
    repeats = int(np.ceil(settings.slice_mm / LARGEST_SUBSLICE_MM))
    parts = ((np.arange(repeats) + 0.5) / repeats - 0.5) * settings.slice_mm
    columns, rows, count = geometry.shape
    knots = _Knots(geometry.shape[:2], settings.pixel_mm)
    inverse = np.linalg.inv(source.affine)
    for k, noise in zip(range(count), noise_slices(grain, (columns, rows), rng), strict=False):
        total = np.zeros((columns, rows), np.float32)
        for part in parts:
            at = np.stack([*knots.index, np.full(knots.index[0].shape, float(k)), np.ones(knots.index[0].shape)])
            middle = geometry.affine[:3] @ at.reshape(4, -1) + np.array([[0.0], [0.0], [part]])
            places = motion.backward(middle)
            index = np.stack([knots.spread(line) for line in inverse[:3, :3] @ places + inverse[:3, 3:]])
            hu = ndimage.map_coordinates(source.array, index, order=1, mode="nearest", output=np.float32)
            total += tissue(hu, places, knots)
        values = total / repeats + settings.noise_hu * noise
        yield np.clip(np.rint(values), LOWEST_HU, HIGHEST_HU).astype(np.int16)


class _Knots:
    """A coarse grid of pixels on which smooth quantities are computed, to be interpolated between."""

    def __init__(self, shape: tuple[int, int], pixel_mm: float) -> None:
        lines = [np.linspace(0, n - 1, int(np.ceil((n - 1) * pixel_mm / KNOTS_MM)) + 1) for n in shape]
        self.index = np.meshgrid(*lines, indexing="ij")
        self._weights = [self._weight_matrix(line, n) for line, n in zip(lines, shape, strict=True)]

    @staticmethod
    def _weight_matrix(line: NDArray[np.float64], count: int) -> NDArray[np.float32]:
        """(count, knots): each row holds the weights of the two knots that a pixel lies between."""
        matrix = np.zeros((count, len(line)), np.float32)
        place = np.arange(count) / (line[1] - line[0])
        low = np.minimum(place.astype(int), len(line) - 2)
        matrix[np.arange(count), low] = 1 - (place - low)
        matrix[np.arange(count), low + 1] = place - low
        return matrix

    def spread(self, values: NDArray[np.floating]) -> NDArray[np.float32]:
        """Interpolate values at the knots (N,) to every pixel, shape (I, J)."""
        first, second = self._weights
        spread: NDArray[np.float32] = first @ values.reshape(self.index[0].shape).astype(np.float32) @ second.T
        return spread


class _TissueChange:
    """What differs in the tissue itself: density of lung and blood, arms, new opacities."""

    def __init__(
        self, settings: MotionSettings, lungs: NDArray[np.bool_], grid: RoiGrid, opacities: Sequence[Opacity]
    ) -> None:
        self.settings, self.opacities, self.grid = settings, opacities, grid
        self.lung_share = ndimage.gaussian_filter(lungs.astype(np.float32), 1.0)
        axes = [np.nonzero(lungs.any(axis=tuple({0, 1, 2} - {axis})))[0] for axis in range(3)]
        z, y, x = (line[ends] for line, ends in zip(grid.axes(), axes, strict=True))
        # Blood is brightened between the lungs and in them, not in the wall or the organs below.
        self.chest = [(float(line[0]), float(line[-1])) for line in (x, y, z)]
        self.arms = [(sign * ARM_BESIDE_MM + float(end), float(np.mean(y))) for sign, end in ((-1, x[0]), (1, x[-1]))]

    def __call__(self, hu: NDArray[np.float32], places: NDArray[np.float64], knots: _Knots) -> NDArray[np.float32]:
        """Change HU (I, J) of a slice; ``places`` are the LPS mm in the source of its knots, (3, N)."""
        lung = knots.spread(sample_field(self.lung_share, self.grid, places))
        low, high = LUNG_FADES_HU
        hu = hu + np.float32(self.settings.lung_hu) * lung * np.clip((high - hu) / (high - low), 0, 1)
        if self.settings.contrast_hu:
            share = knots.spread(self._in_chest(places).astype(np.float32))
            blood = np.clip((hu - BLOOD_FROM_HU) / (BLOOD_TO_HU - BLOOD_FROM_HU), 0, 1) * (hu < BONE_FROM_HU)
            hu = hu + np.float32(self.settings.contrast_hu) * share * blood
        for opacity in self.opacities:
            away = np.linalg.norm(places - np.array(opacity.center)[:, None], axis=0)
            if away.min() < opacity.radius_mm + 2 * KNOTS_MM:
                offsets = [knots.spread(line - middle) for line, middle in zip(places, opacity.center, strict=True)]
                distance = np.sqrt(sum(line**2 for line in offsets))
                inside = np.clip((opacity.radius_mm - distance) / OPACITY_EDGE_MM + 0.5, 0, 1) * (lung > 0.5)
                hu = hu + inside.astype(np.float32) * np.maximum(opacity.hu - hu, 0)
        if self.settings.arms:
            for x, y in self.arms:
                away = np.hypot(knots.spread(places[0] - x), knots.spread(places[1] - y))
                arm = np.where(away < ARM_BONE_MM, BONE_HU, ARM_HU).astype(np.float32)
                hu = np.where((away < ARM_RADIUS_MM) & (hu < ARM_HIDES_BELOW_HU) & (lung < 0.01), arm, hu)
        return hu.astype(np.float32)

    def _in_chest(self, places: NDArray[np.float64]) -> NDArray[np.bool_]:
        inside: NDArray[np.bool_] = np.ones(places.shape[1], bool)
        for line, (low, high) in zip(places, self.chest, strict=True):
            inside &= (line > low) & (line < high)
        return inside
