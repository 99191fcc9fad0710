"""NAS-Lung: a 3-D network found by architecture search, for one scan (Jiang et al. 2021)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from csfnet_bundle.networks.encoder import WIDTHS, Encoder
from csfnet_bundle.networks.network import CLASSES, Network, scan_index


class AngularLinear(nn.Module):
    """``|x| cos(theta)`` between the vector and each class's direction: a linear layer with weights of length 1.

    Args:
        in_features: length of the vector.
    """

    def __init__(self, in_features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(CLASSES, in_features).uniform_(-1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, F) to (B, 2)."""
        return F.linear(x, F.normalize(self.weight))


class NASLung(Network):
    """The encoder that CSF-Net took over, with a CBAM of its own, average pooling and an angular classifier.

    [K] Stages and stem as CSF-Net's encoder; CBAM with a softmax over channels and a 3-voxel kernel; one scan, image
    only; cross-entropy on ``|x| cos(theta)``. [G] The scan is t1. Left out: the search itself, and the angular margin,
    which the published code computes but does not train with. Clinical data and interval are ignored.

    Args:
        widths: channels after each residual block, stage by stage.
        scan: ``"t0"`` or ``"t1"``.
    """

    takes_clinical = False

    def __init__(self, widths: Sequence[Sequence[int]] = WIDTHS, scan: str = "t1") -> None:
        super().__init__()
        self.widths = widths
        self.scan = scan
        self.channel = scan_index(scan)

        self.encoder = Encoder(widths, cbam="nas_lung")
        self.classifier = AngularLinear(self.encoder.out_channels)

    @property
    def needs_prior(self) -> bool:
        """Whether t0 is the scan that the network sees."""
        return self.scan == "t0"

    def forward(self, image: Tensor, clinical: Tensor | None = None, interval_days: Tensor | None = None) -> Tensor:
        """Return the logits (B, 2) from one channel of the image (B, 2, D, H, W)."""
        scans = image[:, self.channel : self.channel + 1]  # (B, 1, D, H, W)
        features = self.encoder(scans)[:, 0].mean(dim=(2, 3, 4))  # (B, C)
        return self.classifier(features)
