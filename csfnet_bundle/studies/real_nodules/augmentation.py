"""Random views of filled volumes: nodules are moved and cut into views in one interpolation, a whole batch at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from csfnet_bundle.studies.real_nodules.targets import DESCRIPTIONS, SCALES

WINDOW = (-1200.0, 600.0)
"""HU that become 0 and 1, as everywhere in the bundle."""


@dataclass(frozen=True)
class Moves:
    """How each nodule of a batch is moved.

    Attributes:
        matrix: (B, 3, 3), from mm (x, y, z) around a view's centre to mm around the volume's.
        shift: (B, 3), mm (x, y, z), added to it.
        log_zoom: (B,), of the nodule's lengths.
        noise_hu: (B,), SD of the noise of a voxel of 1 mm.
        offset_hu: (B,), of all voxels.
    """

    matrix: Tensor
    shift: Tensor
    log_zoom: Tensor
    noise_hu: Tensor
    offset_hu: Tensor


@dataclass(frozen=True)
class Augmentation:
    """How far a training nodule may be moved; every angle in plane and all flips are always in.

    Attributes:
        tilt_degrees: of the slices' normal, in any direction.
        zoom: share by which it may be larger or smaller; the size targets follow.
        shift_mm: of the nodule point, along each axis.
        noise_hu: largest SD of added noise.
        offset_hu: largest offset of all voxels.
    """

    tilt_degrees: float = 12.0
    zoom: float = 0.08
    shift_mm: float = 1.5
    noise_hu: float = 25.0
    offset_hu: float = 20.0

    def draw(self, batch: int, generator: torch.Generator) -> Moves:
        """Draw the moves of a batch."""

        def uniform(low: float, high: float, *shape: int) -> Tensor:
            return low + (high - low) * torch.rand(batch, *shape, generator=generator)

        log_zoom = uniform(-self.zoom, self.zoom)
        matrix = _tilt(uniform(0, 2 * math.pi), uniform(0, math.radians(self.tilt_degrees)))
        matrix = matrix @ _turn(uniform(0, 2 * math.pi)) @ torch.diag_embed(uniform(0, 1, 3).round() * 2 - 1)
        return Moves(
            matrix * torch.exp(-log_zoom)[:, None, None],  # a step in the view is a shorter one in the volume
            uniform(-self.shift_mm, self.shift_mm, 3),
            log_zoom,
            uniform(0, self.noise_hu),
            uniform(-self.offset_hu, self.offset_hu),
        )

    def reach(self, view_size: tuple[int, int, int], spacing: float) -> tuple[int, int, int]:
        """Return how far from the centre a moved view can reach, mm along (D, H, W), rounded up."""
        depth, height, width = (spacing * n / 2 for n in view_size)
        plane, sine = math.hypot(height, width), math.sin(math.radians(self.tilt_degrees))
        along = depth + plane * sine
        across = plane + depth * sine
        furthest = [math.ceil(mm * math.exp(self.zoom) + self.shift_mm) for mm in (along, across)]
        return furthest[0], furthest[1], furthest[1]


def zoomed_targets(targets: Tensor, log_zoom: Tensor) -> Tensor:
    """Return the targets (B, 9) with the sizes of the zoomed nodules."""
    targets = targets.clone()
    for name, power in (("log_diameter", 1), ("log_volume", 3)):
        targets[:, DESCRIPTIONS.index(name)] += power * log_zoom / SCALES[name]
    return targets


def moved_view(
    level: Tensor,
    step: float,
    moves: Moves,
    view_size: tuple[int, int, int],
    spacing: float,
    generator: torch.Generator,
) -> Tensor:
    """Cut one view of each moved nodule.

    Args:
        level: volumes in [0, 1] that are averaged over the view's voxels, (B, D, H, W).
        step: mm between their voxels.
        moves: of each nodule.
        view_size: (d, h, w).
        spacing: mm between the view's voxels.
        generator: of the noise.

    Returns:
        (B, d, h, w), -1 to 1, as the network's own views.
    """
    view = sample(level, step, moves.matrix, moves.shift, view_size, spacing)
    # A view's voxel averages the noise of spacing^3 voxels of 1 mm.
    noise = (moves.noise_hu / spacing**1.5)[:, None, None, None] * torch.randn(view.shape, generator=generator)
    changed = view + (noise + moves.offset_hu[:, None, None, None]) / (WINDOW[1] - WINDOW[0])
    return 2 * changed.clamp(0, 1) - 1


def sample(
    volumes: Tensor, step: float, matrix: Tensor, shift: Tensor, size: tuple[int, int, int], spacing: float
) -> Tensor:
    """Interpolate linearly on moved grids; beyond a volume its outermost voxels go on.

    Args:
        volumes: (B, D, H, W).
        step: mm between their voxels.
        matrix: (B, 3, 3) from mm (x, y, z) around the grid's centre to mm around the volume's.
        shift: (B, 3), mm (x, y, z), added to it.
        size: (d, h, w) of the grid.
        spacing: mm between its points.

    Returns:
        (B, d, h, w).
    """
    grid_mm = spacing * torch.tensor(list(size[::-1]), dtype=torch.float32)
    volume_mm = step * torch.tensor(list(volumes.shape[:0:-1]), dtype=torch.float32)
    # affine_grid counts from -1 to 1 over the grid, grid_sample over the volume.
    theta = torch.cat([matrix * grid_mm / volume_mm[:, None], (2 * shift / volume_mm).unsqueeze(2)], dim=2)
    grid = F.affine_grid(theta, [len(volumes), 1, *size], align_corners=False)
    return F.grid_sample(volumes.unsqueeze(1), grid, padding_mode="border", align_corners=False)[:, 0]


def middle(volumes: Tensor, roi_size: tuple[int, int, int]) -> Tensor:
    """Return the ROI at the middle of each volume, (..., D, H, W) to (..., d, h, w); sizes differ by even numbers."""
    starts = [(outer - inner) // 2 for outer, inner in zip(volumes.shape[-3:], roi_size, strict=True)]
    (z, y, x), (depth, height, width) = starts, roi_size
    return volumes[..., z : z + depth, y : y + height, x : x + width]


def windowed(images: Tensor) -> Tensor:
    """Map HU to [0, 1] by the bundle's window."""
    low, high = WINDOW
    return ((images - low) / (high - low)).clamp(0, 1)


def _turn(angle: Tensor) -> Tensor:
    """Rotations around z by (B,) radians, (B, 3, 3)."""
    cosine, sine, zero, one = angle.cos(), angle.sin(), torch.zeros_like(angle), torch.ones_like(angle)
    return torch.stack([cosine, -sine, zero, sine, cosine, zero, zero, zero, one], dim=1).unflatten(1, (3, 3))


def _tilt(direction: Tensor, angle: Tensor) -> Tensor:
    """Rotations by (B,) radians around the axis in plane that lies at ``direction``, (B, 3, 3)."""
    cosine, sine, zero, one = angle.cos(), angle.sin(), torch.zeros_like(angle), torch.ones_like(angle)
    around_x = torch.stack([one, zero, zero, zero, cosine, -sine, zero, sine, cosine], dim=1).unflatten(1, (3, 3))
    turn = _turn(direction)
    return turn @ around_x @ turn.transpose(1, 2)
