"""From a phantom subject to the CT scan of one screen, in memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from csfnet_bundle.cohorts.phantom.anatomy import BLOOD_HU, parenchyma, surroundings
from csfnet_bundle.cohorts.phantom.nodule import IN_PLANE_SUBSTEP, SLICE_SUBSTEP, Nodule
from csfnet_bundle.cohorts.phantom.scanners import Acquisition, Scanner
from csfnet_bundle.cohorts.phantom.streams import Purpose, stream
from csfnet_bundle.cohorts.phantom.subject import Subject
from csfnet_bundle.cohorts.phantom.vessels import draw_vessels
from csfnet_bundle.geometry import Roi, RoiGrid, Volume, sample_grid

LARGEST_SUBSLICE = 1.3
"""mm. A thicker slice is the mean of thinner ones: partial volume along z."""
LOWEST_HU, HIGHEST_HU = -1024, 3071
SLAB_VOXELS = 2_500_000
"""Voxels that are rendered at a time, so that a full chest needs no more memory than a patch."""
FILTER_REACH = 3.0
ROI_MARGIN = 4.0
"""mm around a ROI that the quick route renders: a reader's click and the linear interpolation."""


class Region(StrEnum):
    """How much of the chest a scan covers."""

    PATCH = "patch"
    """192x192 pixels and 72 mm around the nodule: what the cohort has by default."""
    CHEST = "chest"
    """512x512 pixels and 300 mm: the whole chest, as a real scan."""
    ROI = "roi"
    """Just what a ROI needs, for experiments in memory."""


PIXELS = {Region.PATCH: 192, Region.CHEST: 512}
HEIGHT = {Region.PATCH: 72.0, Region.CHEST: 300.0}


@dataclass(frozen=True)
class RenderedScan:
    """A scan in memory.

    Attributes:
        hu: int16, shape (K, J, I) = (slices, rows, columns), slices ascending in z.
        affine: (4, 4) from (i, j, k, 1) to scanner LPS mm.
        nodule: the nodule's true centre, scanner LPS mm, shape (3,).
        point: the reader's click, scanner LPS mm, shape (3,).
        acquisition: how the scan was taken.
    """

    hu: NDArray[np.int16]
    affine: NDArray[np.float64]
    nodule: NDArray[np.float64]
    point: NDArray[np.float64]
    acquisition: Acquisition

    @property
    def volume(self) -> Volume:
        """The scan as the readers give it, (I, J, K)."""
        return Volume(self.hu.transpose(2, 1, 0).astype(np.float32), self.affine)

    def roi(
        self, size: tuple[int, int, int] = (16, 64, 64), spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    ) -> Roi:
        """Return the ROI around the reader's point, HU, axes (D, H, W)."""
        x, y, z = (float(value) for value in self.point)
        grid = RoiGrid((x, y, z), size, spacing)
        return Roi(sample_grid(self.hu.transpose(2, 1, 0), self.affine, grid), grid.affine)


def render_pair(
    subject: Subject, region: Region = Region.PATCH, screens: tuple[int, int] = (0, 1)
) -> tuple[RenderedScan, RenderedScan]:
    """Return the scans of two screens of a subject."""
    return render_scan(subject, screens[0], region), render_scan(subject, screens[1], region)


def render_scan(
    subject: Subject,
    screen: int,
    region: Region = Region.PATCH,
    *,
    scanner: Scanner | None = None,
    roi_extent: tuple[float, float, float] = (16.0, 64.0, 64.0),
    noiseless: bool = False,
) -> RenderedScan:
    """Return the scan of one screen.

    Args:
        subject: whom to scan.
        screen: 0, 1, ...
        region: how much of the chest.
        scanner: another reconstruction than the subject's own, with noise of its own.
        roi_extent: mm (D, H, W) that :attr:`Region.ROI` has to hold.
        noiseless: leave the noise out, for who lays on their own.
    """
    acquisition = subject.acquisition(screen)
    reconstruction = scanner or acquisition.scanner
    place = _Placement.of(subject, acquisition, region, reconstruction.thickness, roi_extent)
    noise_factor = reconstruction.noise_factor / acquisition.scanner.noise_factor
    noise = 0.0 if noiseless else acquisition.noise * noise_factor
    rng = stream(subject.seed, subject.number, Purpose.NOISE, 2 * screen + (scanner is not None))
    nodules = subject.nodules(screen)
    slab = max(1, SLAB_VOXELS // place.x.size)
    parts = [
        _render_slab(subject, nodules, place, reconstruction, noise, z, rng)
        for z in np.split(place.z, range(slab, len(place.z), slab))
    ]
    return RenderedScan(
        hu=np.concatenate(parts),
        affine=place.affine,
        nodule=place.nodule,
        point=place.nodule + subject.click(screen),
        acquisition=acquisition,
    )


def _render_slab(
    subject: Subject,
    nodules: Sequence[tuple[Nodule, NDArray[np.float64]]],
    place: _Placement,
    scanner: Scanner,
    noise: float,
    z: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.int16]:
    """Return some slices of the scan, int16 HU, shape (K, J, I); ``z`` are their middles in the anatomy frame."""
    chest, (x, y) = subject.chest, (place.x, place.y)
    repeats = int(np.ceil(scanner.thickness / LARGEST_SUBSLICE))
    offsets = ((np.arange(repeats) + 0.5) / repeats - 0.5) * scanner.thickness
    total = np.zeros((len(z), *x.shape), np.float32)
    for offset in offsets:
        thin = (z + offset).astype(np.float32)
        lung_hu = parenchyma(chest, x, y, thin)
        for nodule, center in nodules:
            _add_nodule(lung_hu, nodule, center, place, thin, scanner.thickness / repeats)
        vessels = draw_vessels(chest.vessels, x, y, thin)
        lung_hu += vessels * np.maximum(np.float32(BLOOD_HU) - lung_hu, 0)
        other_hu, lung = surroundings(chest.outline, x, y, thin)
        total += other_hu + lung * (lung_hu - other_hu)
    total /= np.float32(repeats)
    _blur(total, scanner.sharpness / place.step)
    total += _noise(total.shape, noise, scanner.noise_grain / place.step, rng)
    return np.clip(np.rint(total), LOWEST_HU, HIGHEST_HU).astype(np.int16)


def _add_nodule(
    lung_hu: NDArray[np.float32],
    nodule: Nodule,
    center: NDArray[np.float64],
    place: _Placement,
    z: NDArray[np.float32],
    thickness: float,
) -> None:
    """Put the nodule into the lung in place, supersampled in plane and along z."""
    x, y, height = (values - np.float32(c) for values, c in zip((place.x, place.y, z), center, strict=True))
    slices = np.flatnonzero(np.abs(height) < nodule.reach + thickness / 2)
    near = np.maximum(np.abs(x), np.abs(y)) < nodule.reach + place.step
    rows, columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
    if not (len(slices) and len(rows) and len(columns)):
        return
    box = (slice(slices[0], slices[-1] + 1), slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    in_plane, along = math.ceil(place.step / IN_PLANE_SUBSTEP), math.ceil(thickness / SLICE_SUBSTEP)
    parts = ((np.arange(along, dtype=np.float32) + 0.5) / along - 0.5) * np.float32(thickness)
    fine_z = (height[slices][:, None] + parts).ravel().astype(np.float32)
    share, hu = nodule.draw(_finer(x[box[1:]], in_plane), _finer(y[box[1:]], in_plane), fine_z)
    share, weighted = (_coarser(values, along, in_plane) for values in (share, share * hu))
    lung_hu[box] = lung_hu[box] * (1 - share) + weighted


def _finer(plane: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """Return a coordinate that is linear over the pixels at ``factor`` times as many, (J, I) to (fJ, fI)."""
    parts = (np.arange(factor) + 0.5) / factor - 0.5
    rows = (np.arange(plane.shape[0])[:, None] + parts).ravel() * (plane[1, 0] - plane[0, 0])
    columns = (np.arange(plane.shape[1])[:, None] + parts).ravel() * (plane[0, 1] - plane[0, 0])
    return (plane[0, 0] + rows[:, None] + columns).astype(np.float32)


def _coarser(values: NDArray[np.float32], along: int, in_plane: int) -> NDArray[np.float32]:
    """Return the mean over each voxel's parts."""
    k, j, i = values.shape
    parts = values.reshape(k // along, along, j // in_plane, in_plane, i // in_plane, in_plane)
    return parts.mean(axis=(1, 3, 5))


def _noise(shape: tuple[int, ...], deviation: float, grain: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return noise of this deviation in HU, correlated in plane over ``grain`` pixels."""
    noise: NDArray[np.float32] = rng.standard_normal(shape, np.float32)
    _blur(noise, grain)
    return noise * np.float32(deviation / noise.std())


def _blur(slices: NDArray[np.float32], deviation: float) -> None:
    """Blur in plane, in place; ``deviation`` in pixels."""
    for axis in (1, 2):
        gaussian_filter1d(slices, deviation, axis=axis, output=slices, mode="nearest", truncate=FILTER_REACH)


@dataclass(frozen=True)
class _Placement:
    """Where a scan's voxels lie: in the anatomy frame for drawing, in scanner coordinates for the header.

    Attributes:
        x: anatomy x of each pixel, mm, shape (J, I).
        y: anatomy y of each pixel, mm, shape (J, I).
        z: anatomy z of each slice's middle, mm, ascending, shape (K,).
        step: pixel spacing, mm.
        affine: (4, 4) from (i, j, k, 1) to scanner LPS mm.
        nodule: the nodule's centre in scanner LPS mm.
    """

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    z: NDArray[np.float64]
    step: float
    affine: NDArray[np.float64]
    nodule: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        subject: Subject,
        acquisition: Acquisition,
        region: Region,
        thickness: float,
        roi_extent: tuple[float, float, float],
    ) -> _Placement:
        center = subject.outline.nodule
        shift, step = np.array(acquisition.shift), acquisition.pixel_spacing
        cosine, sine = np.cos(acquisition.rotation), np.sin(acquisition.rotation)
        turn = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])  # anatomy to scanner
        nodule = turn @ center + shift
        if region is Region.CHEST:
            middle = shift.copy()
        else:
            middle = nodule + np.array(acquisition.field_offset) * (region is Region.PATCH)
        if region is Region.ROI:
            depth, height, width = roi_extent
            pixels = int(np.ceil((max(height, width) + 2 * ROI_MARGIN) / step))
            count = int(np.ceil((depth + 2 * ROI_MARGIN) / thickness)) + 1
        else:
            pixels, count = PIXELS[region], int(np.ceil(HEIGHT[region] / thickness))
        # Tenths of a micrometre: what a header's decimal strings keep, so that file and memory agree.
        first = np.round(
            middle - np.array([pixels - 1, pixels - 1, 0]) / 2 * step - [0, 0, (count - 1) / 2 * thickness], 4
        )
        along = first[:2, None] + np.arange(pixels) * step - shift[:2, None]
        across, down = np.meshgrid(along[0], along[1])
        affine = np.diag([step, step, thickness, 1.0])
        affine[:3, 3] = first
        return cls(
            x=(cosine * across + sine * down).astype(np.float32),
            y=(-sine * across + cosine * down).astype(np.float32),
            z=first[2] + np.arange(count) * thickness - shift[2],
            step=step,
            affine=affine,
            nodule=nodule,
        )
