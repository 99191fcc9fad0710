"""Views of one ROI at several scales, cut inside of a network, so that its input stays the ROI.

A nodule of 4 mm fills a few voxels of a view that shows the whole of one of 30 mm. Two views on one small grid, a fine
and a coarse one, show both well at a fraction of the ROI's voxels.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

CENTER_WIDTH = 0.45
"""Width of the bump that marks the nodule point, as a share of half the view's extent in plane."""


def averaging_matrix(inputs: int, outputs: int, spacing: float, width: float | None = None) -> Tensor:
    """Return the (outputs, inputs) matrix that averages voxels of 1 over voxels of ``spacing``, both grids concentric.

    A view that is larger than the ROI sees the ROI's outermost voxel go on. Every row sums to 1.

    Args:
        inputs: voxels of the ROI along one axis.
        outputs: voxels of the view along it.
        spacing: from one of the view's voxels to the next, in ROI voxels.
        width: what is averaged around each; by default the spacing, so that nothing is left out or taken twice.
    """
    width = spacing if width is None else width
    first = (inputs - (outputs - 1) * spacing - width) / 2  # where averaging starts, in ROI voxels from the ROI's edge
    starts = first + spacing * torch.arange(outputs, dtype=torch.float64)  # (outputs,)
    margin = max(0, int(-first) + 1)
    cells = torch.arange(-margin, inputs + margin, dtype=torch.float64)  # (inputs + 2 * margin,)
    overlap = torch.minimum(starts[:, None] + width, cells + 1) - torch.maximum(starts[:, None], cells)
    matrix = torch.zeros(outputs, inputs, dtype=torch.float64)
    matrix.index_add_(1, cells.long().clamp(0, inputs - 1), overlap.clamp(min=0) / width)
    return matrix.float()


class ScaleViews(nn.Module):
    """Cut a ROI into views of the same grid and different spacings, and add a channel that marks the nodule point.

    Args:
        roi_size: (D, H, W) of the ROI in voxels of 1 mm.
        size: (d, h, w) of every view.
        spacings: mm of a voxel of each view.

    Attributes:
        channels: views and the centre channel.
    """

    def __init__(self, roi_size: Sequence[int], size: Sequence[int], spacings: Sequence[float]) -> None:
        super().__init__()
        self.channels = len(spacings) + 1
        axes = [
            torch.stack([averaging_matrix(inputs, outputs, spacing) for spacing in spacings])
            for inputs, outputs in zip(roi_size, size, strict=True)
        ]
        # They follow from the arguments, so that they are no part of the weights.
        self.depth = nn.Buffer(axes[0], persistent=False)  # (V, d, D)
        self.height = nn.Buffer(axes[1], persistent=False)  # (V, h, H)
        self.width = nn.Buffer(axes[2], persistent=False)  # (V, w, W)
        self.center = nn.Buffer(center_channel(size), persistent=False)  # (1, 1, d, h, w)

    def forward(self, scans: Tensor) -> Tensor:
        """Map ROIs (N, D, H, W) in [0, 1] to (N, V + 1, d, h, w), about -1 to 1."""
        x = torch.einsum("vxw,nzyw->nvzyx", self.width, 2 * scans - 1)  # (N, V, D, H, w)
        x = torch.einsum("vyh,nvzhx->nvzyx", self.height, x)  # (N, V, D, h, w)
        x = torch.einsum("vzd,nvdyx->nvzyx", self.depth, x)  # (N, V, d, h, w)
        return self.with_center(x)

    def with_center(self, views: Tensor) -> Tensor:
        """Append the centre channel to (N, V, d, h, w)."""
        return torch.cat([views, self.center.expand(views.shape[0], -1, -1, -1, -1)], dim=1)


def center_channel(size: Sequence[int]) -> Tensor:
    """Return ``2 exp(-(r / .45)^2) - 1`` on a grid (d, h, w), as (1, 1, d, h, w).

    r is the distance from the centre over half of the grid's extent along W; voxels are cubes.
    """
    offsets = [2 * (torch.arange(n) - (n - 1) / 2) / size[-1] for n in size]
    z, y, x = torch.meshgrid(*offsets, indexing="ij")
    return (2 * torch.exp(-(z**2 + y**2 + x**2) / CENTER_WIDTH**2) - 1)[None, None]
