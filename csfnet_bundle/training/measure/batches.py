"""Batches of crops: examples turned, zoomed and shifted, with a click. A step's batch follows from seed and step.

So an interrupted training goes on with the very batches it would have seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from csfnet_bundle.nodule.network_input import SPACING_MM, network_input
from csfnet_bundle.training.measure.examples import SCALE, Examples

CROP, LARGE_CROP = (24, 32, 32), (32, 48, 48)
"""Voxels (D, H, W): 19 x 26 x 26 mm, and 26 x 38 x 38 mm, which shows more of the chest wall and of the vessels."""
BATCH, LARGE_BATCH = 4, 2
"""Crops a step; two large ones take one and a half times as long as four small ones."""
LARGE_SHARE = 0.4
"""Of the steps. With one in ten, and none of a small nodule, the network leaked into the chest wall of whole scans."""
LARGE_NODULE_WEIGHT = 4.0
"""How much more often than another a large nodule is taken for a large crop; it gets no small one."""
DRAWN_SHARE = 0.35
SUBSOLID_WEIGHT = 3.0
"""How much more often than a solid one a subsolid nodule of LIDC is taken: they are 17 in 100 there."""
MIRRORED_SHARE = 0.5
"""How often what lies beyond the box is mirrored; else the outermost voxels go on."""
FAR_CLICK_SHARE, FAR_CLICK_MM, NEAR_CLICK_MM = 0.25, 4.0, 0.7
SHIFT_MM = 3.0
"""How far the crop's middle lies from the click, along each axis."""
ZOOM, TILT_DEGREES = 0.22, 10.0
OFFSET_HU, NOISE_HU = 15.0, 30.0


@dataclass(frozen=True)
class Batch:
    """One step's input.

    Attributes:
        inputs: shape (B, 2, D, H, W).
        target: share of each voxel in the nodule, shape (B, D, H, W).
        weight: how much each voxel counts, 0 to 1, same shape.
    """

    inputs: torch.Tensor
    target: torch.Tensor
    weight: torch.Tensor


class Sampler:
    """Draws batches.

    Args:
        boxes: readers' nodules; None to draw from drawn ones alone.
        drawn: drawn nodules.
        seed: of the training.
    """

    def __init__(self, boxes: Examples | None, drawn: Examples, seed: int) -> None:
        self.boxes, self.drawn, self.seed = boxes, drawn, seed

    def batch(self, step: int) -> Batch:
        """Return the batch of a step."""
        rng = np.random.default_rng([self.seed, step])
        is_large = bool(rng.random() < LARGE_SHARE)
        chosen = [self._choose(is_large, rng) for _ in range(LARGE_BATCH if is_large else BATCH)]
        crop = LARGE_CROP if is_large else CROP
        return make_batch(np.stack([cube for cube, _ in chosen]), [mirrored for _, mirrored in chosen], crop, rng)

    def _choose(self, is_large: bool, rng: np.random.Generator) -> tuple[NDArray[np.int16], bool]:
        examples = self.drawn if self.boxes is None or rng.random() < DRAWN_SHARE else self.boxes
        large = np.array([row.is_large for row in examples.rows])
        weights = np.where(large, LARGE_NODULE_WEIGHT if is_large else 0.0, 1.0)
        if examples is self.boxes:
            weights[[row.subsolid for row in examples.rows]] *= SUBSOLID_WEIGHT
        if not weights.any():  # a small set may have only large ones
            weights[:] = 1.0
        number = int(rng.choice(len(weights), p=weights / weights.sum()))
        mirrored = examples is self.boxes and bool(rng.random() < MIRRORED_SHARE)
        return examples.cube(number), mirrored


def make_batch(
    cubes: NDArray[np.int16], mirrored: list[bool], crop: tuple[int, int, int], rng: np.random.Generator
) -> Batch:
    """Crop, turn, zoom, flip and disturb cubes.

    Args:
        cubes: int16, shape (B, 4, D, H, W), see :data:`csfnet_bundle.training.measure.examples.CHANNELS`.
        mirrored: for each, whether what lies beyond the box is mirrored.
        crop: voxels (D, H, W).
        rng: of this step.
    """
    hu = np.stack([cube[int(mirror)] for cube, mirror in zip(cubes, mirrored, strict=True)])
    weight = cubes[:, 3].astype(np.float32) / SCALE
    clicks = np.stack([_click(rng) for _ in cubes])
    centers = clicks + rng.uniform(-SHIFT_MM, SHIFT_MM, clicks.shape)
    matrices = np.stack([_matrix(rng) for _ in cubes])
    fields = np.stack([hu.astype(np.float32), cubes[:, 2].astype(np.float32) / SCALE], axis=1)
    grid = _grid(matrices, centers, crop, cubes.shape[2:])
    sampled = F.grid_sample(torch.from_numpy(fields), grid, padding_mode="border", align_corners=True)
    weights = F.grid_sample(torch.from_numpy(weight)[:, None], grid, mode="nearest", align_corners=True)[:, 0]
    values, target = sampled[:, 0], sampled[:, 1]
    values = values + torch.from_numpy(rng.normal(0, OFFSET_HU, (len(cubes), 1, 1, 1)).astype(np.float32))
    strength = rng.uniform(0, NOISE_HU, (len(cubes), 1, 1, 1)).astype(np.float32)
    values = values + torch.from_numpy(strength * rng.standard_normal(values.shape, np.float32))
    # The click in the crop's voxels: the crop's middle is at `centers`, and the matrix leads from crop to cube.
    back = np.stack([np.linalg.solve(m, c - o) for m, c, o in zip(matrices, clicks, centers, strict=True)])
    places = back / SPACING_MM + (np.array(crop) - 1) / 2
    inputs = network_input(values, torch.from_numpy(places.astype(np.float32)))
    return Batch(inputs, target, weights)


def _click(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the click's distance (d, h, w) from the centroid, mm."""
    if rng.random() >= FAR_CLICK_SHARE:
        return rng.normal(0, NEAR_CLICK_MM, 3)
    direction = rng.normal(size=3)
    return direction / np.linalg.norm(direction) * FAR_CLICK_MM * rng.random() ** (1 / 3)


def _matrix(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return what leads from mm in the crop to mm in the cube, axes (d, h, w): turn, tilt, zoom and flips."""
    turn = rng.uniform(0, 2 * np.pi)
    tilt = np.radians(rng.normal(0, TILT_DEGREES / 2))
    cosine, sine = np.cos(turn), np.sin(turn)
    in_plane = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    cosine, sine = np.cos(tilt), np.sin(tilt)
    tilted = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    flips = np.diag(rng.choice([-1.0, 1.0], 3))
    return tilted @ in_plane @ flips * np.exp(rng.uniform(-ZOOM, ZOOM))


def _grid(
    matrices: NDArray[np.float64], centers: NDArray[np.float64], crop: tuple[int, int, int], cube: tuple[int, ...]
) -> torch.Tensor:
    """Return the sampling grid of ``grid_sample``, shape (B, D, H, W, 3), its last axis (w, h, d)."""
    axes = [(torch.arange(size, dtype=torch.float32) - (size - 1) / 2) * SPACING_MM for size in crop]
    places = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)  # (D, H, W, 3), mm
    moved = torch.einsum("bij,dhwj->bdhwi", torch.from_numpy(matrices.astype(np.float32)), places)
    moved = moved + torch.from_numpy(centers.astype(np.float32))[:, None, None, None]
    half = torch.tensor([(size - 1) / 2 * SPACING_MM for size in cube])
    return (moved / half).flip(-1)
