from pathlib import Path

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst import SentenceTokenizer
from csfnet_bundle.medst.tokenizer import LONGEST, text_groups


def test_pieces_belong_to_words(tokenizer: SentenceTokenizer) -> None:
    text = "Spiculated nodule, 12 x 9 mm."
    encoded = tokenizer.encode([text, "Nodule."])
    words = encoded["word_index"][0]
    assert words[words >= 0].unique().tolist() == list(range(8)), "spiculated nodule , 12 x 9 mm ."
    assert (words >= 0).sum() > 8, "a rare word has several pieces"
    assert words[0] == -1
    assert encoded["token_mask"].sum(dim=1).tolist() == [len(words), 5]
    assert encoded["word_index"][1, :5].tolist() == [-1, 0, 0, 1, -1]  # nod ##ule .
    assert (encoded["token_ids"][1, 5:] == tokenizer.pad_id).all()
    assert (encoded["word_index"][1, 5:] == -1).all()


def test_long_texts_are_cut(tokenizer: SentenceTokenizer) -> None:
    assert tokenizer.encode(["nodule " * 500])["token_ids"].shape == (1, LONGEST)


def test_a_checkpoint_brings_the_same_pieces(tokenizer: SentenceTokenizer) -> None:
    again = SentenceTokenizer(tokenizer.to_json())
    text = ["Part-solid nodule with spiculated margins."]
    assert again.encode(text)["token_ids"].tolist() == tokenizer.encode(text)["token_ids"].tolist()


def test_a_missing_folder_is_refused() -> None:
    with pytest.raises(BundleError, match="/nowhere"):
        SentenceTokenizer.from_folder(Path("/nowhere"))


def test_texts_that_the_model_cannot_tell_apart_have_equal_numbers(tokenizer: SentenceTokenizer) -> None:
    long = "nodule " * LONGEST
    texts = ["A nodule.", "a NODULE.", "No nodule.", long, f"{long} grown", "", "A nodule."]
    encoded = tokenizer.encode(texts)
    first, *_ = groups = text_groups(encoded["token_ids"], encoded["token_mask"]).tolist()
    assert [group == first for group in groups] == [True, True, False, False, False, False, True]
    assert groups[3] == groups[4], "they differ after the last piece that is kept"
    assert all(0 <= group < 2**63 for group in groups)
    alone = tokenizer.encode(texts[:1])
    assert text_groups(alone["token_ids"], alone["token_mask"]).tolist() == [first], "padding does not count"
