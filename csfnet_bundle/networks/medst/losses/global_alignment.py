"""The global loss of Med-ST: an image finds its text among all texts of the batch, and a text its image."""

from __future__ import annotations

import torch
from torch import Tensor

from csfnet_bundle.networks.medst.losses.equal_texts import match_loss
from csfnet_bundle.networks.medst.losses.ranks import gather_rows, rank_share

GLOBAL_TEMPERATURE = 0.07


def global_alignment(image: Tensor, text: Tensor, text_group: Tensor, gather: bool = False) -> Tensor:
    """Return ``s_ij = <z_i, w_j> / 0.07``'s cross-entropy over rows plus over columns (Med-ST, Section 3.2).

    Studies with equal texts are positives of each other.

    Args:
        image: (N, 128), of length 1.
        text: (N, 128), of length 1.
        text_group: (N,) int64, equal numbers for equal texts.
        gather: the other ranks' studies are negatives too; then ``text_group`` must mean the same on all ranks. The
            mean over ranks of the losses, and so of the gradients, is that of one process with all studies.

    Returns:
        A scalar, the mean over studies.
    """
    images, texts, groups = image, text, text_group  # candidates: (M, 128), (M, 128), (M,)
    share = image.new_tensor(1 / len(image))
    if gather:
        images, texts, groups = gather_rows(image), gather_rows(text), gather_rows(text_group)
        share = rank_share(len(images), image)
    own = text_group[:, None] == groups[None]  # (N, M)
    to_text = match_loss(image @ texts.T / GLOBAL_TEMPERATURE, own)
    to_image = match_loss(text @ images.T / GLOBAL_TEMPERATURE, own)
    return torch.sum(to_text + to_image) * share
