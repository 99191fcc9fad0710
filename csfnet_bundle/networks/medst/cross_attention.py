"""Words look at patches and patches at words: the local side of Med-ST (Section 3.2, as medst.md words it)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from csfnet_bundle.networks.medst.projection import EMBEDDING_WIDTH

LOCAL_TEMPERATURE = 0.1
WEIGHTINGS = ("uniform", "modality")


def attention(asking: Tensor, answering: Tensor, answering_mask: Tensor) -> Tensor:
    """Return ``a_ik = softmax_k(<w_i, p_k> / 0.1)`` over the tokens that count.

    Args:
        asking: (N, Q, 128), of length 1.
        answering: (N, K, 128), of length 1.
        answering_mask: (N, K) bool.

    Returns:
        (N, Q, K); zeros where a study has nothing that answers.
    """
    scores = asking @ answering.transpose(1, 2) / LOCAL_TEMPERATURE  # (N, Q, K)
    lowest = torch.finfo(scores.dtype).min
    weights = torch.softmax(scores.masked_fill(~answering_mask.unsqueeze(1), lowest), dim=2)
    return weights * answering_mask.unsqueeze(1)


class TokenWeights(nn.Module):
    """How much each word (or patch) counts, from how it goes with what the other modality says of it.

    ``e_i = normalised(w_i * c_i)``; the weights are the row of a one-head attention whose query is the mean of e and
    whose keys are the e_i. As published; that query and key have linear layers is a guess [G].
    """

    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Linear(EMBEDDING_WIDTH, EMBEDDING_WIDTH)
        # A bias would add the same to the scores of all keys.
        self.key = nn.Linear(EMBEDDING_WIDTH, EMBEDDING_WIDTH, bias=False)

    def forward(self, tokens: Tensor, context: Tensor, mask: Tensor) -> Tensor:
        """Return (N, T), the sum over a study's tokens 1.

        Args:
            tokens: (N, T, 128).
            context: (N, T, 128), what the other modality answers each.
            mask: (N, T) bool, the tokens that count.
        """
        agreement = F.normalize(tokens * context, dim=2) * mask.unsqueeze(2)  # (N, T, 128)
        mean = agreement.sum(dim=1, keepdim=True) / mask.sum(dim=1)[:, None, None].clamp(min=1)  # (N, 1, 128)
        scores = (self.query(mean) @ self.key(agreement).transpose(1, 2))[:, 0] / EMBEDDING_WIDTH**0.5  # (N, T)
        weights = torch.softmax(scores.masked_fill(~mask, torch.finfo(scores.dtype).min), dim=1)
        return weights * mask


class UniformWeights(nn.Module):
    """Every word (or patch) counts the same."""

    def forward(self, tokens: Tensor, context: Tensor, mask: Tensor) -> Tensor:
        """Return (N, T), the sum over a study's tokens 1. Arguments as of :meth:`TokenWeights.forward`."""
        return mask / mask.sum(dim=1, keepdim=True).clamp(min=1)


def create_weighting(weighting: str) -> nn.Module:
    """Make the weighting called ``uniform`` or ``modality``.

    Raises:
        ValueError: it is neither of them.
    """
    if weighting not in WEIGHTINGS:
        raise ValueError(f"weighting is {weighting!r}, expected one of {WEIGHTINGS}")
    return UniformWeights() if weighting == "uniform" else TokenWeights()
