"""Writing files so that a reader never sees half of one, and file names for pairs, whose names may hold anything."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from csfnet_bundle.core.errors import BundleError

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
"""What is taken over as it stands. Without the underscore, which separates subject and nodule in the file's name."""

LONGEST_STEM = 100
"""Characters; with an ending and a temporary suffix it stays under the 143 bytes that encrypted folders allow."""

DIGEST_LENGTH = 12
"""Hexadecimal digits: enough that two names of one cohort do not meet."""

FULL = (errno.ENOSPC, errno.EDQUOT)
"""What systems say of a disk, or a user's share of it, that is full."""


class NotWritableError(BundleError, OSError):
    """A file or folder that the system does not let us write; an OSError too, for those who go on without the file."""


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; on success it is renamed to ``path``, on failure removed."""
    with _named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        _tell_full(error, path)
        raise


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write ``content`` (text as UTF-8) to ``path`` in one step."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside ``path``, which must not exist; on success it is renamed, on failure removed."""
    with _named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield temporary
        temporary.chmod(0o755)
        temporary.rename(path)
    except BaseException as error:
        shutil.rmtree(temporary, ignore_errors=True)
        _tell_full(error, path)
        raise


def require_new(path: Path, option: str = "--out") -> None:
    """Check before long work that a file or folder can be made.

    Args:
        path: that will be made.
        option: that names it.

    Raises:
        BundleError: it is there already, or nothing can be written where it would be.
    """
    if path.exists():
        raise BundleError(f"{path} exists already", remedy=f"Name another by {option}, or remove this one.")
    require_writable(path, option)


def require_writable(path: Path, option: str = "--out") -> None:
    """Check before long work that a file or folder can be made, or what it holds be replaced.

    Raises:
        BundleError: nothing can be written there.
    """
    above = next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        reason = f"{above} {'is no folder' if not above.is_dir() else 'cannot be written to'}"
        raise BundleError(f"{path} cannot be made: {reason}", remedy=f"Name another by {option}.")


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Name the path that was asked for, not the hidden one beside it, where the system refuses to make a file."""
    try:
        yield
    except OSError as error:
        raise _not_writable(path, error) from error


def is_disk_full(error: BaseException | None) -> bool:
    """Say whether a full disk is behind an error; libraries hide it in errors of their own."""
    return _full_disk(error) is not None


def _full_disk(error: BaseException | None) -> OSError | None:
    while error is not None:
        if isinstance(error, OSError) and error.errno in FULL:
            return error
        error = error.__cause__ or error.__context__
    return None


def _tell_full(error: BaseException, path: Path) -> None:
    if (full := _full_disk(error)) is not None:
        raise _not_writable(path, full) from error


def _not_writable(path: Path, error: OSError) -> NotWritableError:
    reason = "the disk is full" if error.errno in FULL else error.strerror or str(error)
    remedy = "Free space, or name another place." if error.errno in FULL else "Name another place."
    told = NotWritableError(f"cannot be written: {reason}", record=str(path), remedy=remedy)
    told.errno, told.strerror = error.errno, error.strerror
    return told


def file_stem(subject: str, nodule: str) -> str:
    """Return a file name without ending for a pair: never a path, and different for different pairs.

    ``("100012", "1")`` gives ``100012_1``. A name with other characters than letters, digits, dots and hyphens has them
    replaced and gets a digest of the original at its end.
    """
    stem = f"{subject}_{nodule}"
    if PLAIN.fullmatch(subject) and PLAIN.fullmatch(nodule) and len(stem) <= LONGEST_STEM:
        return stem
    digest = hashlib.sha256(f"{subject}/{nodule}".encode(errors="backslashreplace")).hexdigest()[:DIGEST_LENGTH]
    replaced = re.sub(r"[^A-Za-z0-9-]+", "-", stem).strip("-")
    return f"{replaced[: LONGEST_STEM - DIGEST_LENGTH - 1]}_{digest}"
