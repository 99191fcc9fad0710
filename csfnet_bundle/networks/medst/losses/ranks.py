"""Rows of tensors from all ranks of a training on several GPUs."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed


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
