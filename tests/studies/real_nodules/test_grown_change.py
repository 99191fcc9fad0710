"""The follow-up part and grown nodules."""

import math

import numpy as np
import pytest
import torch

from csfnet_bundle.networks.nodule_follow_up import ChangeTerm
from csfnet_bundle.studies.real_nodules.grown_change import ReadGrown, judge_grown, rank_correlation, regress_change
from csfnet_bundle.studies.real_nodules.targets import DESCRIPTIONS

PAIRS = 200


@pytest.fixture
def grown() -> ReadGrown:
    """Descriptions whose volume follows the drawn ratio; in a fifth nothing was changed."""
    torch.manual_seed(0)
    before = torch.randn(PAIRS, len(DESCRIPTIONS))
    ratio = np.random.default_rng(0).uniform(-0.7, 1.4, PAIRS)
    ratio[: PAIRS // 5] = 0.0
    now = before + 0.05 * torch.randn(before.shape)
    now[:, DESCRIPTIONS.index("log_volume")] += torch.tensor(ratio, dtype=torch.float32)
    return ReadGrown(before, now, ratio)


def test_a_term_learns_the_drawn_change_and_keeps_its_spread(grown: ReadGrown) -> None:
    term = ChangeTerm()
    term.spread.fill_(0.8)
    regress_change(term, grown)
    judged = judge_grown(term, grown)
    assert judged["rank_correlation"] > 0.9
    assert judged["read_volume"] > 0.9
    assert judged["unchanged"] < 0.3
    assert (judged["pairs"], judged["unchanged_pairs"]) == (PAIRS, PAIRS // 5)
    assert (term.spread == 0.8).all()


def test_what_never_varies_has_no_rank_correlation() -> None:
    assert math.isnan(rank_correlation(np.ones(4), np.arange(4.0)))
    assert rank_correlation(np.arange(4.0), np.arange(4.0) ** 3) == pytest.approx(1)
