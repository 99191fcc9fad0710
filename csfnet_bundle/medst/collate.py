"""Windows to a batch: one row a study, with its sequence and its place in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import torch
from torch import Tensor

from csfnet_bundle.medst.tokenizer import SentenceTokenizer, text_groups

Batch = dict[str, Tensor]


class CollateWindows:
    """Joins windows of any lengths.

    Args:
        tokenizer: of the text model.
        changes: also give the sentences of the changes, which the direction term needs.
    """

    def __init__(self, tokenizer: SentenceTokenizer, changes: bool = False) -> None:
        self.tokenizer = tokenizer
        self.changes = changes

    def __call__(self, records: Sequence[Mapping[str, Any]]) -> Batch:
        """Return the batch of N studies in B windows.

        ``views`` (N, V, 3, S, S), ``view_present`` (N, V), ``token_ids``, ``token_mask`` and ``word_index`` (N, L),
        ``sequence``, ``position`` and ``text_group`` (N,); with ``changes`` also ``change_*`` and ``reversed_*``
        (N, L), and ``change_known`` (N,) bool, False on first studies and where no sentence tells the change.
        """
        lengths = [len(record["texts"]) for record in records]
        texts = list(chain.from_iterable(record["texts"] for record in records))
        tokens = self.tokenizer.encode(texts)
        batch = {
            "views": torch.cat([record["views"] for record in records]),
            "view_present": torch.cat([record["view_present"] for record in records]),
            **tokens,
            "sequence": torch.arange(len(records)).repeat_interleave(torch.tensor(lengths)),
            "position": torch.cat([torch.arange(length) for length in lengths]),
            "text_group": text_groups(tokens["token_ids"], tokens["token_mask"]),
        }
        return {**batch, **self._changes(records)} if self.changes else batch

    def _changes(self, records: Sequence[Mapping[str, Any]]) -> Batch:
        kinds = {kind: list(chain.from_iterable(record[f"{kind}_texts"] for record in records)) for kind in _KINDS}
        known = [bool(change and back) for change, back in zip(*kinds.values(), strict=True)]
        # Both kinds in one call: the direction term wants them of one length.
        tokens = self.tokenizer.encode([*kinds["change"], *kinds["reversed"]])
        halves = {
            f"{kind}_{name}": half
            for name, both in tokens.items()
            for kind, half in zip(_KINDS, both.chunk(2), strict=True)
        }
        return {**halves, "change_known": torch.tensor(known)}


_KINDS = ("change", "reversed")
