"""Embeddings of studies and sentences by a pre-trained network, and the tasks that are judged on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst.network import PretrainingNetwork
from csfnet_bundle.medst.sequences import Study
from csfnet_bundle.medst.tokenizer import SentenceTokenizer

Array = NDArray[np.float64]
UNTRAINED_SEED = 0
"""Of the random encoder beside which probes are judged; the same for all networks."""


@dataclass(frozen=True)
class Embedded:
    """What a network makes of all studies and sentences of an evaluation.

    Attributes:
        image: by study name, in the space shared with texts, (128,), length 1.
        features: by study name, the image encoder's own study token, (C,).
        text: by sentence, in the shared space, (128,), length 1.
        untrained: by study name, the study token of a random encoder of the same shape, (C,); perhaps none.
    """

    image: dict[str, Array] = field(default_factory=dict)
    features: dict[str, Array] = field(default_factory=dict)
    text: dict[str, Array] = field(default_factory=dict)
    untrained: dict[str, Array] = field(default_factory=dict)

    def images(self, studies: Sequence[Study]) -> Array:
        """Return the studies' embeddings in the shared space, (N, 128)."""
        return _stacked([self.image[study.name] for study in studies])

    def study_features(self, studies: Sequence[Study]) -> Array:
        """Return the studies' own features, (N, C)."""
        return _stacked([self.features[study.name] for study in studies])

    def texts(self, sentences: Sequence[str]) -> Array:
        """Return the sentences' embeddings, (N, 128)."""
        return _stacked([self.text[sentence] for sentence in sentences])


def beside_untrained(embedded: Embedded, fit: Callable[[Embedded], dict[str, object]]) -> dict[str, object]:
    """Return a probe's result, and under ``untrained`` that of a random encoder of the same shape, where there is one.

    Args:
        embedded: of all studies.
        fit: fits and judges the probe on study features.
    """
    if not embedded.untrained:
        return fit(embedded)
    return {**fit(embedded), "untrained": fit(Embedded(features=embedded.untrained))}


def _stacked(vectors: Sequence[Array]) -> Array:
    if not vectors:
        raise BundleError("the data have no row for this task", remedy="Name data with what it asks for.")
    return np.stack(vectors)


@dataclass(frozen=True)
class Task:
    """One evaluation.

    Attributes:
        name: of its result.
        patients: whom it judges, one for each row.
        studies: whose images it needs.
        sentences: that it needs.
        judge: gives the result from the embeddings; raises BundleError where the data do not allow it.
    """

    name: str
    patients: tuple[str, ...]
    studies: tuple[Study, ...]
    sentences: tuple[str, ...]
    judge: Callable[[Embedded], Mapping[str, object]]


class StudyEncoder(nn.Module):
    """The image side of a pre-trained network, for an evaluator, and an untrained encoder of the same shape.

    Args:
        network: the whole network.
    """

    def __init__(self, network: PretrainingNetwork) -> None:
        super().__init__()
        self.network = network
        self.untrained = network.untrained_encoder(UNTRAINED_SEED)

    def forward(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Return the embeddings (N, 128) and the study tokens (N, C) of a batch's ``views`` and ``view_present``.

        The last are the study tokens (N, C) of the untrained encoder.
        """
        views = batch["views"], batch["view_present"]
        study = self.network.image_encoder(*views).study
        return self.network.image_head(study), study, self.untrained(*views).study


def embed_sentences(
    network: PretrainingNetwork, tokenizer: SentenceTokenizer, sentences: Sequence[str], batch_size: int = 64
) -> dict[str, Array]:
    """Return the embedding (128,) of every sentence."""
    device = next(network.parameters()).device
    embedded: dict[str, Array] = {}
    unique = sorted(set(sentences))
    network.eval()
    with torch.no_grad():
        for start in range(0, len(unique), batch_size):
            part = unique[start : start + batch_size]
            tokens = {name: tensor.to(device) for name, tensor in tokenizer.encode(part).items()}
            vectors = network.encode_text(**tokens).text.cpu().double().numpy()
            embedded |= dict(zip(part, vectors, strict=True))
    return embedded
