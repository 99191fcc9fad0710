import pytest
import torch
from torch.nn import functional as F

from csfnet_bundle.networks.medst.view_experts import ViewExperts, view_expert_block

WIDTH, EACH, VIEWS = 12, 5, 3


@pytest.mark.parametrize("shared_class_token", [False, True])
def test_each_view_has_its_expert(shared_class_token: bool) -> None:
    first = int(shared_class_token)
    experts = ViewExperts(WIDTH, VIEWS, False, shared_class_token)
    tokens = torch.rand(2, first + VIEWS * EACH, WIDTH)
    answers = experts(tokens)
    for place in range(tokens.shape[1]):
        view = max(place - first, 0) // EACH
        torch.testing.assert_close(answers[:, place], experts.experts[view](tokens[:, place : place + 1])[:, 0])


def test_a_shared_expert_is_one() -> None:
    experts = ViewExperts(WIDTH, VIEWS, True, False)
    assert len(experts.experts) == 1
    tokens = torch.rand(2, VIEWS * EACH, WIDTH)
    torch.testing.assert_close(experts(tokens), experts.experts[0](tokens))


def test_the_block_is_attention_then_experts() -> None:
    block = view_expert_block(WIDTH, 2, VIEWS, shared_experts=False, shared_class_token=False)
    tokens = torch.rand(2, VIEWS * EACH, WIDTH)
    keys = torch.rand(2, 1, 1, VIEWS * EACH) > 0.3
    query, key, value = (
        part.unflatten(2, (2, -1)).transpose(1, 2) for part in block.attn.qkv(block.norm1(tokens)).chunk(3, dim=2)
    )
    scores = (query @ key.transpose(2, 3) / (WIDTH // 2) ** 0.5).masked_fill(~keys, -torch.inf)
    attended = tokens + block.attn.out_proj((scores.softmax(dim=3) @ value).transpose(1, 2).flatten(2))
    torch.testing.assert_close(block(tokens, attn_mask=keys), attended + block.mlp(attended))


def test_every_parameter_is_used() -> None:
    """Unused ones would stop a training on several GPUs."""
    block = view_expert_block(WIDTH, 2, VIEWS, shared_experts=False, shared_class_token=True)
    tokens = torch.rand(2, 1 + VIEWS * EACH, WIDTH)
    F.mse_loss(block(tokens, attn_mask=torch.ones(2, 1, 1, 1 + VIEWS * EACH) > 0), tokens).backward()
    assert [name for name, parameter in block.named_parameters() if parameter.grad is None] == []
