"""Straight tapered tubes and their picture on a grid: vessels are made of them, and spicules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Tubes:
    """Straight tapered pieces with rounded ends.

    Attributes:
        starts: one end of each, mm, shape (N, 3).
        ends: the other end, shape (N, 3).
        radii: mm at the start and at the end, shape (N, 2).
    """

    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    radii: NDArray[np.float64]

    @staticmethod
    def joined(parts: list[Tubes]) -> Tubes:
        """Return all pieces as one set."""
        return Tubes(
            np.concatenate([part.starts for part in parts]),
            np.concatenate([part.ends for part in parts]),
            np.concatenate([part.radii for part in parts]),
        )


def draw_tubes(
    tubes: Tubes,
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    z: NDArray[np.float32],
    *,
    edge: float,
    smallest_radius: float,
) -> NDArray[np.float32]:
    """Return how much of each voxel the tubes fill, 0 to 1, shape (K, J, I).

    Args:
        tubes: those off the grid cost nothing.
        x: x of each pixel, mm, shape (J, I): a regular grid that may be turned about z.
        y: y of each pixel, mm, shape (J, I).
        z: z of each slice, mm, ascending, shape (K,).
        edge: mm over which a tube's side fades.
        smallest_radius: mm; thinner tubes are drawn this wide and fainter, with the same cross-section, so that no
            slice misses them.
    """
    filled = np.zeros((len(z), *x.shape), np.float32)
    if not len(tubes.starts) or min(filled.shape) < 2:
        return filled
    reach = np.maximum(tubes.radii.max(axis=1), smallest_radius) + edge
    low = np.minimum(tubes.starts, tubes.ends) - reach[:, None]
    high = np.maximum(tubes.starts, tubes.ends) + reach[:, None]
    inside = (high[:, 2] > z[0]) & (low[:, 2] < z[-1])
    inside &= (high[:, 0] > x.min()) & (low[:, 0] < x.max()) & (high[:, 1] > y.min()) & (low[:, 1] < y.max())
    column_row = np.array([[x[0, 1] - x[0, 0], x[1, 0] - x[0, 0]], [y[0, 1] - y[0, 0], y[1, 0] - y[0, 0]]], float)
    step = float(np.linalg.norm(column_row[:, 0]))
    turn, origin = column_row / step**2, np.array([x[0, 0], y[0, 0]])
    for piece in np.flatnonzero(inside):
        start, end = tubes.starts[piece], tubes.ends[piece]
        pixels = np.stack([(start[:2] - origin) @ turn, (end[:2] - origin) @ turn])
        first = np.maximum(np.floor(pixels.min(axis=0) - reach[piece] / step).astype(int), 0)
        last = np.maximum(np.ceil(pixels.max(axis=0) + reach[piece] / step).astype(int) + 1, 0)
        slices = slice(*np.searchsorted(z, [low[piece, 2], high[piece, 2]]))
        box = (slices, slice(first[1], last[1]), slice(first[0], last[0]))
        target = filled[box]
        if target.size:
            radii = tubes.radii[piece]
            share = _share(start, end, radii, x[box[1:]], y[box[1:]], z[slices], edge, smallest_radius)
            np.maximum(target, share, out=target)
    return filled


def _share(
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    radii: NDArray[np.float64],
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    z: NDArray[np.float32],
    edge: float,
    smallest_radius: float,
) -> NDArray[np.float32]:
    """Return one tube's share of each voxel, shape (K, J, I)."""
    axis = (end - start).astype(np.float32)
    length = max(float(axis @ axis), 1e-6)
    dx, dy, dz = x - np.float32(start[0]), y - np.float32(start[1]), (z - np.float32(start[2]))[:, None, None]
    along = np.clip((dx * axis[0] + dy * axis[1] + dz * axis[2]) / np.float32(length), 0, 1)
    distance = np.sqrt((dx - along * axis[0]) ** 2 + (dy - along * axis[1]) ** 2 + (dz - along * axis[2]) ** 2)
    radius = np.float32(radii[0]) + along * np.float32(radii[1] - radii[0])
    drawn = np.maximum(radius, np.float32(smallest_radius))
    return np.clip((drawn - distance) / np.float32(edge) + 0.5, 0, 1) * (radius / drawn) ** 2
