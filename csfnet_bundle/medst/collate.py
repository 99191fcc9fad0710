"""Windows to a batch: one row a study, with its sequence and its place in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import torch
from torch import Tensor

from csfnet_bundle.errors import BundleError
from csfnet_bundle.medst.tokenizer import SentenceTokenizer, text_group

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
        (N, L).

        Raises:
            BundleError: the change of a later study is not known, and the direction term needs it.
        """
        lengths = [len(record["texts"]) for record in records]
        texts = list(chain.from_iterable(record["texts"] for record in records))
        batch = {
            "views": torch.cat([record["views"] for record in records]),
            "view_present": torch.cat([record["view_present"] for record in records]),
            **self.tokenizer.encode(texts),
            "sequence": torch.arange(len(records)).repeat_interleave(torch.tensor(lengths)),
            "position": torch.cat([torch.arange(length) for length in lengths]),
            "text_group": torch.tensor([text_group(text) for text in texts]),
        }
        return {**batch, **self._changes(records)} if self.changes else batch

    def _changes(self, records: Sequence[Mapping[str, Any]]) -> Batch:
        kinds = {kind: list(chain.from_iterable(record[f"{kind}_texts"] for record in records)) for kind in _KINDS}
        if not all(text for record in records for kind in _KINDS for text in record[f"{kind}_texts"][1:]):
            raise BundleError(
                "the direction term needs a sentence of every change, and a study has none",
                record="direction_weight",
                remedy="Set it to 0, use order ordered or reversed, or leave out studies without two diameters.",
            )
        # Both kinds in one call: the direction term wants them of one length.
        tokens = self.tokenizer.encode([*kinds["change"], *kinds["reversed"]])
        return {
            f"{kind}_{name}": half
            for name, both in tokens.items()
            for kind, half in zip(_KINDS, both.chunk(2), strict=True)
        }


_KINDS = ("change", "reversed")
