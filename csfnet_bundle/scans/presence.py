"""Whether the earlier scan shows anything like the nodule at the place that was found."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.geometry import Volume
from csfnet_bundle.geometry.resample import OUTSIDE_HU
from csfnet_bundle.scans.local_search import sample

CORE_MM = 1.5
"""Radius of the ball that stands for the nodule's core: inside a nodule of 4 mm."""

SEARCH_MM = 2.5
"""How far from the place found the core may lie: matches are that exact, and a point need not be the centre."""

SHELL_MM = (10.0, 20.0)
"""Between these radii the lung around the nodule is measured, as the median of what is not denser than a vessel."""

LUNG_BELOW_HU = -500.0
"""Vessels and wall lie above and do not count for the lung around."""

LEAST_CONTRAST_HU = 120.0
"""A core that is less above the lung around it is no nodule that could be missed."""

ABSENT_SHARE = 0.15
"""Share of t1's contrast below which t0 shows nothing like the nodule. Where one was removed at most .07 were left on
the series of docs/matching.md; a part-solid one of 5 mm, shrunk to .15 of its volume, keeps a quarter."""

NOISE_CONTRAST_HU, LARGEST_ABSENT_SHARE = 60.0, 0.4
"""In the noise of a low dose the densest ball of empty lung has up to so much contrast, which is more than that share
of a faint nodule's: below it nothing is there, unless it is this much of what t1 shows."""

MAY_BE_NEW = "it may be new since"
"""Ends the finding that t0 shows nothing like the nodule."""


def is_absent(contrast0: float, contrast1: float) -> bool:
    """Say whether t1 shows a core and t0 nothing like it; compared with t1's own, or ground glass is misjudged."""
    nothing = min(max(ABSENT_SHARE * contrast1, NOISE_CONTRAST_HU), LARGEST_ABSENT_SHARE * contrast1)
    return contrast1 >= LEAST_CONTRAST_HU and contrast0 < nothing


def absence_finding(contrast0: float, contrast1: float) -> str:
    """Return what to say where t0 shows nothing like the nodule."""
    return (
        f"t0 shows nothing like the nodule at the place (core {contrast0:.0f} HU above the lung around it, "
        f"{contrast1:.0f} HU in t1): {MAY_BE_NEW}."
    )


def core_contrast(block: Volume, place: NDArray[np.float64]) -> float:
    """Return HU of the core above the lung around it; see :func:`contrast_and_lung`."""
    return contrast_and_lung(block, place)[0]


def contrast_and_lung(block: Volume, place: NDArray[np.float64]) -> tuple[float, float]:
    """Return HU of the densest ball of :data:`CORE_MM` within :data:`SEARCH_MM` above the lung, and the lung's HU.

    The lung's is the median of what lies around.

    Args:
        block: HU with their affine; reaches :data:`SHELL_MM` around the place, as far as the scan does.
        place: LPS mm, shape (3,).
    """
    line = np.arange(-SHELL_MM[1], SHELL_MM[1] + 0.5)
    z, y, x = np.meshgrid(line, line, line, indexing="ij")
    distance = np.sqrt(x**2 + y**2 + z**2)
    values = sample(block.array, block.affine, place[:, None, None, None] + np.stack([x, y, z]), fill=OUTSIDE_HU)
    around = values[(distance >= SHELL_MM[0]) & (distance <= SHELL_MM[1]) & (values < LUNG_BELOW_HU)]
    lung = float(np.median(around)) if around.size else LUNG_BELOW_HU
    middle, reach = len(line) // 2, int(np.ceil(CORE_MM + SEARCH_MM))
    near = (slice(middle - reach, middle + reach + 1),) * 3
    half = int(np.ceil(CORE_MM))
    ball = (distance <= CORE_MM)[(slice(middle - half, middle + half + 1),) * 3]
    means = ndimage.convolve(values[near], ball.astype(np.float32) / float(ball.sum()))
    return float(means[distance[near] <= SEARCH_MM].max()) - lung, lung
