"""T-LSTM: multi-scale 3-D features in a time-aware LSTM (Liu et al. 2022; the cell is Baytas et al. 2017)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from csfnet_bundle.networks.encoder import ConvBlock
from csfnet_bundle.networks.network import CLASSES, Network, scale_channels

# (D, H, W) of the three crops around the nodule, in voxels [G].
CROPS = ((8, 20, 20), (12, 40, 40), (16, 64, 64))
FIRST_KERNEL = 5
CHANNELS = (64, 128, 256)  # the first is known, the others are guesses [G]
HIDDEN = 128
DAYS_PER_MONTH = 365.25 / 12
MISSING_MONTHS = 12.0  # screening is yearly: what an unknown interval is taken for [G]


class TimeAwareCell(nn.Module):
    """An LSTM cell that forgets the short-term part of its memory as time goes by (Baytas 2017).

    ``C_S = tanh(W C + b)`` is the short-term part; ``C* = C - C_S + C_S / log(e + dt)`` takes the place of the memory.

    Args:
        inputs: width of the input.
        hidden: width of memory and output.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.short_term = nn.Linear(hidden, hidden)
        self.input_gates = nn.Linear(inputs, 4 * hidden)
        self.hidden_gates = nn.Linear(hidden, 4 * hidden, bias=False)  # the input's bias serves both

    def forward(self, x: Tensor, hidden: Tensor, memory: Tensor, elapsed: Tensor) -> tuple[Tensor, Tensor]:
        """Take one step.

        Args:
            x: (B, inputs).
            hidden: (B, hidden), the output of the step before.
            memory: (B, hidden), the memory after the step before.
            elapsed: (B,), months since the step before.

        Returns:
            Output and memory, each (B, hidden).
        """
        short_term = torch.tanh(self.short_term(memory))  # (B, hidden)
        discount = 1 / torch.log(math.e + elapsed)[:, None]  # (B, 1)
        memory = memory - short_term + discount * short_term  # (B, hidden)
        gates = self.input_gates(x) + self.hidden_gates(hidden)  # (B, 4 * hidden)
        write, forget, read, candidate = gates.chunk(4, dim=1)
        memory = torch.sigmoid(forget) * memory + torch.sigmoid(write) * torch.tanh(candidate)
        return torch.sigmoid(read) * torch.tanh(memory), memory


class CropNetwork(nn.Module):
    """A small 3-D CNN on the centre of a ROI, to one vector.

    Args:
        crop: (D, H, W) in voxels; an axis on which the ROI is smaller is taken whole.
        width: factor on the channels.
    """

    def __init__(self, crop: tuple[int, int, int], width: float) -> None:
        super().__init__()
        self.crop = crop
        first, second, third = (scale_channels(channels, width) for channels in CHANNELS)
        self.layers = nn.Sequential(
            ConvBlock(1, first, kernel=FIRST_KERNEL),
            nn.MaxPool3d(2),
            ConvBlock(first, second),
            nn.MaxPool3d(2),
            ConvBlock(second, third),
        )
        self.out_features = third

    def forward(self, x: Tensor) -> Tensor:
        """Map ROIs (N, 1, D, H, W) to (N, C)."""
        for axis, size in enumerate(self.crop):
            kept = min(size, x.shape[axis + 2])
            x = x.narrow(axis + 2, (x.shape[axis + 2] - kept) // 2, kept)
        return self.layers(x).mean(dim=(2, 3, 4))


class TimeAwareLSTM(Network):
    """Three small 3-D CNNs on three crops of each scan, a time-aware LSTM over the scans, a linear classifier.

    [K] Multi-scale 3-D CNNs whose first layer has 64 kernels of 5 voxels; a time-aware LSTM over the scans; image only.
    [G] The crops' sizes, the two further layers, max pooling, batch normalisation, average pooling at the end; hidden
    width 128; months as the unit of time; a missing interval counts as twelve months. Left out: the detection of
    lesions and the interpolation between slices, which the ROI has behind it. Clinical data are ignored.

    Args:
        width: factor on the channels of the convolutions.
    """

    takes_clinical = False

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        self.width = width
        self.days_per_month = DAYS_PER_MONTH
        self.missing_months = MISSING_MONTHS
        self.hidden = HIDDEN

        self.crops = nn.ModuleList(CropNetwork(crop, width) for crop in CROPS)
        self.cell = TimeAwareCell(len(CROPS) * scale_channels(CHANNELS[-1], width), HIDDEN)
        self.classifier = nn.Linear(HIDDEN, CLASSES)

    def forward(self, image: Tensor, clinical: Tensor | None = None, interval_days: Tensor | None = None) -> Tensor:
        """Return the logits (B, 2) from the image (B, 2, D, H, W) and the interval (B,) in days."""
        batch = image.shape[0]
        scans = image.flatten(0, 1).unsqueeze(1)  # (B*2, 1, D, H, W)
        features = torch.cat([crop(scans) for crop in self.crops], dim=1)  # (B*2, F)
        features = features.unflatten(0, (batch, image.shape[1]))  # (B, 2, F)
        hidden = features.new_zeros(batch, self.hidden)
        memory = torch.zeros_like(hidden)
        hidden, memory = self.cell(features[:, 0], hidden, memory, features.new_zeros(batch))
        hidden, memory = self.cell(features[:, 1], hidden, memory, self.months(interval_days, features))
        return self.classifier(hidden)

    def months(self, interval_days: Tensor | None, like: Tensor) -> Tensor:
        """Return the interval in months (B,), of the kind of ``like``."""
        if interval_days is None:
            return torch.full((like.shape[0],), self.missing_months, dtype=like.dtype, device=like.device)
        months = torch.nan_to_num(interval_days / self.days_per_month, nan=self.missing_months)
        return F.relu(months).to(like.dtype)
