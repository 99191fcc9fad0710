"""The global and the local loss of Med-ST: images and texts of a batch, words and patches of a study, find each other.

Equal texts cannot be told apart: all of them are right answers. On several GPUs the rows of all ranks are candidates.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed
from torch.nn import functional as F

from csfnet_bundle.networks.medst.cross_attention import LOCAL_TEMPERATURE, attention


def match_loss(scores: Tensor, right: Tensor) -> Tensor:
    """Return the cross-entropy of each row against its right columns, all alike.

    With one right column in each row it is the usual one. With m of them it is at least log m, where the scores say
    that all are the same.

    Args:
        scores: (M, K) logits; a column that is no candidate may be minus infinity.
        right: (M, K) bool, at least one True in each row, none at minus infinity.

    Returns:
        (M,).
    """
    log_probability = F.log_softmax(scores, dim=1).masked_fill(~right, 0.0)  # (M, K)
    return -log_probability.sum(dim=1) / right.sum(dim=1)


class _Gathered(torch.autograd.Function):
    """All ranks' tensors of one shape, stacked; a rank's gradient is the sum of what all ranks' losses give it."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        gathered = [torch.empty_like(rows) for _ in range(distributed.get_world_size())]
        distributed.all_gather(gathered, rows.contiguous())
        return torch.stack(gathered)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].contiguous()
        distributed.all_reduce(total)
        return total[distributed.get_rank()]


def gather_rows(rows: Tensor) -> Tensor:
    """Return the rows (N_r, ...) of all ranks, rank by rank, (sum of N_r, ...), with gradients to where they came from.

    Ranks may have different numbers of rows. In a single process the rows come back as they are.
    """
    if not _several_ranks():
        return rows
    counts = torch.zeros(distributed.get_world_size(), dtype=torch.int64, device=rows.device)
    counts[distributed.get_rank()] = len(rows)
    distributed.all_reduce(counts)
    longest = int(counts.max())
    padded = torch.cat([rows, rows.new_zeros(longest - len(rows), *rows.shape[1:])])
    gathered = _Gathered.apply(padded)
    return torch.cat([part[:count] for part, count in zip(gathered, counts.tolist(), strict=True)])


def rank_share(total: int, like: Tensor) -> Tensor:
    """Return the factor on a rank's sum over rows that makes the mean over ranks the mean over all ``total`` rows."""
    ranks = distributed.get_world_size() if _several_ranks() else 1
    return like.new_tensor(ranks / total)


def _several_ranks() -> bool:
    return distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1


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
    counting = patch_mask.any(dim=0)
    patches, patch_mask = patches[:, counting], patch_mask[:, counting]  # (N, U, 128), (N, U)
    asked = words[word_mask]  # (M, 128), the words of all texts
    looks = attention(asked.expand(len(patches), -1, -1), patches, patch_mask)  # (N, M, U)
    # <w, c / |c|> of c = looks @ patches, from products of patches: c itself (N, M, 128) is the larger tensor.
    along = (looks * (asked @ patches.transpose(1, 2))).sum(dim=2)  # (N, M)
    squared = (looks @ (patches @ patches.transpose(1, 2)) * looks).sum(dim=2)  # (N, M)
    agreement = along / squared.clamp(min=torch.finfo(squared.dtype).tiny).sqrt()  # (N, M)
    text = F.one_hot(word_mask.nonzero()[:, 0], len(words)).to(agreement.dtype)  # (M, N), whose word it is
    scores = (text * word_weights[word_mask][:, None]).T @ agreement.T / LOCAL_TEMPERATURE  # (N texts, N pictures)
    own = text_group[:, None] == text_group[None]  # (N, N)
    return (match_loss(scores, own) + match_loss(scores.T, own)).mean() / 2
