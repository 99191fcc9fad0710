"""Whether an exported network gives what the one it was made from gives."""

from __future__ import annotations

import numpy as np

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.serving.export.examples import Pairs
from csfnet_bundle.serving.export.runtimes import Runtime

PARITY_PAIRS = 32
PARITY_TOLERANCE = 1e-4
"""Largest difference of a logit: a thousand times float32's rounding, and too little to change a probability's third
decimal."""


def largest_difference(one: Runtime, other: Runtime, pairs: Pairs) -> float:
    """Return the largest difference of a logit over the pairs, all in one batch and each by itself."""
    expected = one(pairs)
    alone = [other(Pairs(*(array[i : i + 1] for array in vars(pairs).values()))) for i in range(len(pairs))]
    together = np.abs(other(pairs) - expected).max()
    return float(max(together, np.abs(np.concatenate(alone) - expected).max()))


def check_parity(one: Runtime, other: Runtime, pairs: Pairs, name: str) -> float:
    """Return :func:`largest_difference`.

    Raises:
        BundleError: it is over ``PARITY_TOLERANCE``, or no number.
    """
    difference = largest_difference(one, other, pairs)
    if not difference <= PARITY_TOLERANCE:
        raise BundleError(
            f"differs from PyTorch by {difference:.1e} in a logit, allowed are {PARITY_TOLERANCE:.0e}",
            record=name,
            remedy="It was not written; use the versions of pyproject.toml's extra `export`.",
        )
    return difference
