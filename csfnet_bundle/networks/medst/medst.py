"""Med-ST: image and text of sequences of studies in one space (arXiv 2405.19654)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from csfnet_bundle.networks.medst.cross_attention import attention, create_weighting
from csfnet_bundle.networks.medst.image_encoder import ImageEncoder
from csfnet_bundle.networks.medst.projection import EMBEDDING_WIDTH, ProjectionHead
from csfnet_bundle.networks.medst.text_encoder import TextEncoder

ENCODERS = ("image_encoder", "text_encoder")


class ImageEmbeddings(NamedTuple):
    """Views in the common space: ``image`` (N, 128), ``patches`` (N, P, 128), ``patch_mask`` (N, P)."""

    image: Tensor
    patches: Tensor
    patch_mask: Tensor


class TextEmbeddings(NamedTuple):
    """Texts in the common space: ``text`` (N, 128), ``words`` (N, W, 128), ``word_mask`` (N, W)."""

    text: Tensor
    words: Tensor
    word_mask: Tensor


class Embeddings(NamedTuple):
    """What the losses need of N studies; vectors have length 1, and are zeros where their mask is False.

    Attributes:
        image: (N, 128), of the study's views.
        text: (N, 128), of the study's text.
        patches: (N, P, 128), P = V * G * G, view by view and row by row.
        patch_mask: (N, P) bool, patches that count.
        patch_context: (N, P, 128), what the words answer each patch.
        patch_weights: (N, P), sum 1.
        words: (N, W, 128).
        word_mask: (N, W) bool.
        word_context: (N, W, 128), what the patches answer each word.
        word_weights: (N, W), sum 1.
        change: (N, 128), of the sentence on the change since the study before; None where the batch has none.
        reversed_change: (N, 128), of the sentence on the reversed change.
    """

    image: Tensor
    text: Tensor
    patches: Tensor
    patch_mask: Tensor
    patch_context: Tensor
    patch_weights: Tensor
    words: Tensor
    word_mask: Tensor
    word_context: Tensor
    word_weights: Tensor
    change: Tensor | None = None
    reversed_change: Tensor | None = None


class MedST(nn.Module):
    """Both encoders, their heads, and the attention between words and patches.

    Args:
        image_encoder: the one of the views.
        text_encoder: the one of the texts.
        projection: hidden width of the heads.
        weighting: of words and patches in the local loss, ``"modality"`` or ``"uniform"``.
        freeze: encoders that are not trained, of ``"image_encoder"`` and ``"text_encoder"``.

    Raises:
        ValueError: there is no such weighting or encoder.
    """

    def __init__(
        self,
        image_encoder: ImageEncoder,
        text_encoder: TextEncoder,
        projection: int,
        weighting: str = "modality",
        freeze: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.image_encoder = image_encoder
        self.text_encoder = text_encoder
        self.image_head = ProjectionHead(image_encoder.width, projection)
        self.patch_head = ProjectionHead(image_encoder.width, projection)
        self.text_head = ProjectionHead(text_encoder.width, projection)
        self.word_head = ProjectionHead(text_encoder.width, projection)
        self.patch_weights = create_weighting(weighting)
        self.word_weights = create_weighting(weighting)
        self.freeze = tuple(freeze)
        for name in self.freeze:
            if name not in ENCODERS:
                raise ValueError(f"freeze names {name!r}, expected some of {ENCODERS}")
            self.get_submodule(name).requires_grad_(False)

    def train(self, mode: bool = True) -> MedST:
        """Go to training mode, or leave it; a frozen encoder stays in evaluation mode, without dropout."""
        super().train(mode)
        for name in self.freeze:
            self.get_submodule(name).eval()
        return self

    def forward(self, batch: Mapping[str, Tensor]) -> Embeddings:
        """Embed N studies.

        Args:
            batch: ``views`` (N, V, 3, S, S) float in [0, 1]; ``view_present`` (N, V) bool; ``token_ids`` (N, L) int64;
                ``token_mask`` (N, L) bool; ``word_index`` (N, L) int64, -1 outside words. Where it has
                ``change_token_ids``, also ``change_token_mask``, ``change_word_index``, the three of ``reversed_``, and
                ``change_known`` (N,) bool.
        """
        image = self.encode_image(batch["views"], batch["view_present"])
        text = self.encode_text(batch["token_ids"], batch["token_mask"], batch["word_index"])
        word_context = _context(text.words, image.patches, image.patch_mask)  # (N, W, 128)
        patch_context = _context(image.patches, text.words, text.word_mask)  # (N, P, 128)
        change, reversed_change = self._encode_changes(batch) if "change_token_ids" in batch else (None, None)
        return Embeddings(
            image=image.image,
            text=text.text,
            patches=image.patches,
            patch_mask=image.patch_mask,
            patch_context=patch_context,
            patch_weights=self.patch_weights(image.patches, patch_context, image.patch_mask),
            words=text.words,
            word_mask=text.word_mask,
            word_context=word_context,
            word_weights=self.word_weights(text.words, word_context, text.word_mask),
            change=change,
            reversed_change=reversed_change,
        )

    def encode_image(self, views: Tensor, view_present: Tensor) -> ImageEmbeddings:
        """Embed the views (N, V, 3, S, S), of which those present (N, V) count.

        Raises:
            ValueError: a study has no view.
        """
        if not view_present.any(dim=1).all():
            raise ValueError(f"study {int((~view_present.any(dim=1)).nonzero()[0])} of the batch has no view")
        tokens = self.image_encoder(views, view_present)
        return ImageEmbeddings(
            self.image_head(tokens.study), self.patch_head.tokens(tokens.patches, tokens.mask), tokens.mask
        )

    def encode_text(self, token_ids: Tensor, token_mask: Tensor, word_index: Tensor) -> TextEmbeddings:
        """Embed texts; arguments as of :meth:`csfnet_bundle.networks.medst.TextEncoder.forward`."""
        tokens = self.text_encoder(token_ids, token_mask, word_index)
        return TextEmbeddings(
            self.text_head(tokens.text), self.word_head.tokens(tokens.words, tokens.mask), tokens.mask
        )

    def view_means(self, views: Tensor, view_present: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean of each view's patches before the first block and after the last, each (N, V, C).

        They tell how alike the views are before and after MoVE. An absent view's means are zeros.
        """
        tokens = self.image_encoder(views, view_present)
        mask = tokens.mask.unflatten(1, (self.image_encoder.views, -1)).unsqueeze(3)  # (N, V, G * G, 1)
        count = mask.sum(dim=2).clamp(min=1)  # (N, V, 1)
        before, after = (
            (part.unflatten(1, (self.image_encoder.views, -1)) * mask).sum(dim=2) / count
            for part in (tokens.embedded, tokens.patches)
        )
        return before, after

    def word_patch_attention(self, embeddings: Embeddings) -> Tensor:
        """Return where each word looks, (N, W, P): sum 1 over the patches; zeros for padding words."""
        looks = attention(embeddings.words, embeddings.patches, embeddings.patch_mask)
        return looks * embeddings.word_mask.unsqueeze(2)

    def _encode_changes(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Embed both sentences on each change, (N, 128) each; zeros where none is known, as of a first study."""
        later = batch["change_known"]  # (N,)
        parts = (
            torch.cat([batch[f"{kind}_{name}"][later] for kind in ("change", "reversed")])  # (2 * M, L)
            for name in ("token_ids", "token_mask", "word_index")
        )
        empty = torch.zeros(2, len(later), EMBEDDING_WIDTH, device=later.device)
        if not later.any():
            return empty[0], empty[1]
        vectors = self.text_head(self.text_encoder(*parts).text).unflatten(0, (2, -1))  # (2, M, 128)
        both = empty.to(vectors.dtype).masked_scatter(later[:, None], vectors)  # (2, N, 128)
        return both[0], both[1]


def _context(asking: Tensor, answering: Tensor, answering_mask: Tensor) -> Tensor:
    """Return ``c_i = normalised sum_k a_ik p_k``, (N, Q, 128)."""
    return nn.functional.normalize(attention(asking, answering, answering_mask) @ answering, dim=2)
