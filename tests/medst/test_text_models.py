from collections.abc import Callable

import pytest
import torch

from csfnet_bundle.errors import BundleError
from csfnet_bundle.medst import PretrainingNetwork, SentenceTokenizer, text_config
from csfnet_bundle.medst.text_models import create_text_model


def test_the_packaged_model_knows_english(tokenizer: SentenceTokenizer) -> None:
    """Sentences of one meaning are nearer to each other than to one of another meaning: the weights are real."""
    model = create_text_model(text_config("packaged"), "packaged").eval()
    tokens = tokenizer.encode(["The nodule has grown.", "The nodule is larger.", "The patient plays the violin."])
    with torch.no_grad():
        states = model(input_ids=tokens["token_ids"], attention_mask=tokens["token_mask"]).last_hidden_state
    means = (states * tokens["token_mask"][..., None]).sum(1)
    one, same, other = torch.nn.functional.normalize(means, dim=1)
    assert one @ same > one @ other + 0.2


def test_the_first_layers_are_those_of_the_whole_model() -> None:
    short = create_text_model(text_config("packaged", 2), "packaged").state_dict()
    whole = create_text_model(text_config("packaged"), "packaged").state_dict()
    assert {name.split(".")[2] for name in short if name.startswith("encoder.layer")} == {"0", "1"}
    for name, tensor in short.items():
        torch.testing.assert_close(tensor, whole[name])


@pytest.mark.parametrize(
    "make", [lambda: text_config("/nowhere"), lambda: text_config("packaged", 7), lambda: text_config("packaged", 0)]
)
def test_what_is_not_there_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(BundleError):
        make()


def test_a_network_is_made_again_from_plain_values(network: PretrainingNetwork) -> None:
    again = PretrainingNetwork(**network.architecture())
    assert again.architecture() == network.architecture()
    again.load_state_dict(network.state_dict())


def test_frozen_parts_stay() -> None:
    frozen = PretrainingNetwork(text_config("untrained"), size="tiny", freeze_word_pieces=True)
    fixed = {name for name, part in frozen.named_parameters() if not part.requires_grad}
    assert fixed == {"text_encoder.model.embeddings.word_embeddings.weight"}
    with pytest.raises(BundleError, match="freeze"):
        PretrainingNetwork(text_config("untrained"), size="tiny", freeze=["eyes"])
