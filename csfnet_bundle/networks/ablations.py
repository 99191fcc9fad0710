"""The ablations of CSF-Net (Table 2 of the paper): the same parts and the same head, one thing left out at a time.

What the paper does not say is marked as a guess [G].
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from csfnet_bundle.networks.clinical_embedding import CLINICAL_VOCABULARY, TOKEN_WIDTH, ClinicalEmbedding
from csfnet_bundle.networks.cross_modal_attention import ATTENTION_DROPOUT, JOINT, CrossModalAttention, ImageTokens
from csfnet_bundle.networks.csfnet import CSFNet
from csfnet_bundle.networks.encoder import WIDTHS, Encoder
from csfnet_bundle.networks.network import ClassificationHead, Network, scan_index
from csfnet_bundle.networks.temporal_fusion import TemporalFusion


class OneScanImage(Network):
    """Rows "t0 image" and "t1 image": one scan alone, its tokens averaged [G] in place of CMAF.

    TRF and the clinical data are left out.

    Args:
        scan: ``"t0"`` or ``"t1"``.
        widths: channels after each residual block of the encoder, stage by stage.
        cbam: see :class:`csfnet_bundle.networks.CSFNet`.
    """

    def __init__(self, scan: str, widths: Sequence[Sequence[int]] = WIDTHS, cbam: str = "woo") -> None:
        super().__init__()
        self.scan = scan
        self.widths = widths
        self.cbam = cbam
        self.channel = scan_index(scan)

        self.encoder = Encoder(widths, cbam)
        self.image_tokens = ImageTokens(self.encoder.out_channels)
        self.head = ClassificationHead(TOKEN_WIDTH)

    @property
    def needs_prior(self) -> bool:
        """Whether t0 is the scan that the network sees."""
        return self.scan == "t0"

    def forward(self, image: Tensor, clinical: Tensor | None = None, interval_days: Tensor | None = None) -> Tensor:
        """Return the logits (B, 2) from one channel of the image (B, 2, D, H, W)."""
        scans = image[:, self.channel : self.channel + 1]  # (B, 1, D, H, W)
        tokens = self.image_tokens(self.encoder(scans)[:, 0])  # (B, S, 128)
        return self.head(tokens.mean(dim=1))


class OneScanWithClinical(Network):
    """Rows "t0 image + clinical" and "t1 image + clinical": one scan and the clinical data through CMAF, without TRF.

    Args:
        scan: ``"t0"`` or ``"t1"``.
        widths: channels after each residual block of the encoder, stage by stage.
        clinical_vocabulary: number of tokens of each clinical variable.
        cbam: see :class:`csfnet_bundle.networks.CSFNet`.
        attention_dropout: of the cross-modal attention, in training.
        attention: see :class:`csfnet_bundle.networks.CSFNet`.
    """

    def __init__(
        self,
        scan: str,
        widths: Sequence[Sequence[int]] = WIDTHS,
        clinical_vocabulary: Sequence[int] = CLINICAL_VOCABULARY,
        cbam: str = "woo",
        attention_dropout: float = ATTENTION_DROPOUT,
        attention: str = JOINT,
    ) -> None:
        super().__init__()
        self.scan = scan
        self.widths = widths
        self.clinical_vocabulary = clinical_vocabulary
        self.cbam = cbam
        self.attention_dropout = attention_dropout
        self.attention = attention
        self.channel = scan_index(scan)

        self.encoder = Encoder(widths, cbam)
        self.image_tokens = ImageTokens(self.encoder.out_channels)
        self.clinical_embedding = ClinicalEmbedding(clinical_vocabulary)
        self.cross_modal_attention = CrossModalAttention(attention_dropout, attention)
        self.head = ClassificationHead(2 * TOKEN_WIDTH)

    @property
    def needs_prior(self) -> bool:
        """Whether t0 is the scan that the network sees."""
        return self.scan == "t0"

    def forward(self, image: Tensor, clinical: Tensor | None = None, interval_days: Tensor | None = None) -> Tensor:
        """Return the logits (B, 2) from one channel of the image (B, 2, D, H, W) and the clinical tokens (B, 6)."""
        scans = image[:, self.channel : self.channel + 1]  # (B, 1, D, H, W)
        features = self.encoder(scans)[:, 0]  # (B, C, d, h, w)
        grid = (features.shape[2], features.shape[3], features.shape[4])
        clinical_tokens = self.clinical_embedding(clinical, None, image.shape[0])  # (B, 6, 128)
        return self.head(self.cross_modal_attention(self.image_tokens(features), clinical_tokens, grid))


class WithoutClinical(Network):
    """Row "without CMAF and clinical": both scans through TRF, the tokens averaged [G] in place of CMAF.

    Args:
        widths: channels after each residual block of the encoder, stage by stage.
        cbam: see :class:`csfnet_bundle.networks.CSFNet`.
    """

    def __init__(self, widths: Sequence[Sequence[int]] = WIDTHS, cbam: str = "woo") -> None:
        super().__init__()
        self.widths = widths
        self.cbam = cbam

        self.encoder = Encoder(widths, cbam)
        self.temporal_fusion = TemporalFusion(self.encoder.out_channels)
        self.image_tokens = ImageTokens(self.encoder.out_channels)
        self.head = ClassificationHead(TOKEN_WIDTH)

    def forward(self, image: Tensor, clinical: Tensor | None = None, interval_days: Tensor | None = None) -> Tensor:
        """Return the logits (B, 2) from the image (B, 2, D, H, W) alone."""
        maps = self.encoder(image)  # (B, 2, C, d, h, w)
        tokens = self.image_tokens(self.temporal_fusion(maps[:, 0], maps[:, 1]))  # (B, S, 128)
        return self.head(tokens.mean(dim=1))


class MeanOfScans(nn.Module):
    """The mean of the two scans' feature maps."""

    def forward(self, t0: Tensor, t1: Tensor) -> Tensor:
        """Map two (B, C, d, h, w) to one."""
        return (t0 + t1) / 2


class WithoutTemporalFusion(CSFNet):
    """Row "without temporal fusion": CSF-Net with the mean of the two scans' maps [G] in place of TRF.

    It sees both scans but not which one came first. Its arguments are those of :class:`csfnet_bundle.networks.CSFNet`.
    """

    def make_fusion(self, channels: int) -> nn.Module:
        """Return the mean, which has no parameters."""
        return MeanOfScans()
