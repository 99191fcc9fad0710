"""Where a small block of one scan is found again in another: the peak of a masked normalized cross-correlation.

The template is weighted by a Gaussian around its centre times the closed lung, so that ribs, which slide along the
lung from breath to breath, do not drag it. For weights w, template f and image g, at every displacement d:

    ncc(d) = sum w (f - mf)(g_d - mg) / sqrt(sum w (f - mf)^2  sum w (g_d - mg)^2)

with weighted means mf and mg; each sum is one correlation by FFT (Padfield, Masked object registration in the Fourier
domain, IEEE TIP 2012, with weights instead of two masks).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

LEAST_DEVIATION_HU = 15.0
"""Weighted standard deviation below which a window shows nothing that could be recognized."""


@dataclass(frozen=True)
class Peak:
    """The best place of a template.

    Attributes:
        offset: from the centre of the search window, in its voxels along (D, H, W), shape (3,), between voxels.
        height: the correlation there, -1 to 1.
        is_at_edge: whether the best place is on the window's edge, so that a better one may lie beyond.
    """

    offset: NDArray[np.float64]
    height: float
    is_at_edge: bool


def find_peak(template: NDArray[np.float32], weight: NDArray[np.float32], image: NDArray[np.float32]) -> Peak:
    """Find a template in an image.

    Args:
        template: HU, shape (d, h, w), odd lengths.
        weight: not negative, shape as the template's.
        image: HU, shape (d + 2 r, h + 2 r, w + 2 r): the template may move by r voxels along each axis.

    Returns:
        The peak, between voxels by a parabola along each axis; height 0 where the template or the image is empty.
    """
    ncc = _correlation(template.astype(np.float64), weight.astype(np.float64), image.astype(np.float64))
    best = np.array(np.unravel_index(int(ncc.argmax()), ncc.shape))
    middle = (np.array(ncc.shape) - 1) / 2
    is_at_edge = bool((best == 0).any() or (best == np.array(ncc.shape) - 1).any())
    height = float(ncc[tuple(best)])
    offset = best - middle
    if not is_at_edge:
        offset = offset + [_parabola(*ncc[_line(best, axis)]) for axis in range(3)]
    return Peak(offset, height, is_at_edge)


def _line(best: NDArray[np.intp], axis: int) -> tuple[int | slice, ...]:
    """Index of the three voxels around the peak along one axis."""
    return tuple(
        slice(int(place) - 1, int(place) + 2) if number == axis else int(place) for number, place in enumerate(best)
    )


def _parabola(below: float, peak: float, above: float) -> float:
    """Return where a parabola through three values one voxel apart has its top, -0.5 to 0.5 from the middle one."""
    curvature = below - 2 * peak + above
    return 0.0 if curvature >= 0 else float(np.clip((below - above) / (2 * curvature), -0.5, 0.5))


def _correlation(
    template: NDArray[np.float64], weight: NDArray[np.float64], image: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the weighted NCC at every displacement, shape image - template + 1."""
    valid = tuple(slice(0, n - m + 1) for n, m in zip(image.shape, template.shape, strict=True))
    total = weight.sum()
    if total <= 0:
        return np.zeros([part.stop for part in valid])
    weight = weight / total
    template = template - (weight * template).sum()
    image = image - image.mean()  # keeps the sums of squares small: float64 then has digits to spare
    shape = [fft.next_fast_len(n, real=True) for n in image.shape]

    def correlate(kernel: NDArray[np.float64], spectrum: NDArray[np.complex128]) -> NDArray[np.float64]:
        both = spectrum * np.conj(fft.rfftn(kernel, shape))
        result: NDArray[np.float64] = fft.irfftn(both, shape)[valid]
        return result

    spectrum = fft.rfftn(image, shape)
    product = correlate(weight * template, spectrum)
    mean = correlate(weight, spectrum)
    variance = correlate(weight, fft.rfftn(image**2, shape)) - mean**2
    own = float((weight * template**2).sum())
    usable = variance > LEAST_DEVIATION_HU**2
    if own <= LEAST_DEVIATION_HU**2:
        return np.zeros_like(product)
    # The template's weighted mean is 0, so that the image's mean drops out of the product.
    ncc: NDArray[np.float64] = np.where(usable, product / np.sqrt(own * np.where(usable, variance, 1.0)), 0.0)
    return ncc
