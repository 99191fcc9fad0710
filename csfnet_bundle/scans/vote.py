"""What eight neighbours of a place say about where it went.

The height of a correlation peak does not tell whether it is the right one: a vessel branches alike in many places. The
lung moves as one, though, so that neighbours found on their own must have gone the same way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEIGHBOUR_MM = 22.0
"""Distance of the neighbours, on the diagonals: outside the nodule, and near enough to move with it."""

DIAGONALS = np.array([[x, y, z] for z in (-1, 1) for y in (-1, 1) for x in (-1, 1)]) * (NEIGHBOUR_MM / np.sqrt(3))
"""From the place to its neighbours, LPS mm, shape (8, 3)."""

LEAST_NCC = 0.6
"""Correlation below which a neighbour was not found, chosen on the series of docs/matching.md."""

AGREEMENT_MM = 8.0
"""Neighbours count if they went this near to their median: the lung stretches by some mm over 22 mm."""

LEAST_VOTES = 4
"""Of eight neighbours, so many must agree. Near the chest wall not all lie in lung that can be found again; of 59
places sought in another patient's scan, alignment forced, none had more than one."""

LARGEST_SPREAD_MM = 5.0
"""Root mean square distance of the agreeing neighbours from a common local affine motion."""

USUAL_STRAIN, USUAL_ERROR_MM = 0.1, 1.0
"""How much the lung stretches between two breaths, and how well one neighbour is found: the ridge's prior."""


@dataclass(frozen=True)
class Vote:
    """What the neighbours say.

    Attributes:
        motion: displacement of the place, mm, shape (3,).
        agreeing: which of the eight agree, shape (8,).
        spread_mm: root mean square distance from their common local affine motion; infinite without any.
    """

    motion: NDArray[np.float64]
    agreeing: NDArray[np.bool_]
    spread_mm: float

    @property
    def votes(self) -> int:
        """How many agree."""
        return int(self.agreeing.sum())

    @property
    def is_sure(self) -> bool:
        """Whether enough neighbours agree well enough."""
        return self.votes >= LEAST_VOTES and self.spread_mm <= LARGEST_SPREAD_MM


def count_votes(motions: NDArray[np.float64], found: NDArray[np.bool_]) -> Vote:
    """Judge the neighbours' motions and give that of the place between them.

    Args:
        motions: displacement of each neighbour, mm, shape (8, 3), in the order of :data:`DIAGONALS`.
        found: which were found at all, shape (8,).
    """
    agreeing = found.copy()
    if not found.any():
        return Vote(np.zeros(3), agreeing, np.inf)
    median = np.median(motions[found], axis=0)
    agreeing &= np.linalg.norm(motions - median, axis=1) <= AGREEMENT_MM
    if not agreeing.any():
        return Vote(median, agreeing, np.inf)
    offsets, seen = DIAGONALS[agreeing], motions[agreeing]
    # Ridge regression: motion = mean + strain (offset - mean offset), the strain with a normal prior.
    centred = offsets - offsets.mean(axis=0)
    ridge = (USUAL_ERROR_MM / USUAL_STRAIN) ** 2
    strain = np.linalg.solve(centred.T @ centred + ridge * np.eye(3), centred.T @ (seen - seen.mean(axis=0)))
    motion = seen.mean(axis=0) - offsets.mean(axis=0) @ strain
    rest = seen - seen.mean(axis=0) - centred @ strain
    return Vote(motion, agreeing, float(np.sqrt((rest**2).sum(axis=1).mean())))
