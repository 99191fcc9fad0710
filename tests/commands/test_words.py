"""Options of several words, as Fire hands them over."""

import pytest

from csfnet_bundle.commands.words import words


@pytest.mark.parametrize("option", ["a/b,c.d", ("a/b", "c.d"), ["a/b", "c.d"], " a/b, c.d,"])
def test_words_are_told_apart(option: object) -> None:
    assert words(option) == ["a/b", "c.d"]


def test_one_word_is_a_list_of_one() -> None:
    assert words("x") == ["x"]
    assert words((1, 2)) == ["1", "2"]
