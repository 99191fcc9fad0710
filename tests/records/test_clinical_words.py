import pytest
from hypothesis import given
from hypothesis import strategies as st

from csfnet_bundle.core.code_book import nlst_code_book
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records.clinical_words import clinical_codes, variable_named

CODED = [variable for variable in nlst_code_book().variables if not variable.is_number]


@given(st.sampled_from(CODED), st.data(), st.sampled_from([str, str.upper, str.lower]))
def test_every_meaning_of_the_code_book_is_its_code(variable, data, case) -> None:  # type: ignore[no-untyped-def]
    code = data.draw(st.sampled_from(sorted(variable.codes)))
    for name in (variable.name, variable.label):
        assert clinical_codes({case(name): case(variable.codes[code])}) == {variable.name: code}
    assert clinical_codes({variable.name: str(code)}) == clinical_codes({variable.name: float(code)})


def test_everyday_words() -> None:
    words = {"sex": "f", "smoking": "current smoker", "Age": "63", "race": "black", "scr_res0": ""}
    assert clinical_codes(words) == {"gender": 2, "cigsmok": 1, "age": 63, "race": 2}
    assert clinical_codes({"sex": "male", "gender": 1}) == {"gender": 1}
    assert variable_named("Smoking") == "cigsmok"
    assert variable_named("weight") is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"smoking": "never"}, r"^smoking = 'never' is none of its values: Former \(0\), Current \(1\)\. "),
        ({"race": "green"}, r"race = 'green' is none of its values: White \(1\), .* More than one race \(6\)\. "),
        ({"race": "a"}, r"race = 'a' can mean 3 \(Asian\), 4 \(American Indian"),
        ({"age": "old"}, "age = 'old' is none of its values: a number of years from 1 to 120"),
        ({"age": 130}, "age = 130"),
        ({"weight": 70}, "'weight' is no input .* race, smoking, sex, age"),
        ({"sex": "male", "gender": 2}, "sex = 'male', but gender = 2"),
    ],
)
def test_what_means_nothing_is_rejected(values: dict[str, object], words: str) -> None:
    with pytest.raises(BundleError, match=words):
        clinical_codes(values)
