from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csfnet_bundle.core.files import atomic_folder, atomic_path, write_atomically
from csfnet_bundle.report import file_stem


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "file.txt"
    write_atomically(file, "before")
    with pytest.raises(RuntimeError, match="stopped"), atomic_path(file) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise RuntimeError("stopped")
    assert file.read_text() == "before"
    assert [entry.name for entry in file.parent.iterdir()] == ["file.txt"]


def test_bytes_and_text(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"\x00\xff")
    write_atomically(tmp_path / "b", "µ")
    assert (tmp_path / "a").read_bytes() == b"\x00\xff"
    assert (tmp_path / "b").read_bytes() == "µ".encode()


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "study"
    with pytest.raises(RuntimeError, match="stopped"), atomic_folder(target) as temporary:  # noqa: PT012
        (temporary / "half").write_text("x")
        raise RuntimeError("stopped")
    assert list(target.parent.iterdir()) == []
    with atomic_folder(target) as temporary:
        (temporary / "whole").write_text("x")
        assert not target.exists()
    assert [entry.name for entry in target.parent.rglob("*")] == ["study", "whole"]


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
