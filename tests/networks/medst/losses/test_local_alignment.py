import math
from collections.abc import Callable

import torch

from csfnet_bundle.networks.medst.losses.local_alignment import local_alignment


def test_against_a_loop(unit: Callable) -> None:
    tokens, context = unit(2, 4), unit(2, 4)
    mask = torch.tensor([[True, True, True, False], [True, False, True, False]])
    weights = torch.rand(2, 4) * mask
    weights = weights / weights.sum(dim=1, keepdim=True)
    total = 0.0
    for study in range(2):
        counting = [i for i in range(4) if mask[study, i]]
        scores = {(i, j): float(tokens[study, i] @ context[study, j]) / 0.1 for i in counting for j in counting}
        for i in counting:
            row = math.log(sum(math.exp(scores[i, j]) for j in counting)) - scores[i, i]
            column = math.log(sum(math.exp(scores[j, i]) for j in counting)) - scores[i, i]
            total += float(weights[study, i]) * (row + column) / 2 / 2
    assert abs(float(local_alignment(tokens, context, weights, mask)) - total) < 1e-4


def test_a_worked_example() -> None:
    """Two words at right angles, each with its own context: half the sum of twice log(1 + exp(-10))."""
    words = torch.eye(2, 128).unsqueeze(0)
    loss = local_alignment(words, words, torch.full((1, 2), 0.5), torch.ones(1, 2) > 0)
    assert abs(float(loss) - math.log1p(math.exp(-10))) < 1e-6


def test_what_does_not_count_is_no_negative(unit: Callable) -> None:
    tokens, context, mask = unit(1, 4), unit(1, 4).requires_grad_(), torch.tensor([[True, True, True, False]])
    weights = mask / 3
    other = tokens.clone()
    other[0, 3] = unit(1)[0]
    loss = local_alignment(tokens, context, weights, mask)
    torch.testing.assert_close(loss, local_alignment(other, context, weights, mask), rtol=0, atol=0)
    loss.backward()
    assert not context.grad[0, 3].any()


def test_studies_without_tokens_leave_the_mean(unit: Callable) -> None:
    tokens, context = unit(2, 3), unit(2, 3)
    mask = torch.tensor([[True, True, True], [False, False, False]])
    both = local_alignment(tokens, context, mask / 3, mask)
    torch.testing.assert_close(both, local_alignment(tokens[:1], context[:1], mask[:1] / 3, mask[:1]))
    assert float(local_alignment(tokens[1:], context[1:], mask[1:] / 3, mask[1:])) == 0
