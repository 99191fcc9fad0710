"""Small studies and a small Med-ST for the tests of its parts."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from csfnet_bundle.networks.medst import EncoderSettings, ImageEncoder, MedST, TextEncoder
from csfnet_bundle.networks.medst.image_encoder import Size

SIZE, PATCH, WIDTH, TEXT_WIDTH, VOCABULARY = 32, 8, 24, 16, 50
Studies = dict[str, Tensor]


class SmallTextModel(nn.Module):
    """One transformer layer on embedded words, called and answering as Hugging Face's models do."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, TEXT_WIDTH)
        self.layer = nn.TransformerEncoderLayer(TEXT_WIDTH, 2, TEXT_WIDTH, dropout=0.0, batch_first=True)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> SimpleNamespace:
        return SimpleNamespace(
            last_hidden_state=self.layer(self.words(input_ids), src_key_padding_mask=attention_mask == 0)
        )


def make_medst(views: int = 2, weighting: str = "modality", freeze: tuple[str, ...] = (), **image: bool) -> MedST:
    settings = EncoderSettings(views=[f"view {number}" for number in range(views)], **image)
    encoder = ImageEncoder(settings, Size(SIZE, PATCH, WIDTH, 2, 2, 32))
    return MedST(encoder, TextEncoder(SmallTextModel(), TEXT_WIDTH), 32, weighting, freeze)


@pytest.fixture
def medst() -> Callable[..., MedST]:
    return make_medst


def make_text(studies: int, longest: int, prefix: str = "") -> Studies:
    """Return random texts: CLS, words of one or two pieces, SEP, padding."""
    length = torch.randint(longest // 2, longest + 1, (studies, 1))
    place = torch.arange(longest).expand(studies, -1)
    inside = (place > 0) & (place < length - 1)
    return {
        f"{prefix}token_ids": torch.where(place < length, torch.randint(1, VOCABULARY, (studies, longest)), 0),
        f"{prefix}token_mask": place < length,
        f"{prefix}word_index": torch.where(inside, (place - 1) // 2, -1),
    }


def make_studies(sequences: int = 2, length: int = 3, views: int = 2, longest: int = 12) -> Studies:
    """Return sequences of random studies, with all views and all texts different."""
    studies = sequences * length
    return {
        "views": torch.rand(studies, views, 3, SIZE, SIZE),
        "view_present": torch.ones(studies, views, dtype=torch.bool),
        **make_text(studies, longest),
        "sequence": torch.arange(studies) // length,
        "position": torch.arange(studies) % length,
        "text_group": torch.arange(studies),
    }


@pytest.fixture
def studies() -> Callable[..., Studies]:
    return make_studies


@pytest.fixture
def text() -> Callable[..., Studies]:
    return make_text
