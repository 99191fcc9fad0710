"""MoVE, the mixture of view experts: attention over the tokens of all views, then a feed-forward network for each view.

Source: Med-ST (arXiv 2405.19654), Section 3.1; the block is MONAI's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from monai.networks.blocks import TransformerBlock

MLP_RATIO = 4  # width of a feed-forward network over that of the tokens (ViT)


class ViewExperts(nn.Module):
    """LayerNorm and feed-forward network of each view, applied to that view's tokens.

    Args:
        width: of the tokens.
        views: number of views.
        shared_experts: one expert serves all views.
        shared_class_token: the tokens start with one class token for all views, which the first expert takes [G];
            otherwise each view's tokens start with a class token of its own.
    """

    def __init__(self, width: int, views: int, shared_experts: bool, shared_class_token: bool) -> None:
        super().__init__()
        from monai.networks.blocks import MLPBlock  # other networks are used without MONAI

        self.views = views
        self.shared_class_tokens = 1 if shared_class_token else 0
        self.experts = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), MLPBlock(width, MLP_RATIO * width))
            for _ in range(1 if shared_experts else views)
        )

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (N, L, width), every view with as many tokens and one view after the other, to the same shape."""
        if len(self.experts) == 1:
            return self.experts[0](tokens)
        each = (tokens.shape[1] - self.shared_class_tokens) // self.views
        answers: list[Tensor] = []
        start = 0
        for view, expert in enumerate(self.experts):
            end = self.shared_class_tokens + (view + 1) * each
            answers.append(expert(tokens[:, start:end]))
            start = end
        return torch.cat(answers, dim=1)


def view_expert_block(
    width: int, heads: int, views: int, *, shared_experts: bool, shared_class_token: bool
) -> TransformerBlock:
    """Return MONAI's pre-norm transformer block with view experts for its feed-forward network.

    Args:
        width: of the tokens.
        heads: of the attention, which all views share.
        views: number of views.
        shared_experts: see :class:`ViewExperts`.
        shared_class_token: see :class:`ViewExperts`.

    Returns:
        A block from (N, L, width) to (N, L, width); its ``attn_mask`` is (N, 1, 1, L), True on the keys that count.
    """
    from monai.networks.blocks import TransformerBlock

    # Flash attention would drop weights in evaluation too, were there dropout; there is none.
    block = TransformerBlock(width, MLP_RATIO * width, heads, qkv_bias=True, use_flash_attention=True)
    block.norm2 = nn.Identity()  # type: ignore[assignment]  # every expert has its own
    block.norm_cross_attn = nn.Identity()  # type: ignore[assignment]  # its parameters would get no gradient: there is no cross-attention
    block.mlp = ViewExperts(width, views, shared_experts, shared_class_token)  # type: ignore[assignment]
    return block
