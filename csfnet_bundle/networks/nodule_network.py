"""A network for one nodule in one scan: CSF-Net's encoder on two views of the ROI, with several answers in training.

What it learns from besides the label are the radiologists' measurements and ratings of the nodule. They are targets,
never inputs: at prediction the ROI is all that it sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from csfnet_bundle.networks.encoder import WIDTHS, encoder_layers
from csfnet_bundle.networks.network import ROI_SIZE, Network, scan_index
from csfnet_bundle.networks.scale_views import ScaleViews

VIEW_SIZE = (8, 16, 16)
VIEW_SPACINGS = (1.5, 3.0)
FEATURES = 128
HIDDEN = 64
DROPOUT = 0.2
DESCRIPTIONS = 9  # log diameter, log volume and seven ratings


@dataclass(frozen=True)
class NoduleAnswers:
    """What the network says of a nodule in training.

    Attributes:
        logit: (B,), above 0 for malignant.
        rating: (B,), the malignancy rating, standardised.
        descriptions: (B, 9), log diameter, log volume and seven ratings, standardised.
    """

    logit: Tensor
    rating: Tensor
    descriptions: Tensor


class NoduleEncoder(nn.Module):
    """From ROIs to feature maps: views of each ROI, then CSF-Net's encoder without the CBAM of its stem.

    Args:
        widths: channels after each residual block of the encoder, stage by stage.
        cbam: see :class:`csfnet_bundle.networks.CSFNet`.
        roi_size: (D, H, W) of the ROI in voxels of 1 mm.
        view_size: (d, h, w) of the views.
        view_spacings: mm of a voxel of each view.

    Attributes:
        out_channels: channels of the feature map.
    """

    def __init__(
        self,
        widths: Sequence[Sequence[int]],
        cbam: str,
        roi_size: Sequence[int],
        view_size: Sequence[int],
        view_spacings: Sequence[float],
    ) -> None:
        super().__init__()
        self.views = ScaleViews(roi_size, view_size, view_spacings)
        self.layers, self.out_channels = encoder_layers(widths, cbam, self.views.channels, stem_attention=False)

    def forward(self, scans: Tensor) -> Tensor:
        """Encode the ROIs of one or more scans per case, (B, T, D, H, W), into maps (B, T, C, d, h, w)."""
        x = self.views(scans.flatten(0, 1))  # (B*T, views + 1, d0, h0, w0)
        return self.layers(x).unflatten(0, (scans.shape[0], scans.shape[1]))


def two_logits(logit: Tensor) -> Tensor:
    """Return logits of benign and malignant, (B, 2), that differ by a logit (B,)."""
    return torch.stack([-logit / 2, logit / 2], dim=1)


class OneScanHead(nn.Module):
    """Mean and maximum of a feature map, then 128, dropout, 64, and the answers.

    Args:
        channels: C of the map.
        dropout: after the layer of 128, in training.
    """

    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Linear(2 * channels, FEATURES), nn.ReLU())
        self.hidden = nn.Sequential(nn.Dropout(dropout), nn.Linear(FEATURES, HIDDEN), nn.ReLU())
        self.answer = nn.Linear(HIDDEN, 2)  # logit, rating
        self.descriptions = nn.Linear(FEATURES, DESCRIPTIONS)

    def pooled(self, feature_map: Tensor) -> Tensor:
        """Map (B, C, d, h, w) to (B, 128)."""
        pooled = torch.cat([feature_map.mean(dim=(2, 3, 4)), feature_map.amax(dim=(2, 3, 4))], dim=1)  # (B, 2C)
        return self.features(pooled)

    def forward(self, feature_map: Tensor) -> Tensor:
        """Map (B, C, d, h, w) to the logit of malignancy (B,)."""
        return self.logit(self.pooled(feature_map))

    def logit(self, features: Tensor) -> Tensor:
        """Map pooled features (B, 128) to the logit of malignancy (B,)."""
        return self.answer(self.hidden(features))[:, 0]


class NoduleNetwork(Network):
    """Malignancy of a nodule from one scan.

    Args:
        scan: ``"t0"`` or ``"t1"``.
        widths: channels after each residual block of the encoder, stage by stage.
        cbam: see :class:`csfnet_bundle.networks.CSFNet`.
        roi_size: (D, H, W) of the ROI in voxels of 1 mm. Where a view is larger, the ROI's outermost voxels go on.
        view_size: (d, h, w) of the views that are cut from the ROI.
        view_spacings: mm of a voxel of each view.
        dropout: before the last hidden layer, in training.
    """

    takes_clinical = False

    def __init__(
        self,
        scan: str = "t1",
        widths: Sequence[Sequence[int]] = WIDTHS,
        cbam: str = "woo",
        roi_size: Sequence[int] = ROI_SIZE,
        view_size: Sequence[int] = VIEW_SIZE,
        view_spacings: Sequence[float] = VIEW_SPACINGS,
        dropout: float = DROPOUT,
    ) -> None:
        super().__init__()
        self.scan = scan
        self.widths = widths
        self.cbam = cbam
        self.roi_size = roi_size
        self.view_size = view_size
        self.view_spacings = view_spacings
        self.dropout = dropout
        self.channel = scan_index(scan)

        self.encoder = NoduleEncoder(widths, cbam, roi_size, view_size, view_spacings)
        self.head = OneScanHead(self.encoder.out_channels, dropout)

    @property
    def needs_prior(self) -> bool:
        """Whether t0 is the scan that the network sees."""
        return self.scan == "t0"

    def forward(self, image: Tensor, clinical: Tensor | None = None, interval_days: Tensor | None = None) -> Tensor:
        """Return the logits (B, 2) from one channel of the image (B, 2, D, H, W)."""
        return two_logits(self.head(self.feature_map(image)))

    def feature_map(self, image: Tensor) -> Tensor:
        """Return the map (B, C, d, h, w) of the scan that the network sees, from the image (B, 2, D, H, W)."""
        return self.encoder(image[:, self.channel : self.channel + 1])[:, 0]

    def answers(self, scan: Tensor) -> NoduleAnswers:
        """Return all that training asks of one scan (B, D, H, W) in [0, 1]."""
        return self.answers_of_views(self.encoder.views(scan))

    def answers_of_views(self, views: Tensor) -> NoduleAnswers:
        """Return all that training asks of views that the encoder has cut, (B, views + 1, d, h, w)."""
        features = self.head.pooled(self.encoder.layers(views))  # (B, 128)
        answer = self.head.answer(self.head.hidden(features))  # (B, 2)
        return NoduleAnswers(answer[:, 0], answer[:, 1], self.head.descriptions(features))
