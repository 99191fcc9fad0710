import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from csfnet_bundle.core.csv_cells import harmless, original

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1")


def test_no_cell_begins_as_a_formula() -> None:
    for text in FORMULAS:
        assert harmless(text) == f"'{text}"
    assert harmless("UK/2010 0815^A") == "UK/2010 0815^A"


@given(st.text(alphabet=st.one_of(st.sampled_from("=+-@'\t\ra1"), st.characters(codec="utf-8"))))
def test_every_text_comes_back(text: str) -> None:
    assert original(harmless(text)) == text
    assert not harmless(text).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_what_somebody_else_wrote_stays() -> None:
    (row,) = csv.reader(io.StringIO("'quoted,plain"))
    assert [original(cell) for cell in row] == ["'quoted", "plain"]
