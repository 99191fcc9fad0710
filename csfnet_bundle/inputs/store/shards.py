"""The two files of one writer: values and their index, appended to by one process and mapped by all."""

from __future__ import annotations

import fcntl
import mmap
import os
import secrets
import socket
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from csfnet_bundle.inputs.store.entry import line_head

VALUES, INDEX = ".values", ".index"


class ShardWriter:
    """Appends to a pair of files that no other process writes to; both are new.

    Values come first and the line last, so that a line always has its values. The index is locked while it is open:
    a purge then knows that it must wait.

    Args:
        folder: the store's.
    """

    def __init__(self, folder: Path) -> None:
        self.name = f"{socket.gethostname()[:16]}-{os.getpid()}-{secrets.token_hex(4)}"
        # Without a buffer, which would keep what could not be written and write it later.
        self._values = (folder / f"{self.name}{VALUES}").open("xb", buffering=0)
        self._index = (folder / f"{self.name}{INDEX}").open("xb", buffering=0)
        fcntl.flock(self._index, fcntl.LOCK_EX)
        self.process = os.getpid()

    def __del__(self) -> None:
        if hasattr(self, "process"):
            self.close()

    @property
    def offset(self) -> int:
        """Where the next values will lie."""
        return self._values.tell()

    def append(self, values: memoryview | bytes, line: bytes) -> None:
        """Append values and their line.

        Raises:
            OSError: they cannot be written; the files are as they were.
        """
        start = self.offset
        _write(self._values, values)
        try:
            self.append_line(line)
        except OSError:
            _cut(self._values, start)
            raise

    def append_line(self, line: bytes) -> None:
        """Append a line without values; raises OSError."""
        _write(self._index, line)

    def close(self) -> None:
        """Close both files; empty ones are removed."""
        self._values.close()
        self._index.close()
        if self.process == os.getpid() and Path(str(self._index.name)).parent.is_dir():
            for file in (self._values, self._index):
                path = Path(str(file.name))
                if path.is_file() and path.stat().st_size == 0 and not path.with_suffix(INDEX).stat().st_size:
                    path.unlink()


def _write(file: FileIO, content: memoryview | bytes) -> None:
    """Write all of it, or nothing; raises OSError."""
    start = file.tell()
    left = memoryview(content)
    try:
        while left:
            left = left[file.write(left) or 0 :]
    except OSError:
        _cut(file, start)
        raise


def _cut(file: FileIO, length: int) -> None:
    file.truncate(length)
    file.seek(length)


class ShardReader:
    """Reads a shard, which may grow meanwhile.

    Args:
        index: the index file.
    """

    def __init__(self, index: Path) -> None:
        self.index = index
        self.values = index.with_suffix(VALUES)
        self.read_to = 0
        self.damaged_lines = 0
        self._inode = 0
        self._lines = b""
        self._map: mmap.mmap | None = None

    def new_lines(self) -> Iterator[tuple[str, str, int, int]]:
        """Yield kind, key, start and end of each sound line that was not read yet."""
        with self.index.open("rb") as file:
            self._inode = os.fstat(file.fileno()).st_ino
            file.seek(self.read_to)
            new = file.read()
        self._lines += new
        while (end := self._lines.find(b"\n", self.read_to)) >= 0:
            start, stop = self.read_to, end + 1
            self.read_to = stop
            head = line_head(self._lines[start:stop])
            if head is None:
                self.damaged_lines += 1
            else:
                yield *head, start, stop
        self._lines = self._lines[: self.read_to]  # what is cut off may be written to its end later

    @property
    def was_replaced(self) -> bool:
        """Whether the file is gone, another one, or shorter than what was read."""
        try:
            status = self.index.stat()
        except FileNotFoundError:
            return True
        return status.st_ino != self._inode or status.st_size < self.read_to

    def line(self, start: int, stop: int) -> bytes:
        """Return a line that was read."""
        return self._lines[start:stop]

    def block(self, offset: int, length: int) -> memoryview:
        """Return bytes of the values file, read when they are looked at; fewer where the file ends before."""
        if self._map is None or len(self._map) < offset + length:
            with self.values.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return memoryview(self._map)[offset : offset + length]
