"""The ablations of CSF-Net (Table 2 of the paper): the same parts and the same head, one thing left out at a time.

What the paper does not say is marked as a guess [G].
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from csfnet_bundle.networks.clinical_embedding import CLINICAL_VOCABULARY, TOKEN_WIDTH, ClinicalEmbedding
from csfnet_bundle.networks.cross_modal_attention import ATTENTION_DROPOUT, JOINT, CrossModalAttention, ImageTokens
from csfnet_bundle.networks.encoder import WIDTHS, Encoder
from csfnet_bundle.networks.network import SCANS, ClassificationHead, Network, scan_index
from csfnet_bundle.networks.prior_presence import PriorPresence
from csfnet_bundle.networks.temporal_fusion import TemporalFusion

BOTH = "both"
RESIDUAL, MEAN = "residual", "mean"


class MeanOfScans(nn.Module):
    """The mean of the two scans' feature maps: which one came first is lost."""

    def forward(self, t0: Tensor, t1: Tensor) -> Tensor:
        """Map two (B, C, d, h, w) to one."""
        return (t0 + t1) / 2


class AblatedCSFNet(Network):
    """CSF-Net without the other scan, without the clinical data or without TRF; it has no attention map.

    Args:
        scans: ``"both"``; ``"t0"`` or ``"t1"`` for one alone, which leaves TRF out.
        use_clinical: whether the clinical data go through CMAF; else the image tokens are averaged [G] in its place.
        fusion: of both scans: ``"residual"`` is TRF, ``"mean"`` the mean of their maps [G].
        widths: channels after each residual block of the encoder, stage by stage.
        clinical_vocabulary: number of tokens of each clinical variable.
        use_interval: see :class:`csfnet_bundle.networks.CSFNet`.
        cbam: see :class:`csfnet_bundle.networks.CSFNet`.
        attention_dropout: of the cross-modal attention, in training.
        prior_presence: see :class:`csfnet_bundle.networks.CSFNet`.
        attention: see :class:`csfnet_bundle.networks.CSFNet`.

    Raises:
        ValueError: scans or a fusion that there are none of; tokens of the pair where clinical data are left out.
    """

    def __init__(
        self,
        scans: str = BOTH,
        use_clinical: bool = True,
        fusion: str = RESIDUAL,
        widths: Sequence[Sequence[int]] = WIDTHS,
        clinical_vocabulary: Sequence[int] = CLINICAL_VOCABULARY,
        use_interval: bool = False,
        cbam: str = "woo",
        attention_dropout: float = ATTENTION_DROPOUT,
        prior_presence: bool = False,
        attention: str = JOINT,
    ) -> None:
        super().__init__()
        if fusion not in (RESIDUAL, MEAN):
            raise ValueError(f"fusion is {fusion!r}, expected {RESIDUAL!r} or {MEAN!r}")
        if (use_interval or prior_presence) and not (use_clinical and scans == BOTH):
            raise ValueError("use_interval and prior_presence are tokens beside the clinical data of both scans")
        self.scans = scans
        self.use_clinical = use_clinical
        self.fusion = fusion
        self.widths = widths
        self.clinical_vocabulary = clinical_vocabulary
        self.use_interval = use_interval
        self.cbam = cbam
        self.attention_dropout = attention_dropout
        self.prior_presence = prior_presence
        self.attention = attention
        self.first, self.last = (0, len(SCANS)) if scans == BOTH else (scan_index(scans), scan_index(scans) + 1)

        self.encoder = Encoder(widths, cbam)
        channels = self.encoder.out_channels
        both = TemporalFusion(channels) if fusion == RESIDUAL else MeanOfScans()
        self.temporal_fusion = both if scans == BOTH else None
        self.image_tokens = ImageTokens(channels)
        self.clinical_embedding = ClinicalEmbedding(clinical_vocabulary, use_interval) if use_clinical else None
        self.cross_modal_attention = CrossModalAttention(attention_dropout, attention) if use_clinical else None
        self.head = ClassificationHead(2 * TOKEN_WIDTH if use_clinical else TOKEN_WIDTH)
        self.prior_token = PriorPresence() if prior_presence else None

    @property
    def needs_prior(self) -> bool:
        """Whether t0 is seen and the network cannot tell a missing one."""
        return self.scans != "t1" and not self.prior_presence

    def forward(self, image: Tensor, clinical: Tensor | None = None, interval_days: Tensor | None = None) -> Tensor:
        """Return the logits (B, 2); arguments as of :meth:`csfnet_bundle.networks.CSFNet.forward`."""
        maps = self.encoder(image[:, self.first : self.last])  # (B, 1 or 2, C, d, h, w)
        fused = maps[:, 0] if self.temporal_fusion is None else self.temporal_fusion(maps[:, 0], maps[:, 1])
        tokens = self.image_tokens(fused)  # (B, S, 128)
        if self.clinical_embedding is None or self.cross_modal_attention is None:
            return self.head(tokens.mean(dim=1))
        clinical_tokens = self.clinical_embedding(clinical, interval_days, image.shape[0])  # (B, 6 or 7, 128)
        if self.prior_token is not None:
            clinical_tokens = torch.cat([clinical_tokens, self.prior_token(image)], dim=1)  # (B, 7 or 8, 128)
        grid = (fused.shape[2], fused.shape[3], fused.shape[4])
        return self.head(self.cross_modal_attention(tokens, clinical_tokens, grid))
