"""DeepCAD: a residual network on every scan, an LSTM over the scans, and clinical data (Aslani et al. 2024)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from csfnet_bundle.networks.clinical_embedding import CLINICAL_VOCABULARY, TOKEN_WIDTH, ClinicalEmbedding
from csfnet_bundle.networks.encoder import ConvBlock, feature_map_size
from csfnet_bundle.networks.network import CLASSES, ROI_SIZE, Network, scale_channels

STEM, MIDDLE, LATE, LAST = 64, 128, 256, 512  # channels
STEM_KERNEL = 7
HALVINGS = 4  # stem, max pool and two residual blocks
HIDDEN = 128
LSTM_LAYERS = 2
DROPOUT = 0.3


class StridedResidualBlock(nn.Module):
    """The basic block of a ResNet that halves D, H and W, rounding up; the skip is a strided 1-voxel convolution.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            ConvBlock(in_channels, out_channels, stride=2, bias=False),
            nn.Conv3d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm3d(out_channels),
        )
        self.skip = nn.Sequential(
            nn.Conv3d(in_channels, out_channels, 1, stride=2, bias=False), nn.BatchNorm3d(out_channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C_in, D, H, W) to (N, C_out, D/2, H/2, W/2)."""
        return F.relu(self.body(x) + self.skip(x))


class DeepCAD(Network):
    """A 3-D residual network shared by both scans, a two-layer LSTM over them, the clinical tokens' mean, classifier.

    [K] Images of several scans, metadata, a recurrent model; [K, as CSF-Net's authors re-implemented it] Conv3d kernel
    7 stride 2 to 64, BatchNorm, ReLU, max pool; residual blocks 128 and 256 with stride 2; Conv3d 512; dropout 0.3;
    flatten (8192 at a ROI of 16x64x64); LSTM 128 with two layers; clinical embedding 512 to 128, averaged; concatenated
    to 2.
    [G] Basic residual blocks; kernel 3 and BatchNorm, ReLU at the last convolution. Left out: the branch for the whole
    lung, which a ROI does not have, and a third scan. The interval is ignored.

    Args:
        width: factor on the channels of the convolutions.
        roi_size: (D, H, W) of the ROIs in voxels.
        clinical_vocabulary: number of tokens of each clinical variable.
    """

    def __init__(
        self,
        width: float = 1.0,
        roi_size: Sequence[int] = ROI_SIZE,
        clinical_vocabulary: Sequence[int] = CLINICAL_VOCABULARY,
    ) -> None:
        super().__init__()
        self.width = width
        self.roi_size = roi_size
        self.clinical_vocabulary = clinical_vocabulary
        stem, middle, late, last = (scale_channels(channels, width) for channels in (STEM, MIDDLE, LATE, LAST))
        voxels = math.prod(feature_map_size(roi_size, HALVINGS))

        self.layers = nn.Sequential(
            ConvBlock(1, stem, kernel=STEM_KERNEL, stride=2, bias=False),
            nn.MaxPool3d(3, stride=2, padding=1),
            StridedResidualBlock(stem, middle),
            StridedResidualBlock(middle, late),
            ConvBlock(late, last, bias=False),
            nn.Dropout(DROPOUT),
            nn.Flatten(),
        )
        self.lstm = nn.LSTM(last * voxels, HIDDEN, LSTM_LAYERS, batch_first=True)
        self.clinical_embedding = ClinicalEmbedding(clinical_vocabulary)
        self.classifier = nn.Linear(HIDDEN + TOKEN_WIDTH, CLASSES)

    def forward(self, image: Tensor, clinical: Tensor | None = None, interval_days: Tensor | None = None) -> Tensor:
        """Return the logits (B, 2) from the image (B, 2, D, H, W) and the clinical tokens (B, 6)."""
        scans = image.flatten(0, 1).unsqueeze(1)  # (B*2, 1, D, H, W)
        vectors = self.layers(scans).unflatten(0, (image.shape[0], image.shape[1]))  # (B, 2, F)
        outputs, _ = self.lstm(vectors)  # (B, 2, 128)
        clinical_tokens = self.clinical_embedding(clinical, None, image.shape[0])  # (B, 6, 128)
        return self.classifier(torch.cat([outputs[:, -1], clinical_tokens.mean(dim=1)], dim=1))
