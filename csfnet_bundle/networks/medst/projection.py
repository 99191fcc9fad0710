"""The heads of Med-ST, from a token of either encoder to the space that both share."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EMBEDDING_WIDTH = 128


class ProjectionHead(nn.Module):
    """Linear, BatchNorm, ReLU, Linear, BatchNorm; the result has length 1 (Med-ST, Section 3.2).

    The normalisations' statistics are those of the tokens that count, without absent views and padding words.

    Args:
        in_features: width of the encoder's tokens.
        hidden: width between the layers (2048 in the paper).
    """

    def __init__(self, in_features: int, hidden: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            # The normalisations take the biases out again.
            nn.Linear(in_features, hidden, bias=False),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Linear(hidden, EMBEDDING_WIDTH, bias=False),
            nn.BatchNorm1d(EMBEDDING_WIDTH),
        )

    def forward(self, vectors: Tensor) -> Tensor:
        """Map (N, in_features) to (N, 128), each of length 1."""
        return F.normalize(self.layers(vectors), dim=1)

    def tokens(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Map (N, T, in_features) to (N, T, 128); zeros where the mask (N, T) is False."""
        projected = self(tokens[mask])  # (M, 128)
        empty = torch.zeros(*mask.shape, EMBEDDING_WIDTH, dtype=projected.dtype, device=projected.device)
        return empty.masked_scatter(mask.unsqueeze(2), projected)
