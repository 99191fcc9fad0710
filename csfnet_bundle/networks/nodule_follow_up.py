"""The one-scan network with a follow-up part: what the change since the prior adds to the opinion on t1."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from csfnet_bundle.networks.encoder import WIDTHS
from csfnet_bundle.networks.network import ROI_SIZE
from csfnet_bundle.networks.nodule_network import (
    DESCRIPTIONS,
    DROPOUT,
    VIEW_SIZE,
    VIEW_SPACINGS,
    NoduleNetwork,
    two_logits,
)

CHANGE_HIDDEN = 16
"""The part is fitted on simulated change; a small one has little room for what only simulations show."""


class ChangeTerm(nn.Module):
    """Log odds that the change between two scans adds: ``f(now, now - before) - f(now, 0)``.

    The difference makes it zero where no prior is there: such a pair shows the current scan in both channels, bit for
    bit. Two scans of an unchanged nodule differ by noise and place, so that the term is not zero for them. It sees what
    the one-scan network reads off a nodule (log diameter, log volume, seven ratings), not its features: with 128 of
    those it fitted 1,000 phantom pairs by heart, and gave unchanged nodules log odds with a standard deviation of 1.8.

    Args:
        features: F, width of a scan's description.
        hidden: width between the two layers.

    Attributes:
        spread: by which descriptions are divided, (F,): their standard deviations over phantom pairs.
    """

    def __init__(self, features: int = DESCRIPTIONS, hidden: int = CHANGE_HIDDEN) -> None:
        super().__init__()
        self.spread: Tensor
        self.register_buffer("spread", torch.ones(features))
        self.hidden = nn.Linear(2 * features, hidden)
        self.log_odds = nn.Linear(hidden, 1, bias=False)

    def forward(self, before: Tensor, now: Tensor) -> Tensor:
        """Map the descriptions of both scans, (B, F) each, to log odds (B,)."""
        state, change = now / self.spread, (now - before) / self.spread  # (B, F)
        return self._score(state, change) - self._score(state, torch.zeros_like(change))

    def _score(self, state: Tensor, change: Tensor) -> Tensor:
        hidden = torch.tanh(self.hidden(torch.cat([state, change], dim=1)))  # (B, hidden)
        return self.log_odds(hidden)[:, 0]  # (B,)


class FollowUpNoduleNetwork(NoduleNetwork):
    """The opinion on the current scan, plus what the change since the prior adds.

    Without a prior, with t1 in both channels, the answer is that of the one-scan network.

    Args:
        widths: see :class:`csfnet_bundle.networks.nodule_network.NoduleNetwork`, as the other arguments.
        cbam: of the encoder.
        roi_size: (D, H, W) in voxels of 1 mm.
        view_size: (d, h, w) of the views.
        view_spacings: mm of a voxel of each view.
        dropout: in training.
        change_hidden: see :class:`ChangeTerm`.
    """

    def __init__(
        self,
        widths: Sequence[Sequence[int]] = WIDTHS,
        cbam: str = "woo",
        roi_size: Sequence[int] = ROI_SIZE,
        view_size: Sequence[int] = VIEW_SIZE,
        view_spacings: Sequence[float] = VIEW_SPACINGS,
        dropout: float = DROPOUT,
        change_hidden: int = CHANGE_HIDDEN,
    ) -> None:
        super().__init__("t1", widths, cbam, roi_size, view_size, view_spacings, dropout)
        self.change_hidden = change_hidden
        self.change = ChangeTerm(DESCRIPTIONS, change_hidden)

    def forward(self, image: Tensor, clinical: Tensor | None = None, interval_days: Tensor | None = None) -> Tensor:
        """Return the logits (B, 2) of both channels of the image (B, 2, D, H, W)."""
        before, now, opinion = self.read(image)  # (B, 9), (B, 9), (B,)
        return two_logits(opinion + self.change(before, now))

    def read(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the descriptions of t0 and of t1, (B, 9) each, and the opinion on t1, (B,), of (B, 2, D, H, W)."""
        maps = self.encoder(image).flatten(0, 1)  # (B*2, C, d, h, w)
        features = self.head.pooled(maps).unflatten(0, (image.shape[0], 2))  # (B, 2, 128)
        described = self.head.descriptions(features)  # (B, 2, 9)
        return described[:, 0], described[:, 1], self.head.logit(features[:, 1])
