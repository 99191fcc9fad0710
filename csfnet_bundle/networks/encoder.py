"""The encoder of CSF-Net: one 3-D residual network with attention, shared by both scans.

Source: CSF-Net, Fig. 1a; the stages are those of NAS-Lung (Jiang 2021).
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from csfnet_bundle.networks.cbam import create_cbam

# Channels after each residual block, stage by stage (the paper's).
WIDTHS = ((64, 64, 64), (128, 128, 256), (256, 256, 256, 512))
STEM_CHANNELS = 4


class ConvBlock(nn.Sequential):
    """Conv3d, BatchNorm3d, ReLU.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel: odd edge length of the cubic kernel; the padding is half of it.
        stride: 2 halves D, H and W, rounding up.
        bias: whether the convolution has one. The normalisation takes it out again; it is there because the paper's
            parameter counts have it.
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, kernel: int = 3, stride: int = 1, bias: bool = True
    ) -> None:
        super().__init__(
            nn.Conv3d(in_channels, out_channels, kernel, stride=stride, padding=kernel // 2, bias=bias),
            nn.BatchNorm3d(out_channels),
            nn.ReLU(),
        )


class ResidualBlock(nn.Module):
    """Two blocks of kernel 3, plus a skip that is always a block of kernel 1; no ReLU after the sum.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(ConvBlock(in_channels, out_channels), ConvBlock(out_channels, out_channels))
        self.skip = ConvBlock(in_channels, out_channels, kernel=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C_in, D, H, W) to (B, C_out, D, H, W)."""
        return self.body(x) + self.skip(x)


def encoder_layers(
    widths: Sequence[Sequence[int]], cbam: str, in_channels: int = 1, stem_attention: bool = True
) -> tuple[nn.Sequential, int]:
    """Return the encoder's layers, from (B, C_in, D, H, W) to (B, C, d, h, w), and C.

    Args:
        widths: channels after each residual block, stage by stage; every stage starts by halving D, H and W.
        cbam: ``"woo"`` or ``"published"``, see :mod:`csfnet_bundle.networks.cbam`.
        in_channels: C_in.
        stem_attention: whether a CBAM follows the two blocks before the first stage, as in the paper.
    """
    channels = STEM_CHANNELS
    layers: list[nn.Module] = [ConvBlock(in_channels, channels), ConvBlock(channels, channels)]
    if stem_attention:
        layers.append(create_cbam(cbam, channels))
    for stage in widths:
        layers.append(ConvBlock(channels, channels, stride=2, bias=False))
        for width in stage:
            layers.append(ResidualBlock(channels, width))
            channels = width
        layers.append(create_cbam(cbam, channels))
    return nn.Sequential(*layers), channels


class Encoder(nn.Module):
    """From ROIs to feature maps, every ROI by itself and all in one pass.

    Args:
        widths: channels after each residual block, stage by stage; every stage starts by halving D, H and W.
        cbam: ``"woo"`` or ``"published"``, see :mod:`csfnet_bundle.networks.cbam`.

    Attributes:
        out_channels: channels of the feature map.
    """

    def __init__(self, widths: Sequence[Sequence[int]] = WIDTHS, cbam: str = "woo") -> None:
        super().__init__()
        self.layers, self.out_channels = encoder_layers(widths, cbam)

    def forward(self, scans: Tensor) -> Tensor:
        """Encode the ROIs of one or more scans per case.

        Args:
            scans: (B, T, D, H, W), T scans of each case.

        Returns:
            (B, T, C, d, h, w), one feature map for each scan.
        """
        batch, times = scans.shape[0], scans.shape[1]
        x = scans.flatten(0, 1).unsqueeze(1)  # (B*T, 1, D, H, W)
        return self.layers(x).unflatten(0, (batch, times))


def feature_map_size(roi_size: Sequence[int], stages: int = len(WIDTHS)) -> tuple[int, int, int]:
    """Return (d, h, w) of the encoder's feature map for a ROI of (D, H, W): every stage halves, rounding up."""
    depth, height, width = (-(-size // 2**stages) for size in roi_size)
    return depth, height, width
