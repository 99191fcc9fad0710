from pathlib import PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from csfnet_bundle.report import file_stem


def test_plain_names_stand_as_they_are():
    assert file_stem("100012", "1") == "100012_1"
    assert file_stem("LIDC-IDRI-0001", "n.2") == "LIDC-IDRI-0001_n.2"


@given(st.text(), st.text())
def test_any_name_gives_one_plain_file_name(subject, nodule):
    stem = file_stem(subject, nodule)
    assert stem.isascii()
    assert len(stem) <= 100
    assert PurePosixPath(stem).name == stem
    assert not stem.startswith(".")
    assert not set(stem) & set('/\\:*?"<>| \n\0')


def test_names_that_look_alike_once_cleaned_stay_apart():
    names = [("a b", "1"), ("a_b", "1"), ("a/b", "1"), ("a", "b_1"), ("a_b", "1 "), ("x" * 300, "1"), ("x" * 300, "2")]
    assert len({file_stem(*name) for name in names}) == len(names)
