"""The file that `--clinical` names."""

import json

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records import read_clinical
from csfnet_bundle.records.clinical_file import clinical_values


def test_json_and_csv_say_the_same(tmp_path):
    values = {"race": 1, "cigsmok": 0, "age": 63}
    (tmp_path / "a.json").write_text(json.dumps({**values, "scr_res0": None}))
    (tmp_path / "a.csv").write_text("\ufeffrace, cigsmok,age,scr_res0\n1,0,63,.M\n", encoding="utf-8")
    assert read_clinical(tmp_path / "a.json") == values
    assert read_clinical(tmp_path / "a.csv") == values


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.json", "{", "not JSON"),
        ("a.json", "[1]", "one JSON object"),
        ("a.json", '{"gender": 7}', "gender = 7"),
        ("a.json", '{"cancyr": 1}', "cancyr"),
        ("a.json", b"\xff\xfe\x00", "UTF-8"),
        ("a.csv", "age\n60\n61\n", "3 rows"),
        ("a.csv", "age,age\n60,61\n", "twice"),
        ("a.csv", "age\n", "1 rows"),
        ("a.csv", "age\nold\n", "age = 'old'"),
        ("a.xlsx", "", ".xlsx"),
        ("a.json", "[" * 50_000, "not JSON"),
        ("a.json", " " * 200_000, "too large"),
    ],
)
def test_a_bad_file_is_refused_in_one_line_that_names_it(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BundleError) as error:
        read_clinical(path)
    assert words in str(error.value)
    assert name in str(error.value)
    assert "\n" not in str(error.value)


def test_options_are_named_as_they_were_typed(tmp_path):
    file = tmp_path / "clinical.json"
    file.write_text('{"sex": "male", "age": 63}')
    options = {"age": "63", "sex": None, "smoking": "current", "race": None}
    assert clinical_values(file, options) == {"gender": 1, "age": 63, "cigsmok": 1}
    with pytest.raises(BundleError, match=r"^--smoking = 'never' is none of its values: Former \(0\), Current \(1\)\."):
        clinical_values(None, {"smoking": "never"})
    with pytest.raises(BundleError, match=r"^--sex = 'female' is code 2, but .*clinical.json has 1\. "):
        clinical_values(file, {"sex": "female"})


def test_a_missing_file(tmp_path):
    with pytest.raises(BundleError, match="there is no file"):
        read_clinical(tmp_path / "none.json")
