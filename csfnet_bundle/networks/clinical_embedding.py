"""Clinical variables, and where asked the interval between the scans, as tokens."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from csfnet_bundle.core.code_book import UNKNOWN, nlst_code_book

CLINICAL_VOCABULARY = nlst_code_book().sizes
"""Number of tokens of each clinical variable of this installation's code book."""
EMBEDDING_WIDTH = 512
TOKEN_WIDTH = 128
DAYS_PER_YEAR = 365.25


class ClinicalEmbedding(nn.Module):
    """One token of 128 for each clinical variable: an embedding of 512, then a linear layer.

    Args:
        vocabulary: number of tokens of each variable, missing and unknown among them.
        use_interval: adds one more token, for the interval between the scans.
    """

    def __init__(self, vocabulary: Sequence[int] = CLINICAL_VOCABULARY, use_interval: bool = False) -> None:
        super().__init__()
        # One table for all variables; a variable's rows start where those of the variables before it end.
        starts = [0, *accumulate(vocabulary)][:-1]
        self.offsets = nn.Buffer(torch.tensor(starts), persistent=False)
        self.sizes = nn.Buffer(torch.tensor(vocabulary), persistent=False)
        self.unknown = UNKNOWN
        self.table = nn.Embedding(sum(vocabulary), EMBEDDING_WIDTH)
        self.interval = IntervalEmbedding() if use_interval else None
        self.projection = nn.Linear(EMBEDDING_WIDTH, TOKEN_WIDTH)

    def forward(self, clinical: Tensor | None, interval_days: Tensor | None, batch: int) -> Tensor:
        """Make the tokens of a batch.

        Args:
            clinical: (B, V) int64, each variable's token; None means all missing. A token that the variable does not
                have counts as unknown: it would else read a row of the next variable.
            interval_days: (B,) days from t0 to t1, NaN where missing; None means all missing.
            batch: B, for when both are None.

        Returns:
            (B, V, 128), or (B, V + 1, 128) with the interval.

        Raises:
            ValueError: another number of variables.
        """
        if clinical is None:
            rows = self.offsets.expand(batch, -1)  # (B, V)
        else:
            if clinical.shape[1] != self.offsets.shape[0]:
                raise ValueError(f"{clinical.shape[1]} clinical variables, expected {self.offsets.shape[0]}")
            known = (clinical >= 0) & (clinical < self.sizes)  # (B, V)
            rows = torch.where(known, clinical, torch.full_like(clinical, self.unknown)) + self.offsets  # (B, V)
        tokens = self.table(rows)  # (B, V, 512)
        if self.interval is not None:
            tokens = torch.cat([tokens, self.interval(interval_days, batch)], dim=1)  # (B, V + 1, 512)
        return self.projection(tokens)


class IntervalEmbedding(nn.Module):
    """The days between the scans as one token: a line in ``log(1 + years)``; a learned token where missing."""

    def __init__(self) -> None:
        super().__init__()
        self.days_per_year = DAYS_PER_YEAR
        self.line = nn.Linear(1, EMBEDDING_WIDTH)
        self.missing = nn.Parameter(torch.randn(EMBEDDING_WIDTH))  # as nn.Embedding starts

    def forward(self, interval_days: Tensor | None, batch: int) -> Tensor:
        """Map (B,) days, NaN or None where missing, to (B, 1, 512)."""
        if interval_days is None:
            return self.missing.expand(batch, 1, -1)
        known = torch.isfinite(interval_days)[:, None]  # (B, 1)
        years = torch.nan_to_num(interval_days)[:, None] / self.days_per_year  # (B, 1); finite, or its gradient is NaN
        token = torch.where(known, self.line(torch.log1p(F.relu(years)).to(self.missing.dtype)), self.missing)
        return token.unsqueeze(1)  # (B, 1, 512)
