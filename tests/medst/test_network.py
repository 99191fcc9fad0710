import json
from typing import Any

import pytest
import torch

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst import PretrainingNetwork, SentenceTokenizer, text_config

OTHERWISE: dict[str, Any] = {
    "size": "tiny",
    "views": ("axial", "coronal", "oblique"),
    "shared_experts": True,
    "shared_class_token": True,
    "mask_blank": False,
    "weighting": "uniform",
    "freeze": ("image_encoder",),
    "freeze_word_pieces": True,
    "text_pooling": "mean",
}
"""No value is the default's, but for the size, which would be slow."""


def _batch(tokenizer: SentenceTokenizer, views: int) -> dict[str, torch.Tensor]:
    pictures = torch.rand(3, views, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    pictures[:, :, :, :16] = 0.0  # blank patches, which a network may leave out
    tokens = tokenizer.encode(["Solid nodule, 8 x 6 mm.", "The nodule has grown.", "Nodule."])
    return {"views": pictures, "view_present": torch.ones(3, views, dtype=torch.bool), **tokens}


def test_the_arguments_of_any_network_make_one_of_the_same_answers(tokenizer: SentenceTokenizer) -> None:
    first = PretrainingNetwork(text_config("untrained"), **OTHERWISE).eval()
    plain = json.loads(json.dumps(first.architecture()))
    assert plain == first.architecture(), "a checkpoint holds plain values alone"
    again = PretrainingNetwork(**plain).eval()
    again.load_state_dict(first.state_dict())
    batch = _batch(tokenizer, 3)
    with torch.no_grad():
        for one, other in zip(first(batch), again(batch), strict=True):
            assert (one is None and other is None) or torch.equal(one, other)
    assert [part.requires_grad for part in again.parameters()] == [part.requires_grad for part in first.parameters()]


@pytest.mark.parametrize("name", [name for name in OTHERWISE if name != "size"])
def test_every_argument_is_remembered(name: str) -> None:
    other = PretrainingNetwork(text_config("untrained"), **{"size": "tiny", name: OTHERWISE[name]}).architecture()
    default = PretrainingNetwork(text_config("untrained"), size="tiny").architecture()
    assert {key for key in default if default[key] != other[key]} == {name}


@pytest.mark.parametrize("frozen", [True, False])
def test_word_pieces_stay_where_that_is_asked(tokenizer: SentenceTokenizer, frozen: bool) -> None:
    network = PretrainingNetwork(text_config("untrained"), size="tiny", freeze_word_pieces=frozen).train()
    pieces, places = (
        network.get_parameter(f"text_encoder.model.embeddings.{name}_embeddings.weight")
        for name in ("word", "position")
    )
    before = pieces.clone(), places.clone()
    network(_batch(tokenizer, 2)).text.sum().backward()
    torch.optim.SGD([part for part in network.parameters() if part.grad is not None], lr=1.0).step()
    assert torch.equal(pieces, before[0]) is frozen
    assert not torch.equal(places, before[1])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"size": "huge"}, "size is 'huge', expected one of tiny, small, full"),
        ({"weighting": "loud"}, "loud"),
        ({"freeze": ["image_encoder", "eyes"]}, "freeze names 'eyes', expected some of"),
    ],
)
def test_a_value_that_no_network_has_is_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(BundleError, match=f"network_def: .*{words}"):
        PretrainingNetwork(text_config("untrained"), **{"size": "tiny", **values})
