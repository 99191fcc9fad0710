from pathlib import Path

import pytest

from csfnet_bundle.core.files import atomic_folder, atomic_path, write_atomically


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
