"""The local loss of Med-ST: in each study, a word finds what the patches say of it, and a patch what the words say."""

from __future__ import annotations

import torch
from torch import Tensor

from csfnet_bundle.networks.medst.cross_attention import LOCAL_TEMPERATURE


def local_alignment(tokens: Tensor, context: Tensor, weights: Tensor, mask: Tensor) -> Tensor:
    """Return one side of the local loss (Med-ST, Section 3.2): of words, or of patches.

    ``S_ij = <w_i, c_j> / 0.1`` within each study; half the weighted sum over i of the cross-entropies of row i and of
    column i. Tokens that do not count are neither asked nor negatives.

    Args:
        tokens: (N, T, 128), words or patches, of length 1.
        context: (N, T, 128), what the other modality answers each, of length 1.
        weights: (N, T), sum 1 over the tokens that count, 0 for the others.
        mask: (N, T) bool, the tokens that count.

    Returns:
        A scalar, the mean over studies that have such tokens; 0 where none has.
    """
    scores = tokens @ context.transpose(1, 2) / LOCAL_TEMPERATURE  # (N, T, T)
    scores = scores.masked_fill(~(mask[:, :, None] & mask[:, None]), torch.finfo(scores.dtype).min)
    right = scores.diagonal(dim1=1, dim2=2)  # (N, T)
    by_row = torch.logsumexp(scores, dim=2) - right  # (N, T)
    by_column = torch.logsumexp(scores, dim=1) - right  # (N, T)
    each = torch.where(mask, weights * (by_row + by_column), 0.0).sum(dim=1) / 2  # (N,)
    return each.sum() / mask.any(dim=1).sum().clamp(min=1)
