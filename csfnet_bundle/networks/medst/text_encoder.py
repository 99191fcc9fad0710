"""The text encoder of Med-ST: any language model, its word pieces summed to words."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

POOLINGS = ("first", "mean")
LENGTH_GROUPS = 3
"""Of a batch's texts. Of 30 texts a third of all tokens is padding; in three groups they take a quarter less time, in
five as long as in three."""


class TextTokens(NamedTuple):
    """What the encoder makes of N texts with W words at most.

    Attributes:
        text: (N, C), the last hidden state of the first token (CLS), or the mean over all tokens.
        words: (N, W, C), zeros where ``mask`` is False.
        mask: (N, W) bool, True on words.
    """

    text: Tensor
    words: Tensor
    mask: Tensor


class TextEncoder(nn.Module):
    """A language model that is given, and words as the sums of their pieces.

    Args:
        model: called as ``model(input_ids=(N, L) int64, attention_mask=(N, L))``; its answer has
            ``last_hidden_state`` (N, L, C), as Hugging Face's models have.
        width: C.
        pooling: what stands for the whole text: ``"first"`` token, as published, or ``"mean"`` of all tokens, as models
            of sentences are trained. The first token of such a model, or of a model's first layers, tells next to
            nothing of the text.

    Raises:
        ValueError: there is no such pooling.
    """

    def __init__(self, model: nn.Module, width: int, pooling: str = "first") -> None:
        super().__init__()
        if pooling not in POOLINGS:
            raise ValueError(f"text_pooling is {pooling!r}, expected one of {POOLINGS}")
        self.model = model
        self.width = width
        self.pooling = pooling

    def forward(self, token_ids: Tensor, token_mask: Tensor, word_index: Tensor) -> TextTokens:
        """Encode N texts of L word pieces.

        Args:
            token_ids: (N, L) int64.
            token_mask: (N, L) bool, False on padding.
            word_index: (N, L) int64, the number of the piece's word; -1 on special tokens and padding.
        """
        # Whole batches are often padded further than any of their texts is long.
        longest = int(token_mask.sum(dim=1).max())
        token_ids, token_mask, word_index = (part[:, :longest] for part in (token_ids, token_mask, word_index))
        pieces = self._pieces(token_ids, token_mask)  # (N, L, C)
        words = int(word_index.max()) + 1
        belongs = word_index.unsqueeze(1) == torch.arange(words, device=word_index.device)[:, None]  # (N, W, L)
        if self.pooling == "first":
            text = pieces[:, 0]  # (N, C)
        else:
            share = token_mask / token_mask.sum(dim=1, keepdim=True)  # (N, L)
            text = (share.unsqueeze(1) @ pieces)[:, 0]  # (N, C)
        return TextTokens(text, belongs.to(pieces.dtype) @ pieces, belongs.any(dim=2))

    def _pieces(self, token_ids: Tensor, token_mask: Tensor) -> Tensor:
        """Return the language model's answer (N, L, C); zeros on padding.

        Texts of like lengths go through it together, so that little of the work is done on padding.
        """
        longest = token_mask.shape[1]
        order = token_mask.sum(dim=1).argsort()  # (N,)
        chunks = []
        for texts in order.chunk(LENGTH_GROUPS):
            ids, mask = token_ids[texts], token_mask[texts]  # (n, L)
            length = max(1, int(mask.sum(dim=1).max()))
            told = self.model(input_ids=ids[:, :length], attention_mask=mask[:, :length].long()).last_hidden_state
            told = told * mask[:, :length, None]  # (n, l, C)
            chunks.append(F.pad(told, (0, 0, 0, longest - length)))  # (n, L, C)
        return torch.cat(chunks)[order.argsort()]
