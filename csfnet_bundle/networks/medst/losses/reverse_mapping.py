"""RMR, reverse mapping regression: from an image to the texts and back one should end at the same place."""

from __future__ import annotations

import torch
from torch import Tensor

from csfnet_bundle.networks.medst.losses.sequences import Sequences, similarity

LOG_VARIANCE_WEIGHT = 0.001
PUBLISHED_EPSILON = 1e-7
FLOOR_STEPS = 0.5  # a place is known to half a step at best


def reverse_mapping(sequences: Sequences, variance_floor: bool = True, leave_out_repeats: bool = True) -> Tensor:
    """Return the regression of places in the sequence, image to text to image plus text to image to text.

    n_i is the soft nearest neighbour of u_i among the v_k, ``beta_ik = softmax_k sim(n_i, u_k)``; mean and variance of
    the places ``s_k = k / T`` under beta give ``(s_i - mean)^2 / variance + 0.001 log variance`` (Med-ST, Section 3.3).

    The part that starts at the images does not change when the texts are paired wrongly, nor that from the texts when
    the images are; neither changes under time reversal. So this loss holds no direction of time.

    Args:
        sequences: images and texts.
        variance_floor: the variance is ``(0.5 / T)^2`` at least; otherwise the published 1e-7 is added to it, with
            which the loss reaches a million where a text repeats.
        leave_out_repeats: studies whose text repeats in the sequence give no term: the way back from their text ends
            between them, rightly. They stay among those that others may find.

    Returns:
        A scalar, the mean over studies that give a term; 0 where there is none.
    """
    asked = sequences.mask & ~sequences.repeated() if leave_out_repeats else sequences.mask  # (B, T)
    both = (sequences, sequences.swapped())
    return torch.stack([_one_way(one, asked, variance_floor) for one in both]).sum()


def _one_way(sequences: Sequences, asked: Tensor, variance_floor: bool) -> Tensor:
    places, steps = _places(sequences.mask, sequences.image)  # (B, T), (B, 1)
    there = torch.softmax(similarity(sequences.image, sequences.text, sequences.mask), dim=2)  # (B, T, T)
    neighbour = there @ sequences.text  # (B, T, 128)
    back = torch.softmax(similarity(neighbour, sequences.image, sequences.mask), dim=2)  # (B, T, T)
    mean = (back * places[:, None]).sum(dim=2)  # (B, T)
    variance = (back * (places[:, None] - mean[:, :, None]).square()).sum(dim=2)  # (B, T)
    if variance_floor:
        variance = torch.maximum(variance, (FLOOR_STEPS / steps).square())
    else:
        variance = variance + PUBLISHED_EPSILON
    each = (places - mean).square() / variance + LOG_VARIANCE_WEIGHT * variance.log()  # (B, T)
    return torch.where(asked, each, 0.0).sum() / asked.sum().clamp(min=1)


def _places(mask: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    """Return ``k / T``, (B, T), and the sequences' own T, (B, 1)."""
    steps = mask.sum(dim=1, keepdim=True).clamp(min=1).to(like.dtype)
    return torch.arange(mask.shape[1], dtype=like.dtype, device=like.device) / steps, steps
