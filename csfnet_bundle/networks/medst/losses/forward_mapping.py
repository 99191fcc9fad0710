"""FMC, forward mapping classification: which text of the sequence belongs to an image, and the other way round."""

from __future__ import annotations

import torch
from torch import Tensor

from csfnet_bundle.networks.medst.losses.equal_texts import match_loss
from csfnet_bundle.networks.medst.losses.sequences import Sequences, similarity


def forward_mapping(sequences: Sequences) -> Tensor:
    """Return the cross-entropy of ``softmax_j sim(u_i, v_j)`` at i, images to texts plus texts to images.

    Source: Med-ST, Section 3.3. Studies of a sequence with equal texts are positives of each other. The loss does not
    change when images and texts are shuffled together: it holds no order.

    Returns:
        A scalar, the mean over studies; 0 where there is no sequence.
    """
    both = (sequences, sequences.swapped())
    return torch.stack([_one_way(one) for one in both]).sum()


def _one_way(sequences: Sequences) -> Tensor:
    scores = similarity(sequences.image, sequences.text, sequences.mask)  # (B, T, T)
    losses = match_loss(scores[sequences.mask], sequences.equal[sequences.mask])  # (M,)
    return losses.sum() / max(len(losses), 1)
