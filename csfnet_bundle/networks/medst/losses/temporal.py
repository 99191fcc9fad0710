"""The temporal losses of Med-ST on the sequences of a batch: forward and reverse mapping, and the direction of time.

The published two hold no direction of time; the third is this project's optional term for it.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from csfnet_bundle.networks.medst.losses.alignment import GLOBAL_TEMPERATURE, match_loss

TEMPORAL_TEMPERATURE = 0.1


class Sequences(NamedTuple):
    """B sequences of T studies at most.

    Attributes:
        image: (B, T, 128).
        text: (B, T, 128).
        mask: (B, T) bool, True where there is a study.
        equal: (B, T, T) bool, True where two studies of a sequence have equal texts; each equals itself.
    """

    image: Tensor
    text: Tensor
    mask: Tensor
    equal: Tensor

    def repeated(self) -> Tensor:
        """Return (B, T), True on studies whose text another study of the sequence has too."""
        return self.equal.sum(dim=2) > 1

    def swapped(self) -> Sequences:
        """Return the same sequences with image and text exchanged."""
        return Sequences(self.text, self.image, self.mask, self.equal)

    def select(self, chosen: Tensor) -> Sequences:
        """Return the sequences that (B,) bool chooses."""
        return Sequences(*(part[chosen] for part in self))


def sort_into_sequences(
    image: Tensor, text: Tensor, text_group: Tensor, sequence: Tensor, position: Tensor
) -> Sequences:
    """Sort studies into their sequences.

    Args:
        image: (N, 128).
        text: (N, 128).
        text_group: (N,) int64, equal numbers for equal texts.
        sequence: (N,) int64, the number of the study's sequence, from 0.
        position: (N,) int64, the study's place in it, from 0 without gaps.
    """
    rows, longest = int(sequence.max()) + 1, int(position.max()) + 1
    mask = torch.zeros(rows, longest, dtype=torch.bool, device=image.device)
    mask[sequence, position] = True
    images, texts = (part.new_zeros(rows, longest, part.shape[1]) for part in (image, text))
    images = images.index_put((sequence, position), image)
    texts = texts.index_put((sequence, position), text)
    groups = text_group.new_zeros(rows, longest)
    groups[sequence, position] = text_group
    equal = (groups[:, :, None] == groups[:, None]) & mask[:, :, None] & mask[:, None]
    return Sequences(images, texts, mask, equal)


def similarity(asking: Tensor, answering: Tensor, mask: Tensor) -> Tensor:
    """Return ``-|x - y|^2 / 0.1`` of all pairs within a sequence (Med-ST, Section 3.3).

    Args:
        asking: (B, T, 128).
        answering: (B, T, 128).
        mask: (B, T) bool, the studies that answer; the others get the lowest number there is.

    Returns:
        (B, T, T).
    """
    squares = asking.square().sum(dim=2)[:, :, None] + answering.square().sum(dim=2)[:, None]  # (B, T, T)
    distances = squares - 2 * asking @ answering.transpose(1, 2)
    return (-distances / TEMPORAL_TEMPERATURE).masked_fill(~mask[:, None], torch.finfo(distances.dtype).min)


def forward_mapping(sequences: Sequences) -> Tensor:
    """Return the cross-entropy of ``softmax_j sim(u_i, v_j)`` at i, images to texts plus texts to images.

    Source: Med-ST, Section 3.3. Studies of a sequence with equal texts are positives of each other. The loss does not
    change when images and texts are shuffled together: it holds no order.

    Returns:
        A scalar, the mean over studies; 0 where there is no sequence.
    """
    both = (sequences, sequences.swapped())
    return torch.stack([_classified_one_way(one) for one in both]).sum()


def _classified_one_way(sequences: Sequences) -> Tensor:
    scores = similarity(sequences.image, sequences.text, sequences.mask)  # (B, T, T)
    losses = match_loss(scores[sequences.mask], sequences.equal[sequences.mask])  # (M,)
    return losses.sum() / max(len(losses), 1)


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
    return torch.stack([_regressed_one_way(one, asked, variance_floor) for one in both]).sum()


def _regressed_one_way(sequences: Sequences, asked: Tensor, variance_floor: bool) -> Tensor:
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
