"""Tokens and words of clinical values."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csfnet_bundle.core.code_book import nlst_code_book
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records import (
    CLINICAL_VARIABLES,
    clinical_notices,
    describe_clinical,
    encode_clinical,
    missing_variables,
)

FULL = {"race": 2, "cigsmok": 1, "gender": 2, "age": 62, "scr_res0": 4, "scr_iso0": 4}


def test_variables_and_vocabularies_stand_in_the_order_of_the_network():
    assert CLINICAL_VARIABLES == ("race", "cigsmok", "gender", "age", "scr_res0", "scr_iso0")
    assert nlst_code_book().sizes == (8, 4, 4, 8, 8, 6)


def test_the_stored_code_book_decides_and_not_the_installed_one():
    """Exchanged variables, and one of them alone: the tokens follow the code book that is given."""
    exchanged = nlst_code_book().only(("gender", "cigsmok", "age"))
    values = {"cigsmok": 0, "gender": 2, "age": 62}
    assert encode_clinical(values, exchanged).tolist() == [3, 2, 4]
    assert list(describe_clinical(values, exchanged)) == ["Gender", "Smoking at randomization", "Age"]
    with pytest.raises(BundleError, match=r"'age' is no input of the network.*the inputs are gender, cigsmok\."):
        encode_clinical(values, exchanged.only(("gender", "cigsmok")))


def test_a_full_record():
    tokens = encode_clinical(FULL)
    assert tokens.dtype == np.int64
    assert tokens.tolist() == [3, 3, 3, 4, 5, 5]


def test_categories_take_the_tokens_after_missing_and_unknown_in_ascending_order():
    for position, (name, variable) in enumerate((one.name, one) for one in nlst_code_book().variables):
        tokens = [encode_clinical({name: code})[position] for code in variable.categories]
        assert tokens == list(range(2, 2 + len(tokens)))


@pytest.mark.parametrize("value", [None, float("nan"), np.nan, "", "  ", ".", ".M", ".N", ".m", pd.NA, pd.NaT])
def test_missing_values(value):
    assert not encode_clinical(dict.fromkeys(CLINICAL_VARIABLES, value)).any()
    assert not encode_clinical({}).any()


@pytest.mark.parametrize("code", [95, 96, 98])
def test_race_codes_without_an_answer_are_missing(code):
    assert encode_clinical({"race": code})[0] == 0


@pytest.mark.parametrize("code", [7, 99])
def test_refused_and_unknown_are_a_token_of_their_own(code):
    assert encode_clinical({"race": code})[0] == 1


@pytest.mark.parametrize("value", ["1", 1, 1.0, "1.0", " 1 ", np.int64(1), np.float32(1)])
def test_one_code_in_any_spelling(value):
    assert encode_clinical({"cigsmok": value})[1] == 3


@pytest.mark.parametrize(
    ("age", "token"),
    [(40, 2), (54.9, 2), (55, 3), (59, 3), (60, 4), (64, 4), (65, 5), (70, 6), (74, 6), (75, 7), (90, 7), ("63", 4)],
)
def test_ages_fall_into_fixed_bins(age, token):
    assert encode_clinical({"age": age})[3] == token


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gender", 7),
        ("gender", "F"),
        ("age", -3),
        ("age", 0),
        ("age", 400),
        ("age", float("inf")),
        ("cigsmok", 0.5),
        ("cigsmok", True),
        ("race", 8),
        ("scr_iso0", 5),
        ("scr_res0", 7),
        ("race", [1]),
    ],
)
def test_a_value_that_no_code_explains_is_refused_by_name(name, value):
    with pytest.raises(BundleError) as error:
        encode_clinical({name: value})
    assert name in str(error.value)
    assert repr(value) in str(error.value)
    assert "\n" not in str(error.value)


def test_an_unknown_variable_is_refused():
    with pytest.raises(BundleError, match="cancyr"):
        encode_clinical({"cancyr": 1})
    with pytest.raises(BundleError, match="scr_res1"):
        describe_clinical({"scr_res1": 1})


def test_screening_codes_that_are_no_read_become_missing_and_are_told():
    values = {**FULL, "scr_res0": 23, "scr_iso0": 13}
    assert encode_clinical(values)[4:].tolist() == [0, 0]
    notices = clinical_notices(values)
    assert len(notices) == 2
    assert "scr_res0 = 23" in notices[0]
    assert "Cancer in screening window" in notices[0]
    assert clinical_notices(FULL) == []
    assert clinical_notices({"scr_res0": ".M"}) == []


def test_words():
    words = describe_clinical(FULL | {"scr_res0": None, "scr_iso0": 13})
    assert list(words.values()) == [
        "Black or African-American",
        "Current smoker",
        "Female",
        "62 years",
        "missing",
        "missing (code 13)",
    ]
    assert describe_clinical({"race": "99"})["Race"] == "Unknown/ decline to answer"


@st.composite
def explained(draw):
    """Values that the dictionary explains, some of them absent."""
    values = {}
    for variable in nlst_code_book().variables:
        choices = st.floats(1, 120) if variable.is_number else st.sampled_from(sorted(variable.codes))
        values[variable.name] = draw(st.none() | choices)
    return values


@given(explained())
def test_every_explained_value_gets_a_token_of_its_vocabulary(values):
    tokens = encode_clinical(values)
    assert (tokens >= 0).all()
    assert (tokens < np.array(nlst_code_book().sizes)).all()
    as_text = {name: None if value is None else str(value) for name, value in values.items()}
    assert (encode_clinical(as_text) == tokens).all()
    words = describe_clinical(values)
    assert len(words) == len(CLINICAL_VARIABLES)
    assert [word.startswith("missing") for word in words.values()] == (tokens == 0).tolist()


def test_missing_are_those_that_are_described_so():
    """Absent ones, and codes that stand for no answer."""
    values = {"race": 95, "cigsmok": 1, "gender": ".M", "age": 63}
    missing = missing_variables(values)
    assert [variable.name for variable in missing] == ["race", "gender", "scr_res0", "scr_iso0"]
    described = describe_clinical(values)
    assert {variable.label for variable in missing} == {
        label for label, words in described.items() if words.startswith("missing")
    }
