"""Where a token of a feature map lies, as numbers that attention can select by.

Source: the sine-cosine encoding of Vaswani et al. 2017 (Attention is all you need, section 3.5), for three axes. The
paper of CSF-Net has none: its image tokens do not say where they come from, so that no query can ask for a place.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

AXES = 3
LONGEST_PERIOD, SHORTEST_PERIOD = 16.0, 2.0  # cells: twice the paper's map of 8 cells, and the finest that cells carry


class PositionEncoding(nn.Module):
    """Sines and cosines of the cell's place along depth, height and width, in periods from 16 to 2 cells.

    Nothing of it is trained or saved. Places are counted from the map's middle, which is the nodule's point in maps of
    every size.

    Args:
        width: of the tokens; what a multiple of six leaves over is zero.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        count = width // (2 * AXES)
        # The device is named: transformers replaces torch.linspace while it loads a model, and where torch looks up its
        # constructors during that, linspace ignores ``with torch.device(...)`` from then on.
        steps = torch.linspace(0, 1, count, device=torch.get_default_device())
        periods = LONGEST_PERIOD * (SHORTEST_PERIOD / LONGEST_PERIOD) ** steps  # (F,), geometric
        self.frequencies = nn.Buffer(2 * math.pi / periods, persistent=False)  # radians per cell

    def forward(self, depth: int, height: int, width: int) -> Tensor:
        """Return the encoding of a map's d h w cells, (S, width of the tokens), in the order in which they flatten."""
        d = self.axis(depth)[:, None, None, :].expand(-1, height, width, -1)  # (d, h, w, 2 F)
        h = self.axis(height)[None, :, None, :].expand(depth, -1, width, -1)
        w = self.axis(width)[None, None, :, :].expand(depth, height, -1, -1)
        encoding = torch.cat([d, h, w], dim=3).flatten(0, 2)  # (S, 6 F)
        return nn.functional.pad(encoding, (0, self.width - encoding.shape[1]))

    def axis(self, cells: int) -> Tensor:
        """Return sines, then cosines, of the places along one axis, (cells, 2 F)."""
        places = torch.arange(cells, device=self.frequencies.device, dtype=self.frequencies.dtype) - (cells - 1) / 2
        angles = places[:, None] * self.frequencies  # (cells, F)
        return torch.cat([angles.sin(), angles.cos()], dim=1)
