"""RadFusion: PENet (Huang et al. 2020) on one scan and a network on the record, fused late (Zhou et al. 2021)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from csfnet_bundle.networks.clinical_embedding import CLINICAL_VOCABULARY, TOKEN_WIDTH, ClinicalEmbedding
from csfnet_bundle.networks.network import CLASSES, ClassificationHead, Network, scale_channels, scan_index

STEM_CHANNELS = 64
STAGES = ((3, 128), (4, 256), (6, 512), (3, 1024))  # blocks, and channels inside the bottleneck
EXPANSION = 2  # channels of a block's output over those inside
CARDINALITY = 32
NORM_GROUP = 16  # channels in a group of the normalisation
SQUEEZE = 16  # reduction of the squeeze-and-excitation
LEAK = 0.01


def norm(channels: int) -> nn.GroupNorm:
    """Return a GroupNorm with groups of 16 channels, or a single group where there are fewer."""
    return nn.GroupNorm(max(1, channels // NORM_GROUP), channels)


class SqueezeExcitation(nn.Module):
    """One weight per channel from the averages of all channels (Hu 2018).

    Args:
        channels: C of the map.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = max(1, channels // SQUEEZE)
        self.layers = nn.Sequential(
            nn.Linear(channels, hidden), nn.LeakyReLU(LEAK), nn.Linear(hidden, channels), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        """Weight the channels of (B, C, D, H, W)."""
        return self.layers(x.mean(dim=(2, 3, 4)))[:, :, None, None, None] * x


class Bottleneck(nn.Module):
    """A 3-D ResNeXt bottleneck (Xie 2017) with GroupNorm, LeakyReLU and squeeze-and-excitation.

    Args:
        in_channels: channels of the input.
        channels: channels inside; the output has twice as many.
        cardinality: groups of the middle convolution.
        stride: 2 halves D, H and W, rounding up.
    """

    def __init__(self, in_channels: int, channels: int, cardinality: int, stride: int) -> None:
        super().__init__()
        out_channels = EXPANSION * channels
        self.body = nn.Sequential(
            nn.Conv3d(in_channels, channels, 1, bias=False),
            norm(channels),
            nn.LeakyReLU(LEAK),
            nn.Conv3d(channels, channels, 3, stride=stride, padding=1, groups=cardinality, bias=False),
            norm(channels),
            nn.LeakyReLU(LEAK),
            nn.Conv3d(channels, out_channels, 1, bias=False),
            norm(out_channels),
            SqueezeExcitation(out_channels),
        )
        self.activation = nn.LeakyReLU(LEAK)
        self.skip: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.skip = nn.Sequential(
                nn.Conv3d(in_channels, out_channels, 1, stride=stride, bias=False), norm(out_channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C_in, D, H, W) to (B, 2 * channels, D, H, W), with halved sizes at stride 2."""
        return self.activation(self.body(x) + self.skip(x))


def penet(width: float) -> nn.Sequential:
    """Return PENet as a classifier: stem, max pool, four stages, average pool, linear; as many times as wide."""
    channels = scale_channels(STEM_CHANNELS, width)
    layers: list[nn.Module] = [
        # Stride 1 in depth: a ROI has few slices.
        nn.Conv3d(1, channels, 7, stride=(1, 2, 2), padding=3, bias=False),
        norm(channels),
        nn.LeakyReLU(LEAK),
        nn.MaxPool3d(3, stride=2, padding=1),
    ]
    for stage, (blocks, stage_channels) in enumerate(STAGES):
        inside = scale_channels(stage_channels, width)
        cardinality = math.gcd(inside, scale_channels(CARDINALITY, width))
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            layers.append(Bottleneck(channels, inside, cardinality, stride))
            channels = EXPANSION * inside
    return nn.Sequential(*layers, nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(channels, CLASSES))


class RadFusion(Network):
    """PENet on t1, a small network on the clinical data, and the mean of their two probabilities.

    [K] PENet: stem 7 voxels to 64 channels, 3-D ResNeXt bottlenecks [3, 4, 6, 3] of cardinality 32 with GroupNorm,
    LeakyReLU and squeeze-and-excitation, average pool; late fusion with a model of the record by averaging
    probabilities; t1 and clinical data. [G] The record's network is the clinical embedding and CSF-Net's head on all
    its tokens; both parts are trained together. Left out: the elastic net as the record's model, and the start from
    videos (Kinetics). The interval is ignored.

    Args:
        width: factor on the channels of the convolutions.
        clinical_vocabulary: number of tokens of each clinical variable.
        scan: ``"t0"`` or ``"t1"``.
    """

    def __init__(
        self, width: float = 1.0, clinical_vocabulary: Sequence[int] = CLINICAL_VOCABULARY, scan: str = "t1"
    ) -> None:
        super().__init__()
        self.width = width
        self.clinical_vocabulary = clinical_vocabulary
        self.scan = scan
        self.channel = scan_index(scan)

        self.penet = penet(width)
        self.clinical_embedding = ClinicalEmbedding(clinical_vocabulary)
        self.clinical_head = ClassificationHead(len(clinical_vocabulary) * TOKEN_WIDTH)

    @property
    def needs_prior(self) -> bool:
        """Whether t0 is the scan that the network sees."""
        return self.scan == "t0"

    def forward(self, image: Tensor, clinical: Tensor | None = None, interval_days: Tensor | None = None) -> Tensor:
        """Return the log of the mean probability (B, 2); its softmax is that mean, so it serves as logits."""
        from_image = self.penet(image[:, self.channel : self.channel + 1])  # (B, 2)
        clinical_tokens = self.clinical_embedding(clinical, None, image.shape[0])  # (B, 6, 128)
        from_clinical = self.clinical_head(clinical_tokens.flatten(1))  # (B, 2)
        log_probabilities = torch.stack([F.log_softmax(from_image, dim=1), F.log_softmax(from_clinical, dim=1)])
        return torch.logsumexp(log_probabilities, dim=0) - math.log(2)
