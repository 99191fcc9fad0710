"""Texts as word pieces, with the word that each piece belongs to."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.extras import import_extra

EXTRA = "medst"
LONGEST = 112
"""Word pieces of a text, as published; what is longer is cut."""


class SentenceTokenizer:
    """A fast Hugging Face tokenizer, kept as the JSON that a checkpoint can carry.

    Args:
        document: what :meth:`to_json` gave.
        longest: word pieces of a text at most, with the two special ones.
    """

    def __init__(self, document: str, longest: int = LONGEST) -> None:
        self._tokenizer: Any = import_extra("tokenizers", EXTRA).Tokenizer.from_str(document)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(longest)
        self.pad_id = int(self._tokenizer.token_to_id("[PAD]") or 0)

    @classmethod
    def from_folder(cls, folder: str | Path) -> SentenceTokenizer:
        """Read the tokenizer of a local model folder.

        Raises:
            BundleError: no such folder, no fast tokenizer in it, or one that knows no word.
        """
        if not Path(folder).is_dir():
            raise BundleError(f"there is no folder {folder}", record="text model", remedy="Name a local model folder.")
        auto = import_extra("transformers", EXTRA).AutoTokenizer
        loaded = auto.from_pretrained(str(folder), local_files_only=True)
        backend = getattr(loaded, "backend_tokenizer", None)
        if backend is None:
            raise BundleError("has no fast tokenizer", record=str(folder), remedy="It needs a tokenizer.json.")
        made = cls(backend.to_str())
        pieces = made._tokenizer.encode("nodule grown", add_special_tokens=False).tokens
        if set(pieces) == {"[UNK]"}:
            raise BundleError("its tokenizer knows no word", record=str(folder), remedy="Check its tokenizer.json.")
        return made

    @property
    def size(self) -> int:
        """Number of word pieces that it knows."""
        return int(self._tokenizer.get_vocab_size())

    def to_json(self) -> str:
        """Return all there is to it."""
        return str(self._tokenizer.to_str())

    def encode(self, texts: Sequence[str]) -> dict[str, Tensor]:
        """Return ``token_ids``, ``token_mask`` and ``word_index`` of N texts, (N, L) each; -1 is no word."""
        encodings = self._tokenizer.encode_batch(list(texts))
        shape = (len(encodings), max(len(encoding.ids) for encoding in encodings))
        ids, words = torch.full(shape, self.pad_id), torch.full(shape, -1)
        mask = torch.zeros(shape, dtype=torch.bool)
        for row, encoding in enumerate(encodings):
            count = len(encoding.ids)
            ids[row, :count] = torch.tensor(encoding.ids)
            mask[row, :count] = True
            words[row, :count] = torch.tensor([-1 if word is None else word for word in encoding.word_ids])
        return {"token_ids": ids, "token_mask": mask, "word_index": words}


def text_groups(token_ids: Tensor, token_mask: Tensor) -> Tensor:
    """Return a number for each text, (N,) int64, that is the same for texts which the model cannot tell apart.

    It is the same on every rank: 63 bits of the SHA-256 of the word pieces. Texts that differ in what the tokenizer
    drops, or after the last piece that it keeps, are equal.
    """
    pieces = [ids[mask].tolist() for ids, mask in zip(token_ids, token_mask, strict=True)]
    digests = [hashlib.sha256(repr(ids).encode()).digest()[:8] for ids in pieces]
    return torch.tensor([int.from_bytes(digest, "big") >> 1 for digest in digests])
