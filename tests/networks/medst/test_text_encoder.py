from collections.abc import Callable

import pytest
import torch

from csfnet_bundle.networks.medst import MedST, TextEncoder


def test_words_are_sums_of_their_pieces(medst: Callable[..., MedST], text: Callable) -> None:
    encoder = medst().text_encoder.eval()
    given = text(3, 14)
    tokens = encoder(**given)
    mask, words = given["token_mask"], given["word_index"]
    for row in range(3):
        length = int(mask[row].sum())
        alone = encoder.model(given["token_ids"][row : row + 1, :length], mask[row : row + 1, :length])
        pieces = alone.last_hidden_state[0]
        torch.testing.assert_close(tokens.text[row], pieces[0])
        assert int(tokens.mask[row].sum()) == int(words[row].max()) + 1
        for word in range(int(words[row].max()) + 1):
            own = [piece for piece in range(length) if words[row, piece] == word]
            torch.testing.assert_close(tokens.words[row, word], pieces[own].sum(dim=0))
    assert not tokens.words[~tokens.mask].any()


def test_padding_changes_nothing(medst: Callable[..., MedST], text: Callable) -> None:
    encoder = medst().text_encoder.eval()
    given = text(3, 14)
    before = encoder(**given)
    longer = {
        "token_ids": torch.nn.functional.pad(given["token_ids"], (0, 9), value=7),
        "token_mask": torch.nn.functional.pad(given["token_mask"], (0, 9)),
        "word_index": torch.nn.functional.pad(given["word_index"], (0, 9), value=-1),
    }
    for one, other in zip(before, encoder(**longer), strict=True):
        torch.testing.assert_close(one, other)


def test_a_text_is_the_mean_of_its_own_tokens_where_that_is_asked(medst: Callable[..., MedST], text: Callable) -> None:
    published = medst().text_encoder.eval()
    encoder = TextEncoder(published.model, published.width, "mean").eval()
    given = text(3, 14)
    tokens = encoder(**given)
    for row in range(3):
        length = int(given["token_mask"][row].sum())
        alone = encoder.model(given["token_ids"][row : row + 1, :length], given["token_mask"][row : row + 1, :length])
        torch.testing.assert_close(tokens.text[row], alone.last_hidden_state[0].mean(dim=0))
    torch.testing.assert_close(tokens.words, published(**given).words)


def test_another_pooling_is_rejected(medst: Callable[..., MedST]) -> None:
    with pytest.raises(ValueError, match="text_pooling is 'last'"):
        TextEncoder(medst().text_encoder.model, 8, "last")
