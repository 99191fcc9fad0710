import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst import PretrainingNetwork, SentenceTokenizer, load_tokenizer, text_config, text_digest
from csfnet_bundle.medst.text_models import create_text_model, text_folder


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


def _saved(folder: Path, model_type: str, **values: int) -> Path:
    """Write a small text model of another family, with the packaged one's word pieces, as a Hugging Face folder."""
    transformers = pytest.importorskip("transformers")
    config = transformers.AutoConfig.for_model(model_type, vocab_size=load_tokenizer("packaged").size, **values)
    transformers.AutoModel.from_config(config).save_pretrained(folder)
    shutil.copy(text_folder("packaged") / "tokenizer.json", folder)
    return folder


def test_a_model_of_another_family_is_taken(tmp_path: Path, tokenizer: SentenceTokenizer) -> None:
    """DistilBERT calls its width ``dim``."""
    folder = str(_saved(tmp_path, "distilbert", dim=48, n_layers=2, n_heads=2, hidden_dim=64))
    network = PretrainingNetwork(text_config(folder), folder, size="tiny").eval()
    tokens = tokenizer.encode(["A nodule.", "No nodule at all."])
    assert network.encode_text(**tokens).words.shape[::2] == (2, 128)


def test_a_folder_without_whole_weights_is_refused(tmp_path: Path) -> None:
    folder = _saved(tmp_path, "bert", hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)
    config, weights = text_config(str(folder)), folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:999])
    with pytest.raises(BundleError, match="the text model cannot be loaded"):
        create_text_model(config, str(folder))
    weights.unlink()
    with pytest.raises(BundleError, match="the text model cannot be loaded"):
        create_text_model(config, str(folder))


def test_the_digest_is_of_the_weights_and_not_of_their_place(tmp_path: Path) -> None:
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    first = _saved(tmp_path / "first", "bert", **sizes)
    digest = text_digest(str(first))
    assert text_digest(shutil.copytree(first, tmp_path / "second")) == digest
    assert text_digest(str(_saved(tmp_path / "third", "bert", **sizes))) != digest
    assert text_digest("untrained") == "untrained"
