import errno
import os
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import (
    atomic_folder,
    atomic_path,
    is_disk_full,
    require_new,
    require_writable,
    write_atomically,
)
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


@pytest.mark.parametrize("make", [atomic_path, atomic_folder])
def test_a_full_disk_is_one_line_with_the_path_that_was_asked_for(make: Any, tmp_path: Path) -> None:
    """pydicom hides the system's error in one of its own, without a number."""
    full = RuntimeError("while writing an element")
    full.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    with (
        pytest.raises(BundleError, match=r"^\S+/out: cannot be written: the disk is full. Free space"),
        make(tmp_path / "out"),
    ):
        raise full
    assert list(tmp_path.iterdir()) == []
    assert not is_disk_full(OSError(errno.EACCES, "no"))


def test_an_error_of_another_file_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="absent"), atomic_folder(tmp_path / "out"):
        (tmp_path / "absent").read_bytes()


def test_a_place_where_nothing_can_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(BundleError, match=r"file/out: cannot be written") as caught:
        write_atomically(tmp_path / "file" / "out", "x")
    assert isinstance(caught.value, OSError), "callers that go on without the file expect it"
    with pytest.raises(BundleError, match=r"file/out cannot be made: \S+/file is no folder. Name another by --app"):
        require_new(tmp_path / "file" / "out", "--app")
    with pytest.raises(BundleError, match="file exists already"):
        require_new(tmp_path / "file")
    require_new(tmp_path / "new" / "deep")


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # tests may run as root, who may write anywhere
    with pytest.raises(BundleError, match=r"out cannot be made: \S+ cannot be written to"):
        require_writable(tmp_path / "out")


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
