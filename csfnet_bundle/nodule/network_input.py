"""What the measuring network sees: the cube around the click in HU, and where the click is.

One place for training and use, so that both see the same. NumPy and torch only.
"""

from __future__ import annotations

import torch

SPACING_MM = 0.8
"""Edge of the network's voxels: fine enough for nodules of 4 mm, about a CT's pixel."""
LOWEST_HU, HIGHEST_HU = -1000.0, 400.0
MIDDLE_HU, SCALE_HU = -500.0, 500.0
"""Inputs are (clip(HU, -1000, 400) + 500) / 500: about -1 to 1.8, lung at -0.7."""
CLICK_MM = 2.5
"""Standard deviation of the Gaussian that marks the click: as far as readers' centres spread in small nodules."""


def network_input(hu: torch.Tensor, clicks: torch.Tensor, spacing_mm: float = SPACING_MM) -> torch.Tensor:
    """Return the two input channels.

    Args:
        hu: HU, shape (B, D, H, W).
        clicks: the click's place in voxels (d, h, w) of each, shape (B, 3).
        spacing_mm: edge of a voxel.

    Returns:
        Shape (B, 2, D, H, W), float32.
    """
    density = (hu.clamp(LOWEST_HU, HIGHEST_HU) - MIDDLE_HU) / SCALE_HU
    mark = torch.ones_like(density)
    for axis in range(3):
        steps = torch.arange(hu.shape[axis + 1], dtype=torch.float32)
        away = (steps[None] - clicks[:, axis, None]) * spacing_mm  # (B, size)
        shape = [len(hu), 1, 1, 1]
        shape[axis + 1] = -1
        mark = mark * torch.exp(-(away**2) / (2 * CLICK_MM**2)).reshape(shape)
    return torch.stack([density, mark], dim=1)  # (B, 2, D, H, W)
