"""CBAM in 3-D: which channels matter, then which voxels matter.

Source: Woo et al., "CBAM: Convolutional Block Attention Module", ECCV 2018, in 3-D; and, to compare with, the variants
in the published code of CSF-Net and of NAS-Lung (Jiang 2021).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

REDUCTION = 16  # of the channels, in the hidden layer of the channel attention (Woo 2018)
MIN_HIDDEN = 8  # hidden units at least: a single one behind a ReLU is dead at the start in half of all seeds
KERNEL = 7  # of the spatial attention (Woo 2018)
PUBLISHED_REDUCTION = 4
PUBLISHED_KERNEL = 5
NAS_LUNG_KERNEL = 3


class SliceWiseConv3d(nn.Conv3d):
    """A Conv3d from 2 channels to 1 with a cubic kernel, no bias and "same" padding, computed slice by slice.

    The parameters and the numbers are those of ``nn.Conv3d(2, 1, kernel, padding=kernel // 2, bias=False)``. A
    convolution with a single output channel leaves a CPU's vector units idle; as one Conv2d from 2 channels to one for
    each depth of the kernel, whose results are shifted along the depth and summed, it is several times as fast.

    Args:
        kernel: odd edge length of the kernel in voxels.
    """

    def __init__(self, kernel: int) -> None:
        super().__init__(2, 1, kernel, padding=kernel // 2, bias=False)
        self.kernel = kernel

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (B, 2, D, H, W) to (B, 1, D, H, W)."""
        batch, depth, margin = x.shape[0], x.shape[2], self.kernel // 2
        slices = x.transpose(1, 2).flatten(0, 1)  # (B*D, 2, H, W)
        kernels = self.weight[0].transpose(0, 1)  # (kernel, 2, kernel, kernel): one 2-D kernel for each depth
        responses = F.conv2d(slices, kernels, padding=margin)  # (B*D, kernel, H, W)
        responses = responses.unflatten(0, (batch, depth))  # (B, D, kernel, H, W)
        responses = F.pad(responses, (0, 0, 0, 0, 0, 0, margin, margin))  # (B, D + 2*margin, kernel, H, W)
        # The planes apart: the gradient of a slice is as large as what it is cut from, nearly all of it zeros.
        planes = responses.unbind(2)  # kernel times (B, D + 2*margin, H, W)
        total = planes[0][:, :depth]  # (B, D, H, W)
        for offset in range(1, self.kernel):
            total = total + planes[offset][:, offset : offset + depth]
        return total.unsqueeze(1)  # (B, 1, D, H, W)


def channel_extremes(x: Tensor) -> Tensor:
    """Return the maximum and the mean over channels of (B, C, D, H, W) as (B, 2, D, H, W)."""
    return torch.cat([x.amax(dim=1, keepdim=True), x.mean(dim=1, keepdim=True)], dim=1)


class ChannelWeights(nn.Module):
    """One weight per channel: ``sigmoid(mlp(average over voxels) + mlp(maximum over voxels))``, one MLP for both.

    Args:
        mlp: from (B, C) to (B, C).
        softmax: takes a softmax over the channels for the sigmoid.
    """

    def __init__(self, mlp: nn.Module, softmax: bool = False) -> None:
        super().__init__()
        self.mlp = mlp
        self.softmax = softmax

    def forward(self, x: Tensor) -> Tensor:
        """Return the weights of (B, C, D, H, W) as (B, C, 1, 1, 1)."""
        scores = self.mlp(x.mean(dim=(2, 3, 4))) + self.mlp(x.amax(dim=(2, 3, 4)))  # (B, C)
        weights = torch.softmax(scores, dim=1) if self.softmax else torch.sigmoid(scores)
        return weights[:, :, None, None, None]


class CBAM(nn.Module):
    """Both attentions one after the other (Woo 2018, Eq. 1-3), with a residual around them.

    Args:
        channels: C of the map.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = max(channels // REDUCTION, MIN_HIDDEN)
        self.channel_weights = ChannelWeights(
            nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels))
        )
        self.spatial = SliceWiseConv3d(KERNEL)

    def forward(self, x: Tensor) -> Tensor:
        """Attend to (B, C, D, H, W); the shape stays."""
        weighted = self.channel_weights(x) * x  # (B, C, D, H, W)
        attention = torch.sigmoid(self.spatial(channel_extremes(weighted)))  # (B, 1, D, H, W)
        return attention * weighted + x


class PublishedCBAM(nn.Module):
    """The variant in CSF-Net's published code, as csfnet.md words it.

    It differs from :class:`CBAM` in a shared MLP without bias and ReLU, a reduction by 4 and a 5-voxel kernel; and the
    channel weights serve only to find the spatial attention, they do not weight the output.

    Args:
        channels: C of the map.
        kernel: of the spatial attention.
        softmax: whether the channel weights come from a softmax over the channels.
    """

    def __init__(self, channels: int, kernel: int = PUBLISHED_KERNEL, softmax: bool = False) -> None:
        super().__init__()
        hidden = channels // PUBLISHED_REDUCTION
        self.channel_weights = ChannelWeights(
            nn.Sequential(nn.Linear(channels, hidden, bias=False), nn.Linear(hidden, channels, bias=False)), softmax
        )
        self.spatial = SliceWiseConv3d(kernel)

    def forward(self, x: Tensor) -> Tensor:
        """Attend to (B, C, D, H, W); the shape stays."""
        weighted = self.channel_weights(x) * x  # (B, C, D, H, W)
        attention = torch.sigmoid(self.spatial(channel_extremes(weighted)))  # (B, 1, D, H, W)
        return attention * x + x


class NasLungCBAM(PublishedCBAM):
    """The variant in NAS-Lung's published code: as CSF-Net's, with a softmax over channels and a 3-voxel kernel.

    Args:
        channels: C of the map.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, NAS_LUNG_KERNEL, softmax=True)


CBAM_VARIANTS = {"woo": CBAM, "published": PublishedCBAM, "nas_lung": NasLungCBAM}


def create_cbam(variant: str, channels: int) -> nn.Module:
    """Make the CBAM called ``variant``, one of ``CBAM_VARIANTS``.

    Raises:
        ValueError: there is no such variant.
    """
    if variant not in CBAM_VARIANTS:
        raise ValueError(f"cbam is {variant!r}, expected one of {sorted(CBAM_VARIANTS)}")
    return CBAM_VARIANTS[variant](channels)
