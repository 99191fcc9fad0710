"""Cross-entropy where more than one answer is right, since equal texts cannot be told apart."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


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
