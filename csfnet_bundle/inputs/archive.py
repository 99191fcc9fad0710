"""A .zip of scans, unpacked into a temporary folder that is gone afterwards."""

from __future__ import annotations

import shutil
import signal
import stat
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from pathlib import Path, PurePosixPath
from types import FrameType
from typing import Any, TypeVar, cast

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.processor_time import share

Told = TypeVar("Told")

MAXIMUM_FILES = 50_000
"""Entries: a CD with ten CT studies holds some ten thousand."""
MAXIMUM_BYTES = 16 * 2**30
"""Of all files together: twenty times a pair of thin-slice CT studies."""
MAXIMUM_RATIO = 100
"""Bytes out of each byte in: CT packs two- to fourfold, phantoms without noise some thirtyfold, zip bombs a
thousandfold."""
RATIO_COUNTS_FROM = 10 * 2**20
"""Bytes: small archives of nothing but zeros do no harm."""
LONGEST_PART, MOST_PARTS = 200, 24
"""Characters of a name and folders in each other that every file system takes."""
SYMBOLIC_LINK_MODE = 0o120000
FIRST_ENTRY = b"PK\x03\x04"
"""How a .zip begins: its first file's header."""
ZIP_SUFFIX = ".zip"
CHUNK_BYTES = 2**20
REMEDY = "Unpack it by a program that you trust, look at it, and give the folder."


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Give the folder of a .zip's files, or any other path as it is.

    The files lie in a temporary folder, which is removed at the end, on an error, Ctrl-C and termination too.

    Args:
        path: a .zip, or a folder or file.

    An error of what reads them names the archive and the path in it, since the folder is gone when it is read.

    Raises:
        BundleError: a .zip that is damaged, encrypted or too large, that unpacks too far, or that holds links or paths
            leading out of it.
    """
    if not is_archive(path):
        _reject_cut_off(path)
        yield path
        return
    # Ctrl-C unwinds the stack by itself; a termination does so once it raises too.
    with _termination_raises(), tempfile.TemporaryDirectory(prefix="csfnet-") as folder:
        target = Path(folder)
        try:
            with zipfile.ZipFile(path) as archive:
                entries = _checked(archive, path, target)
                for entry in entries:
                    _extract(archive, entry, target)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise BundleError(f"it cannot be unpacked: {error}", record=str(path), remedy="Get it again.") from None
        except BundleError as error:
            raise error.for_record(str(path)) from None
        try:
            yield target
        except BundleError as error:
            raise error.for_archive(str(target), str(path)) from None


def with_archive(value: Told, folder: Path, archive: Path) -> Told:
    """Return plain values and data classes of them with an archive's name in place of the folder that it lay in."""
    told: Any = value
    if type(value) is str:
        told = str(value).replace(str(folder), str(archive))
    elif isinstance(value, list | tuple):
        told = type(value)(with_archive(item, folder, archive) for item in value)
    elif isinstance(value, Mapping):
        told = {key: with_archive(item, folder, archive) for key, item in value.items()}
    elif is_dataclass(value) and not isinstance(value, type):
        fields_told = {item.name: with_archive(getattr(value, item.name), folder, archive) for item in fields(value)}
        told = replace(value, **fields_told)
    return cast(Told, told)


def is_archive(path: Path) -> bool:
    """Tell whether a path is a .zip, by what it holds."""
    return path.is_file() and zipfile.is_zipfile(path)


def _reject_cut_off(path: Path) -> None:
    """Reject what begins as a .zip but lacks the list of files at its end, or is one by its name alone."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        begins = file.read(len(FIRST_ENTRY))
    if begins == FIRST_ENTRY:
        raise BundleError(
            "it begins as a .zip but ends before its list of files: it was cut off or is damaged",
            record=str(path),
            remedy="Get it again.",
        )
    if path.suffix.casefold() == ZIP_SUFFIX:
        raise BundleError("it is called .zip, but is no .zip", record=str(path), remedy="Get it again.")


def _checked(archive: zipfile.ZipFile, path: Path, target: Path) -> Sequence[zipfile.ZipInfo]:
    """Return the files of an archive, after looking at what it says about all of them."""
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MAXIMUM_FILES:
        raise BundleError(f"{len(entries)} files, at most {MAXIMUM_FILES} are unpacked", remedy=REMEDY)
    for entry in entries:
        _check_entry(entry)
    total, packed = sum(entry.file_size for entry in entries), path.stat().st_size
    if total > MAXIMUM_BYTES:
        raise BundleError(f"{_gigabytes(total)} unpacked, at most {_gigabytes(MAXIMUM_BYTES)}", remedy=REMEDY)
    if total > max(RATIO_COUNTS_FROM, MAXIMUM_RATIO * packed):
        raise BundleError(
            f"it unpacks to {total / packed:.0f} times its size, at most {MAXIMUM_RATIO} times", remedy=REMEDY
        )
    free = shutil.disk_usage(target).free
    if total > free:
        raise BundleError(
            f"{_gigabytes(total)} unpacked, but {_gigabytes(free)} are free in {target.parent}",
            remedy="Set TMPDIR to a folder on a larger disk.",
        )
    return entries


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or any(character in name for character in ":\\\0"):
        raise BundleError(f"the path {name!r} leads out of the archive", remedy=REMEDY)
    if len(parts) > MOST_PARTS or max(map(len, parts), default=0) > LONGEST_PART:
        raise BundleError(f"the path {name[:80]!r}... is too long", remedy=REMEDY)
    mode = entry.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        kind = "a symbolic link" if stat.S_IFMT(mode) == SYMBOLIC_LINK_MODE else "no regular file"
        raise BundleError(f"{name!r} is {kind}", remedy=REMEDY)
    if entry.flag_bits & 0x1:
        raise BundleError("it is encrypted", remedy="Unpack it with its password and give the folder.")


@share("reading")
def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    """Write one file; no more bytes than the archive declares for it."""
    place = target.joinpath(*PurePosixPath(entry.filename).parts)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(entry) as source, place.open("xb") as file:
            shutil.copyfileobj(source, file, CHUNK_BYTES)
    except OSError as error:
        raise BundleError(f"{entry.filename!r} cannot be unpacked: {error.strerror or error}", remedy=REMEDY) from None


def _gigabytes(count: int) -> str:
    return f"{count / 2**30:.1f} GiB"


@contextmanager
def _termination_raises() -> Iterator[None]:
    """Turn SIGTERM into SystemExit while the block runs, in the main thread, which alone takes signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
