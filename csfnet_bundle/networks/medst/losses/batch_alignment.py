"""The local loss with negatives from the batch: the words of a study ask its picture, and those of all others."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from csfnet_bundle.networks.medst.cross_attention import LOCAL_TEMPERATURE, attention
from csfnet_bundle.networks.medst.losses.equal_texts import match_loss


def batch_alignment(
    words: Tensor, word_weights: Tensor, word_mask: Tensor, patches: Tensor, patch_mask: Tensor, text_group: Tensor
) -> Tensor:
    """Return how badly words tell the picture of their own study from those of the batch's other studies.

    ``A_nm = sum_i weight_ni <w_ni, c_nim> / 0.1``, where c_nim is what the patches of study m answer word i of study n;
    half the cross-entropies over rows and over columns. In the published local loss a word's negatives are the other
    words of the same study: words that find themselves again through patches of any picture, one for all studies,
    solve it. Here one picture for all gives log N at least. (The idea is that of GLoRIA, Huang et al., ICCV 2021.)
    Studies with equal texts are positives of each other.

    Args:
        words: (N, W, 128), of length 1.
        word_weights: (N, W), sum 1 over the words that count.
        word_mask: (N, W) bool.
        patches: (N, P, 128), of length 1.
        patch_mask: (N, P) bool.
        text_group: (N,) int64, equal numbers for equal texts.

    Returns:
        A scalar, the mean over studies.
    """
    studies = len(words)
    rows = []
    for n in range(studies):  # one text at a time: (N, W, P) is the largest tensor
        asked = words[n].expand(studies, -1, -1)  # (N, W, 128)
        looks = attention(asked, patches, patch_mask)  # (N, W, P)
        context = F.normalize(looks @ patches, dim=2)  # (N, W, 128)
        agreement = (asked * context).sum(dim=2)  # (N, W)
        rows.append((agreement * (word_weights[n] * word_mask[n])).sum(dim=1) / LOCAL_TEMPERATURE)
    scores = torch.stack(rows)  # (N texts, N pictures)
    own = text_group[:, None] == text_group[None]  # (N, N)
    return (match_loss(scores, own) + match_loss(scores.T, own)).mean() / 2
