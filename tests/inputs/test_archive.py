"""Archives that must not be unpacked, and what is left of them: nothing."""

import os
import signal
import stat
import struct
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs import archive
from csfnet_bundle.inputs.archive import unpacked


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def _link(file: zipfile.ZipFile) -> None:
    entry = zipfile.ZipInfo("link")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    file.writestr(entry, "/etc/passwd")


BAD: dict[str, tuple[Callable[[zipfile.ZipFile], object], str]] = {
    "up": (lambda file: file.writestr("a/../../x", "x"), "leads out of the archive"),
    "absolute": (lambda file: file.writestr("/tmp/x", "x"), "leads out of the archive"),
    "drive": (lambda file: file.writestr("C:x", "x"), "leads out of the archive"),
    "backslash": (lambda file: file.writestr("a\\..\\x", "x"), "leads out of the archive"),
    "link": (_link, "'link' is a symbolic link"),
    "long name": (lambda file: file.writestr("x" * 300, "x"), "is too long"),
    "deep": (lambda file: file.writestr("/".join("a" * 30), "x"), "is too long"),
    "bomb": (lambda file: file.writestr("zeros", bytes(20 * 2**20)), "times its size, at most 100"),
    "too many": (lambda file: [file.writestr(str(number), "") for number in range(12)], "13 files, at most 11"),
    "file in a file": (lambda file: [file.writestr("a", "x"), file.writestr("a/b", "x")], "cannot be unpacked"),
}


def test_a_cut_off_archive_is_called_so(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a/b.dcm", "x" * 1000)
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(BundleError, match=rf"{path}: .* it was cut off or is damaged. Get it again."), unpacked(path):
        pass


def test_an_error_of_what_lay_in_it_names_the_archive_and_the_path_within(tmp_path: Path, temporary: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a/b.dcm", "x")
    with pytest.raises(BundleError) as caught, unpacked(path) as place:
        raise BundleError(f"{place}/a/b.dcm is odd", record=str(place), remedy=f"Look at {place / 'a'}.")
    assert str(caught.value) == f"{path}: {path}/a/b.dcm is odd. Look at {path}/a."


@pytest.mark.parametrize("kind", BAD)
def test_it_is_rejected_and_leaves_nothing(
    kind: str, tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAXIMUM_FILES", 11)
    fill, words = BAD[kind]
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("good.dcm", "x")
        fill(file)
    with pytest.raises(BundleError, match=words) as caught, unpacked(path):
        pass
    assert str(path) in str(caught.value)
    assert list(temporary.iterdir()) == []
    assert sorted(tmp_path.iterdir()) == [temporary, path]


def test_total_damage_and_encryption(tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.dcm", os.urandom(5000))
    content = bytearray(path.read_bytes())
    cases = {"damaged": content.copy(), "encrypted": content.copy()}
    cases["damaged"][100] ^= 255  # within the data: its CRC no longer fits
    central = content.rindex(b"PK\1\2")
    for start in (6, central + 8):
        cases["encrypted"][start : start + 2] = struct.pack("<H", 1)
    for words, changed in (("cannot be unpacked: Bad CRC", cases["damaged"]), ("is encrypted", cases["encrypted"])):
        path.write_bytes(changed)
        with pytest.raises(BundleError, match=words), unpacked(path):
            pass
    path.write_bytes(content)
    monkeypatch.setattr(archive, "MAXIMUM_BYTES", 4000)
    with pytest.raises(BundleError, match=r"at most 0.0 GiB"), unpacked(path):
        pass
    assert list(temporary.iterdir()) == []


def test_a_file_that_is_a_zip_by_name_alone_is_called_so(tmp_path: Path) -> None:
    (tmp_path / "export.zip").write_bytes(b"no archive")
    with pytest.raises(BundleError, match=r"is called \.zip, but is no \.zip"), unpacked(tmp_path / "export.zip"):
        pass


def test_folders_and_other_files_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "x.nii").write_text("x")
    for path in (tmp_path, tmp_path / "x.nii"):
        with unpacked(path) as same:
            assert same == path


def test_termination_leaves_nothing(tmp_path: Path, temporary: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a/b.dcm", "content")
    before = signal.getsignal(signal.SIGTERM)
    seen: list[str] = []

    def terminated_within() -> None:
        with unpacked(path) as folder:
            seen.append((folder / "a" / "b.dcm").read_text())
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(SystemExit):
        terminated_within()
    assert seen == ["content"]
    assert list(temporary.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) is before
