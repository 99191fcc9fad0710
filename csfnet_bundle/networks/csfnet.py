"""CSF-Net: malignancy of a lung nodule from two CT scans and clinical variables (Shen et al.)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from csfnet_bundle.networks.clinical_embedding import CLINICAL_VOCABULARY, TOKEN_WIDTH, ClinicalEmbedding
from csfnet_bundle.networks.cross_modal_attention import ATTENTION_DROPOUT, JOINT, CrossModalAttention, ImageTokens
from csfnet_bundle.networks.encoder import WIDTHS, Encoder
from csfnet_bundle.networks.network import ClassificationHead, Network
from csfnet_bundle.networks.prior_presence import PriorPresence
from csfnet_bundle.networks.temporal_fusion import TemporalFusion


class CSFNet(Network):
    """Encoder for both scans, temporal residual fusion, cross-modal attention with the clinical data, classifier.

    Args:
        widths: channels after each residual block of the encoder, stage by stage. Narrow ones train on a CPU.
        clinical_vocabulary: number of tokens of each clinical variable.
        use_interval: whether the interval between the scans is a further clinical token (not in the paper).
        cbam: ``"woo"``, or ``"published"`` for the variant of the published code.
        attention_dropout: of the cross-modal attention, in training.
        prior_presence: whether a further token says if there is a t0 (not in the paper). The network then also serves
            pairs without one, which show t1 in both channels, if it was trained on some (``RandomlyDropPriord``).
        attention: ``"joint"``, ``"published"`` or ``"uniform"``, see
            :class:`csfnet_bundle.networks.cross_modal_attention.CrossModalAttention`.
        blur: whether the temporal fusion blurs both maps, as in the paper.
    """

    def __init__(
        self,
        widths: Sequence[Sequence[int]] = WIDTHS,
        clinical_vocabulary: Sequence[int] = CLINICAL_VOCABULARY,
        use_interval: bool = False,
        cbam: str = "woo",
        attention_dropout: float = ATTENTION_DROPOUT,
        prior_presence: bool = False,
        attention: str = JOINT,
        blur: bool = True,
    ) -> None:
        super().__init__()
        self.widths = widths
        self.clinical_vocabulary = clinical_vocabulary
        self.use_interval = use_interval
        self.cbam = cbam
        self.attention_dropout = attention_dropout
        self.prior_presence = prior_presence
        self.attention = attention
        self.blur = blur

        self.encoder = Encoder(widths, cbam)
        self.temporal_fusion = TemporalFusion(self.encoder.out_channels, blur)
        self.image_tokens = ImageTokens(self.encoder.out_channels)
        self.clinical_embedding = ClinicalEmbedding(clinical_vocabulary, use_interval)
        self.cross_modal_attention = CrossModalAttention(attention_dropout, attention)
        self.head = ClassificationHead(2 * TOKEN_WIDTH)
        self.prior_token = PriorPresence() if prior_presence else None

    @property
    def needs_prior(self) -> bool:
        """Whether the network cannot tell a missing t0 from one without change."""
        return not self.prior_presence

    def forward(self, image: Tensor, clinical: Tensor | None = None, interval_days: Tensor | None = None) -> Tensor:
        """Return the logits (B, 2) of benign and malignant.

        Args:
            image: (B, 2, D, H, W) in [0, 1], ROIs of t0 and t1.
            clinical: (B, 6) int64 tokens; None means all missing.
            interval_days: (B,) days from t0 to t1, NaN where missing; None means all missing. Ignored without
                ``use_interval``.
        """
        return self.classify(self.fuse(image), self.clinical_tokens(image, clinical, interval_days))

    @torch.jit.export
    def attention_map(
        self, image: Tensor, clinical: Tensor | None = None, interval_days: Tensor | None = None
    ) -> Tensor:
        """Return where in the ROI the clinical data look, (B, d, h, w), summing to 1 over each map.

        It is the attention of the image stream, averaged over heads and clinical queries, on the grid of the feature
        map, which covers the ROI. Where it is flat, or the network never had to select in training, it is no evidence
        of where anything lies. Arguments as of :meth:`forward`.
        """
        fused = self.fuse(image)  # (B, C, d, h, w)
        grid = (fused.shape[2], fused.shape[3], fused.shape[4])
        clinical_tokens = self.clinical_tokens(image, clinical, interval_days)  # (B, 6 to 8, 128)
        attention = self.cross_modal_attention.image_attention(self.image_tokens(fused), clinical_tokens, grid)
        return attention.reshape(fused.shape[0], grid[0], grid[1], grid[2])  # from (B, S)

    def attention_peaks(self, image: Tensor, clinical: Tensor | None, interval_days: Tensor | None) -> Tensor:
        """Return the largest weight times the number of keys, of the image and of the clinical stream, (B, 2).

        1 is flat: such a map says nothing of where anything lies. Weights are means over heads and queries.
        """
        fused = self.fuse(image)  # (B, C, d, h, w)
        grid = (fused.shape[2], fused.shape[3], fused.shape[4])
        inputs = (self.image_tokens(fused), self.clinical_tokens(image, clinical, interval_days), grid)
        both = (
            self.cross_modal_attention.image_attention(*inputs),
            self.cross_modal_attention.clinical_attention(*inputs),
        )
        return torch.stack([weights.amax(dim=1) * weights.shape[1] for weights in both], dim=1)

    def fuse(self, image: Tensor) -> Tensor:
        """Return the feature map of both scans (B, C, d, h, w)."""
        maps = self.encoder(image)  # (B, 2, C, d, h, w)
        return self.temporal_fusion(maps[:, 0], maps[:, 1])

    def classify(self, fused: Tensor, clinical_tokens: Tensor) -> Tensor:
        """Return the logits (B, 2) of a feature map of both scans (B, C, d, h, w) and clinical tokens (B, M, 128)."""
        grid = (fused.shape[2], fused.shape[3], fused.shape[4])
        return self.head(self.cross_modal_attention(self.image_tokens(fused), clinical_tokens, grid))

    def clinical_tokens(self, image: Tensor, clinical: Tensor | None, interval_days: Tensor | None) -> Tensor:
        """Return the tokens of the clinical variables and, where asked for, of interval and prior (B, 6 to 8, 128)."""
        tokens = self.clinical_embedding(clinical, interval_days, image.shape[0])  # (B, 6 or 7, 128)
        if self.prior_token is not None:
            tokens = torch.cat([tokens, self.prior_token(image)], dim=1)  # (B, 7 or 8, 128)
        return tokens
