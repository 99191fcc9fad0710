"""Studies of a batch, sorted into their sequences."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

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
