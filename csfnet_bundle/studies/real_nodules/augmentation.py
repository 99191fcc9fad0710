"""Random views of filled volumes, a whole batch in one interpolation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from csfnet_bundle.studies.real_nodules.targets import DESCRIPTIONS, SCALES


@dataclass(frozen=True)
class Augmentation:
    """How far a training volume may be moved; every angle in plane and all flips are always in.

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

    def __call__(
        self, volumes: Tensor, targets: Tensor, roi_size: tuple[int, int, int], generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Cut a ROI out of each volume, moved at random.

        Args:
            volumes: HU at 1 mm, (B, D, H, W), larger than the ROI.
            targets: (B, 9), standardised.
            roi_size: (d, h, w) at 1 mm.
            generator: of all that is random.

        Returns:
            HU (B, d, h, w), and the targets with the sizes of the zoomed nodules.
        """
        batch = len(volumes)

        def uniform(low: float, high: float, *shape: int) -> Tensor:
            return low + (high - low) * torch.rand(batch, *shape, generator=generator)

        log_zoom = uniform(-self.zoom, self.zoom)
        matrix = _tilt(uniform(0, 2 * math.pi), uniform(0, math.radians(self.tilt_degrees)))
        matrix = matrix @ _turn(uniform(0, 2 * math.pi)) @ torch.diag_embed(uniform(0, 1, 3).round() * 2 - 1)
        matrix = matrix * torch.exp(-log_zoom)[:, None, None]  # a step in the ROI is a shorter one in the volume
        shift = uniform(-self.shift_mm, self.shift_mm, 3)
        rois = sample(volumes, matrix, shift, roi_size)
        noise = uniform(0, self.noise_hu)[:, None, None, None] * torch.randn(rois.shape, generator=generator)
        rois = rois + noise + uniform(-self.offset_hu, self.offset_hu)[:, None, None, None]
        targets = targets.clone()
        for name, power in (("log_diameter", 1), ("log_volume", 3)):
            targets[:, DESCRIPTIONS.index(name)] += power * log_zoom / SCALES[name]
        return rois, targets


def sample(volumes: Tensor, matrix: Tensor, shift: Tensor, roi_size: tuple[int, int, int]) -> Tensor:
    """Interpolate ROIs linearly; beyond a volume its outermost voxels go on.

    Args:
        volumes: (B, D, H, W) at 1 mm.
        matrix: (B, 3, 3) from mm (x, y, z) around the ROI's centre to mm around the volume's.
        shift: (B, 3), mm (x, y, z), added to it.
        roi_size: (d, h, w).

    Returns:
        (B, d, h, w).
    """
    size = torch.tensor(list(roi_size[::-1]), dtype=torch.float32)
    extent = torch.tensor(list(volumes.shape[:0:-1]), dtype=torch.float32)
    # affine_grid counts from -1 to 1 over the ROI, grid_sample over the volume.
    scaled = matrix * size / extent[:, None]
    theta = torch.cat([scaled, (2 * shift / extent).unsqueeze(2)], dim=2)  # (B, 3, 4)
    grid = F.affine_grid(theta, [len(volumes), 1, *roi_size], align_corners=False)
    return F.grid_sample(volumes.unsqueeze(1), grid, padding_mode="border", align_corners=False)[:, 0]


def middle(volumes: Tensor, roi_size: tuple[int, int, int]) -> Tensor:
    """Return the ROI at the middle of each volume, (..., D, H, W) to (..., d, h, w); sizes differ by even numbers."""
    starts = [(outer - inner) // 2 for outer, inner in zip(volumes.shape[-3:], roi_size, strict=True)]
    (z, y, x), (depth, height, width) = starts, roi_size
    return volumes[..., z : z + depth, y : y + height, x : x + width]


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
