"""CSF-Net on the image encoder of Med-ST, and a linear probe of that encoder.

The encoder's tensors have the names that they have in :class:`csfnet_bundle.networks.medst.MedST`, so that pre-trained
ones are copied by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from csfnet_bundle.networks.clinical_embedding import CLINICAL_VOCABULARY, TOKEN_WIDTH, ClinicalEmbedding
from csfnet_bundle.networks.cross_modal_attention import ATTENTION_DROPOUT, JOINT, CrossModalAttention, ImageTokens
from csfnet_bundle.networks.medst.image_encoder import EncoderSettings, ImageEncoder
from csfnet_bundle.networks.medst.image_encoder import ImageTokens as EncodedViews
from csfnet_bundle.networks.medst.roi_views import resized_length, roi_views, view_length
from csfnet_bundle.networks.network import CLASSES, SCANS, ClassificationHead, Network, Plain
from csfnet_bundle.networks.temporal_fusion import TemporalFusion


class _OnMedSTEncoder(Network):
    """What networks on Med-ST's encoder share: views of both scans, none of them absent, through ``image_encoder``.

    Attributes:
        must_agree: what has to be as it was in the pre-training, since weights of other views would fit and mean
            nothing; with what a pre-training means that does not tell it.
    """

    must_agree: ClassVar[Mapping[str, Plain]] = EncoderSettings.former_values()

    def __init__(self, encoder: Mapping[str, Plain]) -> None:
        super().__init__()
        self.encoder_settings = EncoderSettings(**encoder)  # type: ignore[arg-type]  # plain values of a config
        self.views = list(self.encoder_settings.views)
        self.slab, self.field = self.encoder_settings.slab, self.encoder_settings.field
        self.view_size = self.encoder_settings.shape.image_size
        self.image_encoder = ImageEncoder(self.encoder_settings)

    def architecture(self) -> dict[str, Plain]:
        """Return the class name and every argument, the encoder's as well."""
        return {**super().architecture(), **self.encoder_settings.to_plain()}

    def encode(self, image: Tensor) -> EncodedViews:
        """Return the tokens of both scans of (B, 2, D, H, W), as of B*2 studies."""
        views = roi_views(image.flatten(0, 1), self.views, self.view_size, self.slab, self.field)  # (B*2, V, 3, S, S)
        present = torch.ones(views.shape[0], views.shape[1], dtype=torch.bool, device=views.device)
        return self.image_encoder(views, present)


class MedSTCSFNet(_OnMedSTEncoder):
    """CSF-Net whose encoder is Med-ST's: views of both ROIs, their patches as a map for TRF and CMAF, the same head.

    The map's depth is the view, its height and width are the grid of patches, without the rows that only pad the views.

    Args:
        clinical_vocabulary: number of tokens of each clinical variable.
        use_interval: see :class:`csfnet_bundle.networks.CSFNet`.
        attention_dropout: of the cross-modal attention, in training.
        attention: see :class:`csfnet_bundle.networks.CSFNet`.
        encoder: see :class:`csfnet_bundle.networks.medst.EncoderSettings`.

    Raises:
        ValueError: there is no such size, or no such attention.
    """

    def __init__(
        self,
        clinical_vocabulary: Sequence[int] = CLINICAL_VOCABULARY,
        use_interval: bool = False,
        attention_dropout: float = ATTENTION_DROPOUT,
        attention: str = JOINT,
        **encoder: Plain,
    ) -> None:
        super().__init__(encoder)
        self.clinical_vocabulary = clinical_vocabulary
        self.use_interval = use_interval
        self.attention_dropout = attention_dropout
        self.attention = attention
        self.patch_size = self.image_encoder.patch_size

        self.temporal_fusion = TemporalFusion(self.image_encoder.width, blur_depth=False)
        self.image_tokens = ImageTokens(self.image_encoder.width)
        self.clinical_embedding = ClinicalEmbedding(clinical_vocabulary, use_interval)
        self.cross_modal_attention = CrossModalAttention(attention_dropout, attention)
        self.head = ClassificationHead(2 * TOKEN_WIDTH)

    def forward(self, image: Tensor, clinical: Tensor | None = None, interval_days: Tensor | None = None) -> Tensor:
        """Return the logits (B, 2); arguments as of :meth:`csfnet_bundle.networks.CSFNet.forward`."""
        maps = self.feature_maps(image)  # (B, 2, C, V, h, G)
        fused = self.temporal_fusion(maps[:, 0], maps[:, 1])  # (B, C, V, h, G)
        grid = (fused.shape[2], fused.shape[3], fused.shape[4])
        clinical_tokens = self.clinical_embedding(clinical, interval_days, image.shape[0])  # (B, 6 or 7, 128)
        return self.head(self.cross_modal_attention(self.image_tokens(fused), clinical_tokens, grid))

    def feature_maps(self, image: Tensor) -> Tensor:
        """Return the patches of both scans (B, 2, C, V, h, G): h rows of patches that show more than padding."""
        patches = self.encode(image).patches  # (B*2, V*G*G, C)
        grid = self.view_size // self.patch_size
        maps = patches.transpose(1, 2).unflatten(2, (len(self.views), grid, grid))  # (B*2, C, V, G, G)
        if "axial" not in self.views and "volume" not in self.views:
            height = view_length(image.shape[2], self.field)
            longest = max(height, view_length(min(image.shape[3], image.shape[4]), self.field))
            rows = resized_length(height, self.view_size, longest)  # as high as a view is, in pixels
            above = (self.view_size - rows) // 2
            first, last = above // self.patch_size, (above + rows - 1) // self.patch_size
            maps = maps[:, :, :, first : last + 1]
        return maps.unflatten(0, (image.shape[0], image.shape[1]))


class MedSTProbe(_OnMedSTEncoder):
    """A linear classifier on what the frozen encoder of Med-ST says of both scans, and on the clinical codes.

    Only the classifier is trained: it tells what pre-training has put into the encoder.

    Args:
        clinical_vocabulary: number of tokens of each clinical variable.
        encoder: see :class:`csfnet_bundle.networks.medst.EncoderSettings`.

    Raises:
        ValueError: there is no such size.
    """

    def __init__(self, clinical_vocabulary: Sequence[int] = CLINICAL_VOCABULARY, **encoder: Plain) -> None:
        super().__init__(encoder)
        self.clinical_vocabulary = list(clinical_vocabulary)

        self.image_encoder.requires_grad_(False)
        self.classifier = nn.Linear(len(SCANS) * self.image_encoder.width + sum(self.clinical_vocabulary), CLASSES)

    def forward(self, image: Tensor, clinical: Tensor | None = None, interval_days: Tensor | None = None) -> Tensor:
        """Return the logits (B, 2) from the image (B, 2, D, H, W) and the clinical tokens (B, 6)."""
        study = self.encode(image).study  # (B*2, C)
        features = [study.unflatten(0, (image.shape[0], image.shape[1])).flatten(1)]  # (B, 2*C)
        for variable, tokens in enumerate(self.clinical_vocabulary):
            code = torch.zeros(image.shape[0], dtype=torch.long, device=image.device)  # missing
            if clinical is not None:
                code = clinical[:, variable]
            features.append(F.one_hot(code, tokens).to(study.dtype))  # (B, tokens)
        return self.classifier(torch.cat(features, dim=1))
