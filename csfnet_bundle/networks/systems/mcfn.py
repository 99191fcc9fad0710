"""MCFN: co-attention between image and clinical data, each guided by the other (Ding et al. 2024)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from csfnet_bundle.networks.clinical_embedding import CLINICAL_VOCABULARY, TOKEN_WIDTH, ClinicalEmbedding
from csfnet_bundle.networks.cross_modal_attention import ImageTokens
from csfnet_bundle.networks.encoder import WIDTHS, Encoder
from csfnet_bundle.networks.network import ClassificationHead, Network
from csfnet_bundle.networks.temporal_fusion import TemporalFusion

DROPOUT = 0.1  # of the self-normalising layers [G]
NOISE = 0.1  # of the latent augmentation, in standard deviations of the vector [G]


class SelfNormalizingLayer(nn.Module):
    """Linear, SELU, alpha dropout, with the start that keeps mean 0 and variance 1 (Klambauer 2017).

    Args:
        features: width of input and output.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, features)
        nn.init.kaiming_normal_(self.linear.weight, nonlinearity="linear")
        nn.init.zeros_(self.linear.bias)
        self.dropout = nn.AlphaDropout(DROPOUT)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., F) to (..., F)."""
        return self.dropout(F.selu(self.linear(x)))


class SelfNormalizingMixer(nn.Module):
    """Mixes the clinical variables with each other, then the features of each of them.

    Args:
        variables: number of tokens.
    """

    def __init__(self, variables: int) -> None:
        super().__init__()
        self.over_variables = SelfNormalizingLayer(variables)
        self.over_features = SelfNormalizingLayer(TOKEN_WIDTH)

    def forward(self, tokens: Tensor) -> Tensor:
        """Mix (B, V, 128); the shape stays."""
        tokens = tokens + self.over_variables(tokens.transpose(1, 2)).transpose(1, 2)
        return tokens + self.over_features(tokens)


class CoAttention(nn.Module):
    """One affinity between all voxels and all clinical variables guides both: each modality reads the other by it."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = TOKEN_WIDTH**-0.5
        self.image_key = nn.Linear(TOKEN_WIDTH, TOKEN_WIDTH)
        self.clinical_key = nn.Linear(TOKEN_WIDTH, TOKEN_WIDTH)
        self.image_value = nn.Linear(TOKEN_WIDTH, TOKEN_WIDTH)
        self.clinical_value = nn.Linear(TOKEN_WIDTH, TOKEN_WIDTH)

    def forward(self, image: Tensor, clinical: Tensor) -> tuple[Tensor, Tensor]:
        """Return the image tokens (B, S, 128) and the clinical tokens (B, V, 128), each with what it read."""
        affinity = self.scale * self.image_key(image) @ self.clinical_key(clinical).transpose(1, 2)  # (B, S, V)
        image_value = self.image_value(image)  # (B, S, 128)
        clinical_value = self.clinical_value(clinical)  # (B, V, 128)
        read_by_image = torch.softmax(affinity, dim=2) @ clinical_value  # (B, S, 128)
        read_by_clinical = torch.softmax(affinity, dim=1).transpose(1, 2) @ image_value  # (B, V, 128)
        return image_value + read_by_image, clinical_value + read_by_clinical


class LatentAugmentation(nn.Module):
    """Adds, in training, normal noise in proportion to the spread of each vector's own features."""

    def __init__(self) -> None:
        super().__init__()
        self.noise = NOISE

    def forward(self, x: Tensor) -> Tensor:
        """Change (B, F) in training, return it as it is otherwise."""
        if self.training:
            return x + self.noise * x.std(dim=1, keepdim=True) * torch.randn_like(x)
        return x


class MCFN(Network):
    """CSF-Net's encoder and TRF, with mutual-guided co-attention in place of CMAF.

    [K] Mutual-guided co-attention between the modalities, a self-normalising mixer (SELU, alpha dropout) for the
    tabular side, online augmentation in latent space. [G] On CSF-Net's encoder and TRF tokens; attention with a softmax
    over tokens, not across patients; the mixer before the attention; noise as the augmentation. Left out: the encoders
    of the original for its own modalities, and an augmentation that is learned. The interval is ignored.

    Args:
        widths: channels after each residual block of the encoder, stage by stage.
        clinical_vocabulary: number of tokens of each clinical variable.
        cbam: see :class:`csfnet_bundle.networks.CSFNet`.
    """

    def __init__(
        self,
        widths: Sequence[Sequence[int]] = WIDTHS,
        clinical_vocabulary: Sequence[int] = CLINICAL_VOCABULARY,
        cbam: str = "woo",
    ) -> None:
        super().__init__()
        self.widths = widths
        self.clinical_vocabulary = clinical_vocabulary
        self.cbam = cbam

        self.encoder = Encoder(widths, cbam)
        self.temporal_fusion = TemporalFusion(self.encoder.out_channels)
        self.image_tokens = ImageTokens(self.encoder.out_channels)
        self.clinical_embedding = ClinicalEmbedding(clinical_vocabulary)
        self.mixer = SelfNormalizingMixer(len(clinical_vocabulary))
        self.co_attention = CoAttention()
        self.augmentation = LatentAugmentation()
        self.head = ClassificationHead(2 * TOKEN_WIDTH)

    def forward(self, image: Tensor, clinical: Tensor | None = None, interval_days: Tensor | None = None) -> Tensor:
        """Return the logits (B, 2) from the image (B, 2, D, H, W) and the clinical tokens (B, 6)."""
        maps = self.encoder(image)  # (B, 2, C, d, h, w)
        image_tokens = self.image_tokens(self.temporal_fusion(maps[:, 0], maps[:, 1]))  # (B, S, 128)
        clinical_tokens = self.mixer(self.clinical_embedding(clinical, None, image.shape[0]))  # (B, 6, 128)
        image_tokens, clinical_tokens = self.co_attention(image_tokens, clinical_tokens)
        fused = torch.cat([image_tokens.mean(dim=1), clinical_tokens.mean(dim=1)], dim=1)  # (B, 256)
        return self.head(self.augmentation(fused))
