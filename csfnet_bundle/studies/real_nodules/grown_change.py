"""What the follow-up part makes of real nodules that were made to grow: its fit, and a measurement.

Growth that we drew is no evidence for patients. It tells whether the part sees a change in real texture as it does in
phantoms; what a change means for malignancy, such pairs cannot tell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor
from torch.nn import functional as F

from csfnet_bundle.networks.nodule_follow_up import ChangeTerm
from csfnet_bundle.studies.real_nodules.targets import DESCRIPTIONS

STEPS = 400
LEARNING_RATE = 3e-3
WEIGHT_DECAY = 0.1
"""The term is fitted on pairs of one generator: decay keeps it smooth. Phantoms have the same three settings."""


@dataclass(frozen=True)
class ReadGrown:
    """What the encoder makes of pairs of grown nodules.

    Attributes:
        before: descriptions of t0, (N, F).
        now: descriptions of t1, (N, F).
        log_ratio: natural logarithm of t1's volume over t0's, (N,); exactly 0 where nothing was changed.
    """

    before: Tensor
    now: Tensor
    log_ratio: NDArray[np.float64]


def regress_change(term: ChangeTerm, grown: ReadGrown) -> None:
    """Fit a term in place so that its log odds are the log of the volumes' ratio, by the smooth L1 loss.

    Args:
        term: its spread is set already, and stays.
        grown: the pairs.
    """
    target = torch.tensor(grown.log_ratio, dtype=torch.float32)
    optimizer = torch.optim.AdamW(term.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    for _ in range(STEPS):
        optimizer.zero_grad()
        F.smooth_l1_loss(term(grown.before, grown.now), target).backward()
        optimizer.step()


@torch.no_grad()
def judge_grown(term: ChangeTerm, grown: ReadGrown) -> dict[str, Any]:
    """Return how a term follows the drawn change.

    Returns:
        ``pairs`` and ``unchanged_pairs``; ``rank_correlation``: Spearman's, of the log odds and the log of the ratio,
        NaN where either is the same for all pairs; ``read_volume``: the same of the change of volume that the encoder
        reads off the scans, whatever the term is fitted on; ``unchanged``: standard deviation of the log odds over
        pairs in which nothing was changed, NaN where there is none.
    """
    odds = term(grown.before, grown.now).double().numpy()
    volume = (grown.now - grown.before)[:, DESCRIPTIONS.index("log_volume")].double().numpy()
    same = grown.log_ratio == 0
    return {
        "pairs": len(odds),
        "unchanged_pairs": int(same.sum()),
        "rank_correlation": rank_correlation(odds, grown.log_ratio),
        "read_volume": rank_correlation(volume, grown.log_ratio),
        "unchanged": float(odds[same].std()) if same.any() else math.nan,
    }


def rank_correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return Spearman's rank correlation of two rows, (N,) each; NaN where either is the same throughout."""
    if len(first) < 2 or not np.ptp(first) or not np.ptp(second):
        return math.nan
    return float(stats.spearmanr(first, second).statistic)
