"""Inputs to try a network on: made up, seeded, with everything that may be missing missing in some of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LUNG, NODULE, NOISE = 0.2, 0.7, 0.05
"""Levels of the window's [0, 1] at which lung and nodules lie, and the noise of a low-dose scan."""
RADII = (0.08, 0.3)
"""Smallest and largest radius of a nodule, in the ROI's smallest edge."""
DAYS = (300.0, 800.0)
"""Intervals of a yearly screening, days."""
MISSING_EVERY = 4
"""Every fourth pair has no interval, the one after it no t0, and every fourth clinical value is missing."""


@dataclass(frozen=True)
class Pairs:
    """A batch as the network takes it, in arrays.

    Attributes:
        image: (B, 2, D, H, W) float32 in [0, 1]; channel 0 is t0, channel 1 is t1, which stands in
            both where there is no t0.
        clinical: (B, V) int64 tokens, 0 where missing.
        interval_days: (B,) float32, NaN where missing.
    """

    image: NDArray[np.float32]
    clinical: NDArray[np.int64]
    interval_days: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.image)

    def first(self, count: int) -> Pairs:
        """Return the first ``count`` pairs."""
        return Pairs(self.image[:count], self.clinical[:count], self.interval_days[:count])


def example_pairs(count: int, roi_size: Sequence[int], vocabulary: Sequence[int], seed: int = 0) -> Pairs:
    """Return pairs of noisy balls, some grown at t1, with random clinical tokens and intervals.

    Args:
        count: B.
        roi_size: (D, H, W).
        vocabulary: number of tokens of each clinical variable.
        seed: of all that is random.
    """
    random = np.random.default_rng(seed)
    axes = [np.arange(size) - (size - 1) / 2 for size in roi_size]
    distance = np.sqrt(sum(axis**2 for axis in np.meshgrid(*axes, indexing="ij")))  # (D, H, W), voxels
    radii = random.uniform(*RADII, (count, 2)) * min(roi_size)
    image = np.where(distance < radii[:, :, None, None, None], NODULE, LUNG) + random.normal(
        0, NOISE, (count, 2, *roi_size)
    )
    image[1::MISSING_EVERY, 0] = image[1::MISSING_EVERY, 1]
    clinical = np.stack([random.integers(0, tokens, count) for tokens in vocabulary], axis=1)
    clinical[random.random(clinical.shape) < 1 / MISSING_EVERY] = 0
    interval = random.uniform(*DAYS, count)
    interval[::MISSING_EVERY] = np.nan
    return Pairs(np.clip(image, 0, 1).astype(np.float32), clinical.astype(np.int64), interval.astype(np.float32))
