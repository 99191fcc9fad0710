import math

import pytest
import torch
from torch.nn import functional as F

from csfnet_bundle.networks.medst.cross_attention import TokenWeights, UniformWeights, attention, create_weighting


def unit(*shape: int) -> torch.Tensor:
    return F.normalize(torch.randn(*shape, 128), dim=-1)


def test_attention_against_a_loop() -> None:
    asking, answering = unit(2, 3), unit(2, 4)
    mask = torch.tensor([[True, True, False, True], [False, True, True, False]])
    looks = attention(asking, answering, mask)
    for study in range(2):
        for word in range(3):
            weights = [
                math.exp(float(asking[study, word] @ answering[study, patch]) / 0.1) if mask[study, patch] else 0.0
                for patch in range(4)
            ]
            expected = torch.tensor(weights) / sum(weights)
            torch.testing.assert_close(looks[study, word], expected, rtol=1e-4, atol=1e-6)


def test_nothing_answers_where_nothing_counts() -> None:
    looks = attention(unit(1, 2), unit(1, 3), torch.zeros(1, 3) > 0)
    assert not looks.any()


@pytest.mark.parametrize("weighting", ["uniform", "modality"])
def test_weights_are_shares_of_the_tokens_that_count(weighting: str) -> None:
    mask = torch.tensor([[True, True, False], [False, True, False], [False, False, False]])
    weights = create_weighting(weighting)(unit(3, 3), unit(3, 3), mask)
    torch.testing.assert_close(weights.sum(dim=1), torch.tensor([1.0, 1.0, 0.0]))
    assert not weights[~mask].any()


def test_modality_weights_against_a_loop() -> None:
    weighting = TokenWeights()
    tokens, context = unit(1, 4), unit(1, 4)
    mask = torch.tensor([[True, True, True, False]])
    agreement = [F.normalize(tokens[0, i] * context[0, i], dim=0) for i in range(3)]
    query = weighting.query(torch.stack(agreement).mean(dim=0))
    scores = torch.stack([query @ weighting.key(one) / math.sqrt(128) for one in agreement])
    torch.testing.assert_close(weighting(tokens, context, mask)[0, :3], scores.softmax(dim=0))


def test_an_unknown_weighting_is_named() -> None:
    assert isinstance(create_weighting("uniform"), UniformWeights)
    with pytest.raises(ValueError, match="weighting is 'some', expected one of"):
        create_weighting("some")
