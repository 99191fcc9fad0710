"""Random vectors and sequences for the losses."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from csfnet_bundle.networks.medst.losses.temporal import Sequences, sort_into_sequences


def make_unit(*shape: int) -> Tensor:
    return F.normalize(torch.randn(*shape, 128), dim=-1)


@pytest.fixture
def unit() -> Callable[..., Tensor]:
    return make_unit


def make_sequences(image: Tensor, text: Tensor, lengths: list[int], groups: list[int] | None = None) -> Sequences:
    """Sort rows that stand in order of sequence and place."""
    sequence = torch.tensor([number for number, length in enumerate(lengths) for _ in range(length)])
    position = torch.tensor([place for length in lengths for place in range(length)])
    group = torch.arange(len(image)) if groups is None else torch.tensor(groups)
    return sort_into_sequences(image, text, group, sequence, position)


@pytest.fixture
def sort() -> Callable[..., Sequences]:
    return make_sequences
