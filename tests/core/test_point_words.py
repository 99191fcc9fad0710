from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csfnet_bundle.core.point_words import PointWords, read_pixel, read_point, read_space

NUMBERS = st.tuples(*[st.floats(-2000, 2000, allow_nan=False)] * 3)


@given(NUMBERS, st.sampled_from([",", " ", ", ", ";", "\t"]), st.sampled_from(["{}", "({})", "[ {} ]", " {} "]))
def test_numbers_are_read_whatever_separates_them(
    numbers: tuple[float, float, float], separator: str, around: str
) -> None:
    assert read_point(around.format(separator.join(map(repr, numbers)))) == PointWords(numbers)


@given(NUMBERS, st.sampled_from(["LPS", "lps", "Ras", "RAS", "voxel", "VOXEL", "Voxel"]), st.booleans())
def test_the_space_may_stand_beside_them(numbers: tuple[float, float, float], space: str, behind: bool) -> None:
    words = [",".join(map(repr, numbers)), space]
    found = read_point(" ".join(words if behind else reversed(words)))
    assert (found.numbers, found.space) == (numbers, {"l": "LPS", "r": "RAS", "v": "voxel"}[space[0].lower()])
    assert read_space(space) == found.space


@pytest.mark.parametrize("text", ["", "1,2", "1,2,3,4", "a,b,c", "12,5 30,1 -40,2", "nan,1,2", "LPS 1,2,3 RAS", "LPS"])
def test_what_is_no_point_is_rejected(text: str) -> None:
    assert _is_rejected(read_point, text)


def test_files_with_and_without_label() -> None:
    assert read_point("a b/marks.mrk.json") == PointWords(file=Path("a b/marks.mrk.json"))
    assert read_point("F.FCSV:left one") == PointWords(file=Path("F.FCSV"), label="left one")


def test_pixels() -> None:
    assert read_pixel("312,240") == read_pixel(" 312 240 ") == (312.0, 240.0)
    for text in ("312", "1,2,3", "a,b", "inf,1"):
        assert _is_rejected(read_pixel, text)


def _is_rejected(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return True
    return False
