import copy

import numpy as np
import pytest
import torch

from csfnet_bundle.medst import PretrainingNetwork, SentenceTokenizer, Study, StudyEncoder, text_config
from csfnet_bundle.medst.embedding import Embedded, embed_sentences
from csfnet_bundle.medst.sequences import RadiographFiles

SENTENCES = (
    "Nodule.",
    "Part-solid nodule with spiculated margins, 12 x 9 mm, in the right upper lobe.",
    "The nodule has grown.",
    "64 year old man, current smoker.",
    "Screening year 1. Ground-glass nodule, 4.5 mm.",
)


DIFFERENT = 1e-4
"""Less than what tells two sentences apart in this network of random weights, and far more than rounding."""


@pytest.fixture(scope="module")
def network() -> PretrainingNetwork:
    """The tiny network with the same weights in every run; read only."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return PretrainingNetwork(text_config("untrained"), size="tiny").eval()


@pytest.mark.parametrize("batch_size", [1, 2, 4])
def test_the_batch_changes_no_embedding(
    network: PretrainingNetwork, tokenizer: SentenceTokenizer, batch_size: int
) -> None:
    """In a batch of its own a sentence has no padding."""
    together = embed_sentences(network, tokenizer, SENTENCES)
    apart = embed_sentences(network, tokenizer, SENTENCES, batch_size)
    assert set(apart) == set(together) == set(SENTENCES)
    for sentence in SENTENCES:
        np.testing.assert_allclose(apart[sentence], together[sentence], atol=1e-6)


def test_each_sentence_has_its_own_embedding_of_length_one(
    network: PretrainingNetwork, tokenizer: SentenceTokenizer
) -> None:
    embedded = embed_sentences(network, tokenizer, SENTENCES)
    vectors = np.stack([embedded[sentence] for sentence in SENTENCES])
    assert vectors.shape == (len(SENTENCES), 128)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    tokens = tokenizer.encode([SENTENCES[1]])
    with torch.no_grad():
        alone = network.encode_text(**tokens).text[0].numpy()
    np.testing.assert_allclose(vectors[1], alone, atol=1e-6)
    assert np.abs(vectors[1] - vectors[2]).max() > DIFFERENT


def test_repeated_sentences_are_embedded_once(network: PretrainingNetwork, tokenizer: SentenceTokenizer) -> None:
    rows: list[int] = []
    count = network.text_encoder.register_forward_pre_hook(lambda _, tokens: rows.append(len(tokens[0])))
    embedded = embed_sentences(network, tokenizer, [*SENTENCES, *SENTENCES[::-1], SENTENCES[0]], batch_size=2)
    count.remove()
    assert rows == [2, 2, 1]
    assert set(embedded) == set(SENTENCES)


def test_no_sentence_has_no_embedding(network: PretrainingNetwork, tokenizer: SentenceTokenizer) -> None:
    assert embed_sentences(network, tokenizer, []) == {}


def test_a_network_in_training_embeds_without_dropout(
    network: PretrainingNetwork, tokenizer: SentenceTokenizer
) -> None:
    training = copy.deepcopy(network)
    training.train()
    embedded = embed_sentences(training, tokenizer, SENTENCES)
    for sentence, vector in embed_sentences(network, tokenizer, SENTENCES).items():
        np.testing.assert_array_equal(embedded[sentence], vector)


def test_rows_come_in_the_order_asked() -> None:
    studies = [Study(name, "p1", "", RadiographFiles(None, None)) for name in ("late", "early", "late")]
    vectors = {"early": np.array([0.0, 1.0]), "late": np.array([1.0, 0.0])}
    others = {name: -vector for name, vector in vectors.items()}
    embedded = Embedded(image=vectors, features=others, text=vectors)
    expected = [[1, 0], [0, 1], [1, 0]]
    assert embedded.images(studies).tolist() == expected
    assert (-embedded.study_features(studies)).tolist() == expected
    assert embedded.texts(["late", "early", "late"]).tolist() == expected


def test_the_image_side_gives_what_the_whole_network_gives(network: PretrainingNetwork) -> None:
    views = torch.rand(3, 2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    present = torch.tensor([[True, True], [True, False], [False, True]])
    with torch.no_grad():
        random_state = torch.get_rng_state()
        encoder = StudyEncoder(network)
        assert torch.equal(torch.get_rng_state(), random_state)
        image, study, untrained = encoder({"views": views, "view_present": present})
        whole = network.encode_image(views, present).image
        spoilt = torch.where(present[:, :, None, None, None], views, 0.5)
        without, _, again = StudyEncoder(network)({"views": spoilt, "view_present": present})
    torch.testing.assert_close(image, whole)
    torch.testing.assert_close(image, without)
    assert study.shape == untrained.shape == (3, network.image_encoder.width)
    torch.testing.assert_close(untrained, again, msg="the random encoder is the same for all networks")
    assert (untrained - study).abs().max() > DIFFERENT
