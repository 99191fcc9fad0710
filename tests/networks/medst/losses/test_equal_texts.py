import math

import torch
from torch.nn import functional as F

from csfnet_bundle.networks.medst.losses.equal_texts import match_loss


def test_with_one_right_answer_it_is_the_cross_entropy() -> None:
    scores, right = torch.randn(5, 7), torch.tensor([0, 6, 3, 3, 1])
    expected = F.cross_entropy(scores, right, reduction="none")
    torch.testing.assert_close(match_loss(scores, F.one_hot(right, 7) > 0), expected)


def test_with_two_right_answers_both_count_the_same() -> None:
    scores = torch.tensor([[2.0, 0.0, 1.0]])
    total = math.exp(2) + 1 + math.exp(1)
    expected = -(math.log(math.exp(2) / total) + math.log(1 / total)) / 2
    assert abs(float(match_loss(scores, torch.tensor([[True, True, False]]))) - expected) < 1e-5


def test_a_column_that_is_no_candidate_changes_nothing() -> None:
    scores = torch.tensor([[2.0, 0.0, -torch.inf]], requires_grad=True)
    loss = match_loss(scores, torch.tensor([[True, False, False]]))
    assert abs(loss.item() - math.log(1 + math.exp(-2))) < 1e-6
    loss.sum().backward()
    assert torch.isfinite(scores.grad).all()
