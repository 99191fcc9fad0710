"""The direction of time, which the published temporal loss does not hold: this project's optional term."""

from __future__ import annotations

import torch
from torch import Tensor

from csfnet_bundle.networks.medst.losses.equal_texts import match_loss
from csfnet_bundle.networks.medst.losses.global_alignment import GLOBAL_TEMPERATURE


def direction_alignment(change: Tensor, sentence: Tensor, reversed_sentence: Tensor, group: Tensor) -> Tensor:
    """Return the cross-entropy of a change of the image against the sentences on all changes and all reversed ones.

    The change ``d = z_t - z_(t-1)`` should find its own sentence, and ``-d`` the sentence of the reversed pair; either
    is the other's hard negative. Equal sentences are positives of each other: where the reversed sentence is the same
    (nothing changed), a pair says nothing on direction. The difference is not brought to length 1, as that of two
    equal images has no direction.

    Args:
        change: (M, 128), differences of consecutive image embeddings.
        sentence: (M, 128), of length 1.
        reversed_sentence: (M, 128), of length 1.
        group: (2 M,) int64, equal numbers for equal sentences: of the changes, then of the reversed ones.

    Returns:
        A scalar, the mean over changes and reversed changes; 0 where there is none.
    """
    asking = torch.cat([change, -change])  # (2 M, 128)
    answering = torch.cat([sentence, reversed_sentence])  # (2 M, 128)
    losses = match_loss(asking @ answering.T / GLOBAL_TEMPERATURE, group[:, None] == group[None])  # (2 M,)
    return losses.sum() / max(len(losses), 1)
