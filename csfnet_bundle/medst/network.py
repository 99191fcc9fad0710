"""Med-ST's network made from plain values, so that a config writes them and a checkpoint carries them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst.text_models import create_text_model
from csfnet_bundle.networks.medst import EncoderSettings, ImageEncoder, MedST, TextEncoder
from csfnet_bundle.networks.network import Plain

FORMER_POOLING = "first"
"""What a checkpoint that does not tell it has."""


class PretrainingNetwork(MedST):
    """The encoders of images and texts, with all that says how they were made.

    Attributes:
        must_agree: what has to be the same in a pre-training that this one starts from, with what one means that does
            not tell it.

    Args:
        text_config: the text model's config, from :func:`csfnet_bundle.medst.text_config`.
        text_weights: where its weights come from; None leaves them random, as for a checkpoint that brings its own.
        weighting: of words and patches in the local loss, ``"modality"`` or ``"uniform"``.
        freeze: encoders that are not trained.
        freeze_word_pieces: leave the text model's embeddings of word pieces as they are: most of a short model's
            weights, and sentences from a record use few of them.
        text_pooling: what stands for a text, see :class:`csfnet_bundle.networks.medst.TextEncoder`.
        encoder: of the images, see :class:`csfnet_bundle.networks.medst.EncoderSettings`: size, views and switches.

    Raises:
        BundleError: a value that no such network has.
    """

    must_agree: ClassVar[Mapping[str, Plain]] = {**EncoderSettings.former_values(), "text_pooling": FORMER_POOLING}

    def __init__(
        self,
        text_config: Mapping[str, Any],
        text_weights: str | None = None,
        weighting: str = "modality",
        freeze: Sequence[str] = (),
        freeze_word_pieces: bool = False,
        text_pooling: str = FORMER_POOLING,
        **encoder: Any,
    ) -> None:
        try:
            settings = EncoderSettings(**encoder)
            model = create_text_model(text_config, text_weights)
            super().__init__(
                ImageEncoder(settings),
                TextEncoder(model, int(model.config.hidden_size), text_pooling),  # type: ignore[union-attr, arg-type]
                settings.shape.projection,
                weighting,
                freeze,
            )
        except ValueError as error:
            raise BundleError(str(error), record="network_def") from None
        self.encoder_settings = settings
        if freeze_word_pieces:
            model.get_input_embeddings().requires_grad_(False)  # type: ignore[operator]
        self._arguments: dict[str, Any] = {
            "text_config": dict(text_config),
            **settings.to_plain(),
            "weighting": weighting,
            "freeze": list(freeze),
            "freeze_word_pieces": freeze_word_pieces,
            "text_pooling": text_pooling,
        }

    def untrained_encoder(self, seed: int) -> ImageEncoder:
        """Return a random image encoder of the same shape, in evaluation mode; the random state outside stays."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return ImageEncoder(self.encoder_settings).eval()

    def architecture(self) -> dict[str, Any]:
        """Return the arguments that make the same network again, plain values; its weights come from a checkpoint."""
        return dict(self._arguments)
