"""TRF, temporal residual fusion: what changed from t0 to t1, added to what there is at t1.

Source: CSF-Net, Eq. 1-2 and Fig. 2.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Where the two mixing scalars start (the paper's); each passes through a sigmoid.
FUSED_LOGIT = 0.3
LATER_LOGIT = 0.7


def blur_matrix(size: int, like: Tensor) -> Tensor:
    """Return the (size, size) matrix of upsampling one axis to twice its size and average-pooling it back.

    Type and device are those of ``like``.

    Upsampling is linear with aligned corners, pooling is adaptive (here: the mean of neighbours); both are linear, so
    what they do to the unit vectors is all there is to them.
    """
    units = torch.eye(size, dtype=like.dtype, device=like.device).unsqueeze(0)  # (1, size unit vectors, size)
    upsampled = F.interpolate(units, size=2 * size, mode="linear", align_corners=True)  # (1, size, 2 * size)
    return F.adaptive_avg_pool1d(upsampled, size)[0].T  # (out, in)


class TemporalFusion(nn.Module):
    """``sigmoid(l0) ReLU(Conv(blur([t0, t1]))) + sigmoid(l1) t1`` with two learned scalars l0 and l1.

    The paper upsamples the concatenated maps to twice their size and pools them back to their own. Together that is a
    fixed linear blur along each axis, computed here exactly by one small matrix per axis, without ever making the map
    of eight times the size. The matrices follow from the size of the maps, which may be any.

    Args:
        channels: C of each scan's map.
        blur: whether the maps are blurred so; the paper gives no reason for it.
        blur_depth: also blur along the map's depth; not where the depth is no place, as with views side by side.
    """

    def __init__(self, channels: int, blur: bool = True, blur_depth: bool = True) -> None:
        super().__init__()
        self.blurs = blur
        self.blur_depth = blur_depth
        self.convolution = nn.Conv3d(2 * channels, channels, 3, padding=1)
        self.fused_logit = nn.Parameter(torch.tensor(FUSED_LOGIT))
        self.later_logit = nn.Parameter(torch.tensor(LATER_LOGIT))

    def blur(self, x: Tensor) -> Tensor:
        """Upsample (B, C, d, h, w) to twice its size and average-pool it back, at once."""
        depth, height, width = x.shape[2], x.shape[3], x.shape[4]
        if self.blur_depth:
            x = torch.einsum("zd,bcdhw->bczhw", blur_matrix(depth, x), x)
        x = torch.einsum("yh,bczhw->bczyw", blur_matrix(height, x), x)
        return torch.einsum("xw,bczyw->bczyx", blur_matrix(width, x), x)

    def forward(self, earlier: Tensor, later: Tensor) -> Tensor:
        """Fuse the maps of t0 and t1, each (B, C, d, h, w), into one of the same shape."""
        both = torch.cat([earlier, later], dim=1)  # (B, 2C, d, h, w)
        fused = F.relu(self.convolution(self.blur(both) if self.blurs else both))  # (B, C, d, h, w)
        return torch.sigmoid(self.fused_logit) * fused + torch.sigmoid(self.later_logit) * later
