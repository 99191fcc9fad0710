"""The noise of a CT series: how strong it is where, what grain it has, and new noise of the same kind.

A second scan of a patient shows the same anatomy under other noise. Each slice is split into its smooth part and the
share of noise that can be told from structure (Wiener's filter with local variances; Lee, Digital image enhancement and
noise filtering by use of local statistics, IEEE TPAMI 1980); then as much new noise is laid on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

WINDOW = 5
"""Pixels along the side of the window of local means and variances: smaller than the smallest nodule."""

PATCH = 16
"""Pixels along the side of the patches that noise is measured on."""

QUIET_PERCENTILE = 10.0
"""Of the local variances in a patch the percentile that is taken for noise alone: the rest also holds structure."""

REMOVAL = 1.5
"""How much of the noise's variance counts as noise: local variances of pure noise scatter by half, and what they have
more than the level would stay in place and be seen in both scans."""

QUIET_NEIGHBOURS = 30.0
"""Percentile over a patch and its neighbours: a patch full of edges takes the level of the quieter ones beside it."""

TISSUE_HU = (-150.0, 200.0)
"""Soft tissue, the one large homogeneous material of a chest: grain is measured there, where there are even patches."""

AIR_BELOW_HU = -950.0
"""Air around the patient has less noise, of another grain, and is clipped: it is the last choice."""

EVEN_PERCENTILE, EVEN_SPREAD = 5.0, 2.0
"""Patches up to so many times the variance of the quietest in the body are even; others hold an edge."""

PATCHES_FOR_GRAIN = 400
"""Patches that the noise's spectrum is averaged over: 5 % of standard error for each frequency."""

EVERY_NTH_SLICE = 4
"""Pairs of slices are looked at in such steps: neighbours say the same."""

FINITE_VARIANCE = 1e-6
"""HU^2 below which a window is constant: padding, or air that was clipped."""


@dataclass(frozen=True)
class NoiseGrain:
    """The grain of a series' noise.

    Attributes:
        amplitude: of the in-plane frequencies, shape (PATCH, PATCH) as ``numpy.fft.fft2`` orders them; unit variance.
        slice_correlation: correlation of the noise in neighbouring slices, 0 to 1.
        quiet_ratio: what :data:`QUIET_PERCENTILE` of local variances is for noise of this grain and variance 1.
        left_by_mean: variance that the local mean of such noise still has.
    """

    amplitude: NDArray[np.float64]
    slice_correlation: float
    quiet_ratio: float
    left_by_mean: float


def measure_grain(volume: NDArray[np.float32]) -> NoiseGrain:
    """Measure the grain on the most even patches of soft tissue (on those of anything where there is none).

    Args:
        volume: HU, shape (I, J, K).
    """
    patches, above = _even_patches(volume)
    spectrum = (np.abs(np.fft.fft2(patches)) ** 2).mean(axis=0)
    spectrum[0, 0] = 0.0
    if spectrum.sum() <= FINITE_VARIANCE:  # an image without noise: white stands for the grain of none
        spectrum = np.ones_like(spectrum)
        spectrum[0, 0] = 0.0
    amplitude = np.sqrt(spectrum / spectrum.sum()) * PATCH
    products, energy = (patches * above).mean(), np.sqrt((patches**2).mean() * (above**2).mean())
    correlation = float(np.clip(products / energy, 0, 1)) if energy > FINITE_VARIANCE else 0.0
    side = 16 * PATCH
    sample = next(_white_to_grain(amplitude, (side, side), np.random.default_rng(0)))
    mean, variance = _local_statistics(sample)
    return NoiseGrain(
        amplitude=amplitude,
        slice_correlation=correlation,
        quiet_ratio=float(np.median(_quiet_variance(variance))),
        left_by_mean=float(mean.var()),
    )


def split_slice(values: NDArray[np.float32], grain: NoiseGrain) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Split a slice into its smooth part and the standard deviation of the noise taken out.

    Args:
        values: HU, shape (I, J).
        grain: of the slice's series.

    Returns:
        The smooth part, and for every pixel the standard deviation (HU) of the noise to lay on so that it has as much
        as before; both (I, J).
    """
    mean, variance = _local_statistics(values)
    quiet = _quiet_variance(variance) / grain.quiet_ratio
    noise_variance = _to_pixels(ndimage.percentile_filter(quiet, QUIET_NEIGHBOURS, size=3), values.shape)
    kept = np.clip(1 - REMOVAL * noise_variance / np.maximum(variance, FINITE_VARIANCE), 0, 1)
    deviation = np.sqrt(noise_variance * (1 - kept**2) * (1 - grain.left_by_mean))
    deviation[variance <= FINITE_VARIANCE] = 0
    return (mean + kept * (values - mean)).astype(np.float32), deviation.astype(np.float32)


def noise_slices(grain: NoiseGrain, shape: tuple[int, int], rng: np.random.Generator) -> Iterator[NDArray[np.float64]]:
    """Yield slices of new noise, unit variance, shape ``shape``, correlated from slice to slice as measured."""
    rho = grain.slice_correlation
    fresh = _white_to_grain(grain.amplitude, shape, rng)
    noise = next(fresh)
    while True:
        yield noise
        noise = rho * noise + np.sqrt(1 - rho**2) * next(fresh)


def _white_to_grain(
    amplitude: NDArray[np.float64], shape: tuple[int, int], rng: np.random.Generator
) -> Iterator[NDArray[np.float64]]:
    wrapped = np.pad(np.fft.fftshift(amplitude), ((0, 1), (0, 1)), mode="wrap")  # -1/2 ... +1/2 cycles a pixel
    frequencies = [np.fft.fftfreq(n) * PATCH + PATCH / 2 for n in shape]
    index = np.stack(np.meshgrid(*frequencies, indexing="ij"))
    filter_ = ndimage.map_coordinates(wrapped, index, order=1)
    filter_ /= np.sqrt((filter_**2).mean())
    while True:
        yield np.fft.ifft2(np.fft.fft2(rng.standard_normal(shape)) * filter_).real


def _even_patches(volume: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The most even patches, and the same places one slice on, both (N, PATCH, PATCH) with their planes taken off."""
    rows, columns = (n // PATCH for n in volume.shape[:2])
    pairs = []
    for k in range(0, max(volume.shape[2] - 1, 1), EVERY_NTH_SLICE):
        both = volume[: rows * PATCH, : columns * PATCH, [k, min(k + 1, volume.shape[2] - 1)]].astype(np.float64)
        tiles = both.reshape(rows, PATCH, columns, PATCH, 2).transpose(4, 0, 2, 1, 3)
        pairs.append(tiles.reshape(2, -1, PATCH, PATCH))
    patches, above = np.concatenate(pairs, axis=1)
    level = patches.mean(axis=(1, 2))
    spread = patches.var(axis=(1, 2))
    usable = spread > FINITE_VARIANCE
    if not usable.any():
        return np.zeros((1, PATCH, PATCH)), np.zeros((1, PATCH, PATCH))
    body = usable & (level > AIR_BELOW_HU) if (usable & (level > AIR_BELOW_HU)).any() else usable
    even = body & (spread <= EVEN_SPREAD * np.percentile(spread[body], EVEN_PERCENTILE))
    tissue = even & (level > TISSUE_HU[0]) & (level < TISSUE_HU[1])
    chosen = np.flatnonzero(tissue if tissue.any() else even)
    best = chosen[np.argsort(spread[chosen], kind="stable")[:PATCHES_FOR_GRAIN]]
    return _without_plane(patches[best]), _without_plane(above[best])


def _without_plane(patches: NDArray[np.float64]) -> NDArray[np.float64]:
    line = np.linspace(-1, 1, PATCH)
    columns = np.stack([np.ones(PATCH**2), np.repeat(line, PATCH), np.tile(line, PATCH)], axis=1)
    basis, _ = np.linalg.qr(columns)
    flat = patches.reshape(len(patches), -1)
    rest: NDArray[np.float64] = (flat - flat @ basis @ basis.T).reshape(patches.shape)
    return rest


def _local_statistics(values: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    precise = values.astype(np.float64)
    mean = ndimage.uniform_filter(precise, WINDOW)
    variance = ndimage.uniform_filter(precise**2, WINDOW) - mean**2
    return mean, np.maximum(variance, 0)


def _quiet_variance(variance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The quiet percentile of every whole patch, shape (I // PATCH, J // PATCH); a rest at the end is left out."""
    rows, columns = (n // PATCH for n in variance.shape)
    tiles = variance[: rows * PATCH, : columns * PATCH].reshape(rows, PATCH, columns, PATCH)
    flat = tiles.transpose(0, 2, 1, 3).reshape(rows, columns, -1)
    rank = round(flat.shape[-1] * QUIET_PERCENTILE / 100)
    return np.partition(flat, rank, axis=-1)[..., rank]


def _to_pixels(patches: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Interpolate a value per patch, which stands at the patch's centre, for every pixel."""
    index = [(np.arange(n) - (PATCH - 1) / 2) / PATCH for n in shape]
    grid = np.stack(np.meshgrid(*index, indexing="ij"))
    values: NDArray[np.float64] = ndimage.map_coordinates(patches, grid, order=1, mode="nearest")
    return values
