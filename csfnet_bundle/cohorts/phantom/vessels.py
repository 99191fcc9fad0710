"""The pulmonary vessels of a phantom: a branching tree that supplies the lung."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from csfnet_bundle.cohorts.phantom.tubes import Tubes, draw_tubes

TERMINAL_RADIUS = 0.42
"""mm. Thinner vessels cannot be told from lung texture at CT's resolution."""
MURRAY_EXPONENT = 2.7
"""Radii obey parent**e = sum of child**e: Murray's law has 3, measured human pulmonary arteries are nearer to 2.7."""
LARGEST_RADIUS = 7.0
DETOUR_COST = 0.35
"""Weight of the path back to the hilum against the way to the branching point: higher gives straighter branches."""
NEIGHBOURS = 24
"""Branching points that a target may hang on: the nearest ones."""
FREE_RADIUS = 9.0
"""mm around a nodule's centre that vessels leave free."""
BEND_REACH, BEND_PIECES = 25.0, (0.5, 2.5)
"""mm: how near to a nodule vessels are cut into pieces, and how long these are: shorter where one passes through the
free ball and has to go far around it."""
PROFILE_WIDTH = 0.9
"""mm over which a vessel's edge fades: partial volume of a pixel."""
SMALLEST_DRAWN_RADIUS = 0.65
"""mm. Thinner vessels are drawn this wide and fainter, with the same cross-section, so that no slice misses them."""


def grow_vessels(hilum: NDArray[np.float64], targets: NDArray[np.float64]) -> Tubes:
    """Connect every target to the hilum by a tree of short ways, with radii after Murray's law.

    Args:
        hilum: where the tree enters, anatomy mm, shape (3,).
        targets: points of the lung that the tree must reach, shape (N, 3).
    """
    targets = targets[np.argsort(np.linalg.norm(targets - hilum, axis=1))]
    nodes = np.concatenate([hilum[None], targets]).astype(np.float32)
    count = len(nodes)
    parent = np.zeros(count, int)
    path = np.zeros(count)
    distances, neighbours = cKDTree(nodes).query(nodes, k=min(NEIGHBOURS, count))
    for node in range(1, count):
        nearer = neighbours[node] < node  # targets are in the order of their distance from the hilum
        candidates, ways = neighbours[node][nearer], distances[node][nearer]
        if not len(candidates):  # alone at the rim: look at all
            candidates, ways = np.arange(node), np.linalg.norm(nodes[:node] - nodes[node], axis=1)
        best = int(np.argmin(ways + DETOUR_COST * path[candidates]))
        parent[node], path[node] = candidates[best], path[candidates[best]] + ways[best]
    flow = np.full(count, TERMINAL_RADIUS**MURRAY_EXPONENT)
    for node in range(count - 1, 0, -1):  # children come after their parents
        flow[parent[node]] += flow[node]
    radius = np.minimum(flow ** (1 / MURRAY_EXPONENT), LARGEST_RADIUS)
    starts, ends = nodes[parent[1:]].astype(float), nodes[1:].astype(float)
    # A branch starts with its own radius, not with its parent's: the vessel only tapers along itself.
    largest_child = np.full(count, TERMINAL_RADIUS)
    np.maximum.at(largest_child, parent[1:], radius[1:])
    return Tubes(starts, ends, np.stack([radius[1:], largest_child[1:]], axis=1))


def bend_around(vessels: Tubes, place: NDArray[np.float64]) -> Tubes:
    """Return the vessels pushed aside by a nodule, so that none runs through it.

    Near the place, vessels are cut into short pieces whose ends move outwards as if a ball of :data:`FREE_RADIUS` had
    been put there and the lung kept its volume: r -> (r^3 + FREE_RADIUS^3)^(1/3). The push is the same for every nodule
    and at every screen, so it tells nothing of the nodule's size or label.

    Args:
        vessels: the tree.
        place: the nodule's centre, mm, shape (3,).
    """
    axis = vessels.ends - vessels.starts
    length = np.linalg.norm(axis, axis=1)
    nearest = np.clip(((place - vessels.starts) * axis).sum(axis=1) / np.maximum(length, 1e-6) ** 2, 0, 1)
    distance = np.linalg.norm(vessels.starts + nearest[:, None] * axis - place, axis=1)
    longest = np.select([distance < FREE_RADIUS, distance < BEND_REACH], BEND_PIECES, default=np.inf)
    parts = np.maximum(np.ceil(length / longest), 1).astype(int)
    piece = np.repeat(np.arange(len(parts)), parts)
    within = np.arange(len(piece)) - np.repeat(np.cumsum(parts) - parts, parts)
    begin, end = (within / parts[piece])[:, None], ((within + 1) / parts[piece])[:, None]
    radii = vessels.radii[piece, :1] + np.concatenate([begin, end], axis=1) * np.diff(vessels.radii, axis=1)[piece]
    starts, ends = (_pushed(vessels.starts[piece] + share * axis[piece], place) for share in (begin, end))
    return Tubes(starts, ends, radii)


def _pushed(points: NDArray[np.float64], place: NDArray[np.float64]) -> NDArray[np.float64]:
    offset = points - place
    distance = np.maximum(np.linalg.norm(offset, axis=1, keepdims=True), 1e-3)
    return place + offset * (distance**3 + FREE_RADIUS**3) ** (1 / 3) / distance


def draw_vessels(
    vessels: Tubes, x: NDArray[np.float32], y: NDArray[np.float32], z: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return how much of each voxel vessels fill, see :func:`csfnet_bundle.cohorts.phantom.tubes.draw_tubes`."""
    return draw_tubes(vessels, x, y, z, edge=PROFILE_WIDTH, smallest_radius=SMALLEST_DRAWN_RADIUS)
