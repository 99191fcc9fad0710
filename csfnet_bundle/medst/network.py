"""Med-ST's network made from plain values, so that a config writes them and a checkpoint carries them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst.text_models import create_text_model
from csfnet_bundle.networks.medst import SIZES, ImageEncoder, MedST, TextEncoder, create_image_encoder


class PretrainingNetwork(MedST):
    """The encoders of images and texts, with all that says how they were made.

    Attributes:
        must_agree: what has to be the same in a pre-training that this one starts from.

    Args:
        text_config: the text model's config, from :func:`csfnet_bundle.medst.text_config`.
        text_weights: where its weights come from; None leaves them random, as for a checkpoint that brings its own.
        size: ``"tiny"``, ``"small"`` or ``"full"``.
        views: the names of the views, in order.
        slab: voxels of the ROI's middle that a CT view projects; None: all. See
            :func:`csfnet_bundle.networks.medst.roi_views`; the network's own shape does not depend on it.
        field: voxels that a CT view shows along each edge; None: all.
        shared_experts: one expert for all views instead of one each.
        shared_class_token: one CLS token for all views, as published.
        mask_blank: leave patches without any picture out.
        weighting: of words and patches in the local loss, ``"modality"`` or ``"uniform"``.
        freeze: encoders that are not trained.
        freeze_word_pieces: leave the text model's embeddings of word pieces as they are: most of a short model's
            weights, and sentences from a record use few of them.

    Raises:
        BundleError: a value that no such network has.
    """

    must_agree = ("size", "views", "slab", "field", "shared_experts", "shared_class_token", "mask_blank")

    def __init__(
        self,
        text_config: Mapping[str, Any],
        text_weights: str | None = None,
        size: str = "small",
        views: Sequence[str] = ("coronal", "sagittal"),
        slab: int | None = None,
        field: int | None = None,
        shared_experts: bool = False,
        shared_class_token: bool = False,
        mask_blank: bool = True,
        weighting: str = "modality",
        freeze: Sequence[str] = (),
        freeze_word_pieces: bool = False,
    ) -> None:
        if not views:
            raise BundleError("views is empty, expected one at least", record="network_def")
        model = create_text_model(text_config, text_weights)
        try:
            super().__init__(
                create_image_encoder(size, len(views), shared_experts, shared_class_token, mask_blank),
                TextEncoder(model, int(model.config.hidden_size)),  # type: ignore[union-attr, arg-type]
                SIZES[size].projection,
                weighting,
                freeze,
            )
        except ValueError as error:
            raise BundleError(str(error), record="network_def") from None
        if freeze_word_pieces:
            model.get_input_embeddings().requires_grad_(False)  # type: ignore[operator]
        self._arguments: dict[str, Any] = {
            "text_config": dict(text_config),
            "size": size,
            "views": list(views),
            "slab": slab,
            "field": field,
            "shared_experts": shared_experts,
            "shared_class_token": shared_class_token,
            "mask_blank": mask_blank,
            "weighting": weighting,
            "freeze": list(freeze),
            "freeze_word_pieces": freeze_word_pieces,
        }
        for name in self.must_agree:
            setattr(self, name, self._arguments[name])

    def untrained_encoder(self, seed: int) -> ImageEncoder:
        """Return a random image encoder of the same shape, in evaluation mode; the random state outside stays."""
        told = self._arguments
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            encoder = create_image_encoder(
                told["size"], len(told["views"]), told["shared_experts"], told["shared_class_token"], told["mask_blank"]
            )
        return encoder.eval()

    def architecture(self) -> dict[str, Any]:
        """Return the arguments that make the same network again, plain values; its weights come from a checkpoint."""
        return dict(self._arguments)
