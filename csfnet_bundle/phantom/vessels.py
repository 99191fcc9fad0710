"""The pulmonary vessels of a phantom: a branching tree that supplies the lung, and its picture on a grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TERMINAL_RADIUS = 0.42
"""mm. Thinner vessels cannot be told from lung texture at CT's resolution."""
MURRAY_EXPONENT = 2.7
"""Radii obey parent**e = sum of child**e: Murray's law has 3, measured human pulmonary arteries are nearer to 2.7."""
LARGEST_RADIUS = 7.0
DETOUR_COST = 0.35
"""Weight of the path back to the hilum against the way to the branching point: higher gives straighter branches."""
PROFILE_WIDTH = 0.9
"""mm over which a vessel's edge fades: partial volume of a pixel."""
SMALLEST_DRAWN_RADIUS = 0.65
"""mm. Thinner vessels are drawn this wide and fainter, with the same cross-section, so that no slice misses them."""


@dataclass(frozen=True)
class Vessels:
    """Straight tapered pieces of vessel.

    Attributes:
        starts: nearer ends, anatomy mm, shape (N, 3).
        ends: farther ends, shape (N, 3).
        radii: mm at the nearer and the farther end, shape (N, 2).
    """

    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    radii: NDArray[np.float64]

    @staticmethod
    def joined(parts: list[Vessels]) -> Vessels:
        """Return all pieces of several trees as one."""
        return Vessels(
            np.concatenate([part.starts for part in parts]),
            np.concatenate([part.ends for part in parts]),
            np.concatenate([part.radii for part in parts]),
        )


def grow_vessels(hilum: NDArray[np.float64], targets: NDArray[np.float64]) -> Vessels:
    """Connect every target to the hilum by a tree of short ways, with radii after Murray's law.

    Args:
        hilum: where the tree enters, anatomy mm, shape (3,).
        targets: points of the lung that the tree must reach, shape (N, 3).
    """
    targets = targets[np.argsort(np.linalg.norm(targets - hilum, axis=1))]
    nodes = np.concatenate([hilum[None], targets]).astype(np.float32)
    count = len(nodes)
    parent = np.zeros(count, int)
    path = np.zeros(count, np.float32)
    for node in range(1, count):
        way = nodes[:node] - nodes[node]
        distance = np.sqrt(np.einsum("nc,nc->n", way, way))
        parent[node] = nearest = int(np.argmin(distance + DETOUR_COST * path[:node]))
        path[node] = path[nearest] + distance[nearest]
    flow = np.full(count, TERMINAL_RADIUS**MURRAY_EXPONENT)
    for node in range(count - 1, 0, -1):  # children come after their parents
        flow[parent[node]] += flow[node]
    radius = np.minimum(flow ** (1 / MURRAY_EXPONENT), LARGEST_RADIUS)
    starts, ends = nodes[parent[1:]].astype(float), nodes[1:].astype(float)
    # A branch starts with its own radius, not with its parent's: the vessel only tapers along itself.
    largest_child = np.full(count, TERMINAL_RADIUS)
    np.maximum.at(largest_child, parent[1:], radius[1:])
    return Vessels(starts, ends, np.stack([radius[1:], largest_child[1:]], axis=1))


def draw_vessels(
    vessels: Vessels, x: NDArray[np.float32], y: NDArray[np.float32], z: NDArray[np.float32], step: float
) -> NDArray[np.float32]:
    """Return how much of each voxel vessels fill, 0 to 1, shape (K, J, I).

    Args:
        vessels: the pieces; those off the grid cost nothing.
        x: anatomy x of each pixel, mm, shape (J, I).
        y: anatomy y of each pixel, mm, shape (J, I).
        z: anatomy z of each slice, mm, ascending, shape (K,).
        step: pixel spacing in mm.
    """
    filled = np.zeros((len(z), *x.shape), np.float32)
    reach = np.maximum(vessels.radii.max(axis=1), SMALLEST_DRAWN_RADIUS) + PROFILE_WIDTH
    low = np.minimum(vessels.starts, vessels.ends) - reach[:, None]
    high = np.maximum(vessels.starts, vessels.ends) + reach[:, None]
    inside = (high[:, 2] > z[0]) & (low[:, 2] < z[-1])
    inside &= (high[:, 0] > x.min()) & (low[:, 0] < x.max()) & (high[:, 1] > y.min()) & (low[:, 1] < y.max())
    turn = np.array([[x[0, 1] - x[0, 0], x[1, 0] - x[0, 0]], [y[0, 1] - y[0, 0], y[1, 0] - y[0, 0]]]) / step**2
    origin = np.array([x[0, 0], y[0, 0]])
    for piece in np.flatnonzero(inside):
        start, end = vessels.starts[piece], vessels.ends[piece]
        columns_rows = np.stack([(start[:2] - origin) @ turn, (end[:2] - origin) @ turn])
        first = np.maximum(np.floor(columns_rows.min(axis=0) - reach[piece] / step).astype(int), 0)
        last = np.ceil(columns_rows.max(axis=0) + reach[piece] / step).astype(int) + 1
        slices = slice(*np.searchsorted(z, [low[piece, 2], high[piece, 2]]))
        box = (slices, slice(first[1], max(last[1], 0)), slice(first[0], max(last[0], 0)))
        target = filled[box]
        if target.size:
            profile = _piece_profile(start, end, vessels.radii[piece], x[box[1:]], y[box[1:]], z[slices])
            np.maximum(target, profile, out=target)
    return filled


def _piece_profile(
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    radii: NDArray[np.float64],
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    z: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return a tapered capsule's share of each voxel, shape (K, J, I)."""
    axis = (end - start).astype(np.float32)
    length = max(float(axis @ axis), 1e-6)
    dx, dy, dz = x - np.float32(start[0]), y - np.float32(start[1]), (z - np.float32(start[2]))[:, None, None]
    along = np.clip((dx * axis[0] + dy * axis[1] + dz * axis[2]) / np.float32(length), 0, 1)
    distance = np.sqrt((dx - along * axis[0]) ** 2 + (dy - along * axis[1]) ** 2 + (dz - along * axis[2]) ** 2)
    radius = np.float32(radii[0]) + along * np.float32(radii[1] - radii[0])
    drawn = np.maximum(radius, np.float32(SMALLEST_DRAWN_RADIUS))
    return np.clip((drawn - distance) / np.float32(PROFILE_WIDTH) + 0.5, 0, 1) * (radius / drawn) ** 2
