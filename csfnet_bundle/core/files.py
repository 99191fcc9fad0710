"""Writing files so that a reader never sees half of one, and file names for pairs, whose names may hold anything."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
"""What is taken over as it stands. Without the underscore, which separates subject and nodule in the file's name."""

LONGEST_STEM = 100
"""Characters; with an ending and a temporary suffix it stays under the 143 bytes that encrypted folders allow."""

DIGEST_LENGTH = 12
"""Hexadecimal digits: enough that two names of one cohort do not meet."""


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; on success it is renamed to ``path``, on failure removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write ``content`` (text as UTF-8) to ``path`` in one step."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside ``path``, which must not exist; on success it is renamed, on failure removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield temporary
        temporary.chmod(0o755)
        temporary.rename(path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


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
