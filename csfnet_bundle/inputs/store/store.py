"""The store itself: finds, reads and appends entries; one object a process for each folder."""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.inputs.store.entry import Source, StoredRoi, checked_line, line_content
from csfnet_bundle.inputs.store.shards import INDEX, ShardReader, ShardWriter

HEAD = "rois.json"
FORMAT, VERSION = "ROI store of csfnet_bundle", 1
VALUES_TYPE = np.dtype("<f4")
ROI_LINE, SOURCES_LINE = "roi", "sources"


class DamagedEntry(Exception):
    """The values of an entry are not those that were written."""


class RoiStore:
    """A folder of ROIs; use :func:`open_store`.

    Args:
        folder: its place, made at the first append.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.checked: dict[object, StoredRoi] = {}
        """What was compared with its images in this run. Processes that are forked later know it too."""
        self.is_broken = False
        """Whether writing to it has failed in this process."""
        self._lock = RLock()
        self._shards: dict[str, ShardReader] = {}
        self._places: dict[str, list[tuple[str, int, int]]] = {}
        self._further: dict[str, list[tuple[Source, ...]]] = {}
        self._writer: ShardWriter | None = None

    def refresh(self) -> None:
        """Look for what was written since the last look; what was taken out is forgotten.

        Raises:
            BundleError: the folder holds a store of another version.
        """
        with self._lock:
            if not self.folder.is_dir():
                self._forget()
                return
            check_head(self.folder)
            if any(shard.was_replaced for shard in self._shards.values()):
                self._forget()
            with os.scandir(self.folder) as files:
                names = sorted(file.name for file in files if file.name.endswith(INDEX))
            for name in names:
                shard = self._shards.setdefault(name, ShardReader(self.folder / name))
                for kind, key, start, stop in shard.new_lines():
                    if kind == ROI_LINE:
                        self._places.setdefault(key, []).append((name, start, stop))
                    elif kind == SOURCES_LINE:
                        content = line_content(shard.line(start, stop))
                        sources = tuple(Source(**source) for source in content["sources"])
                        self._further.setdefault(content["place"], []).append(sources)

    def __iter__(self) -> Iterator[StoredRoi]:
        """Yield all entries."""
        for key in list(self._places):
            yield from self.entries(key)

    def entries(self, key: str) -> list[StoredRoi]:
        """Return the entries of a key, the newest first."""
        found = [self._entry(*place) for place in self._places.get(key, ())]
        return sorted(found, key=lambda entry: -entry.written_ns)

    def _entry(self, name: str, start: int, stop: int) -> StoredRoi:
        shard = self._shards[name]
        return StoredRoi.from_plain(line_content(shard.line(start, stop)), shard.values.name)

    def all_sources(self, entry: StoredRoi) -> list[tuple[Source, ...]]:
        """Return the sources that an entry is known to show: its own, and copies of the same scans."""
        return [entry.sources, *self._further.get(entry.place, ())]

    @property
    def damaged_lines(self) -> int:
        """Lines of the manifest that cannot be read."""
        return sum(shard.damaged_lines for shard in self._shards.values())

    def values(self, entry: StoredRoi) -> NDArray[np.float32]:
        """Return an entry's values, (S, D, H, W) HU, mapped from the file and compared with their checksum.

        Raises:
            DamagedEntry: they are not what was written.
        """
        name = Path(entry.values).with_suffix(INDEX).name
        try:
            block = self._shards[name].block(entry.offset, entry.length)
        except (OSError, ValueError) as error:  # no file, or an empty one
            raise DamagedEntry(str(error)) from None
        if len(block) != entry.length or zlib.crc32(block) != entry.crc32:
            raise DamagedEntry(f"{entry.values}, byte {entry.offset}: the checksum differs")
        return np.frombuffer(block, VALUES_TYPE).reshape(entry.shape)

    def append(self, entry: StoredRoi, values: NDArray[np.float32]) -> StoredRoi:
        """Write an entry and return it with its place.

        Args:
            entry: offset, checksum, time and file are filled in here.
            values: HU, of the entry's shape.

        Raises:
            OSError: the store cannot be written.
        """
        block = np.ascontiguousarray(values, VALUES_TYPE).data.cast("B")
        with self._lock:
            writer = self._open_writer()
            placed = replace(
                entry,
                offset=writer.offset,
                crc32=zlib.crc32(block),
                written_ns=time.time_ns(),
                values=f"{writer.name}.values",
            )
            writer.append(block, placed.to_line())
            self.refresh()
        return placed

    def add_sources(self, entry: StoredRoi, sources: Sequence[Source]) -> None:
        """Note that other files show the same ROIs, so that they need not be compared again; raises OSError."""
        content: dict[str, Any] = {"place": entry.place, "sources": [vars(source) for source in sources]}
        with self._lock:
            self._open_writer().append_line(checked_line(SOURCES_LINE, entry.key, content))
            self.refresh()

    def close_writer(self) -> None:
        """Let go of the files that this process writes to."""
        with self._lock:
            if self._writer is not None and self._writer.process == os.getpid():
                self._writer.close()
            self._writer = None

    def _open_writer(self) -> ShardWriter:
        if self._writer is None or self._writer.process != os.getpid():  # a forked process has files of its own
            make_folder(self.folder)
            self._writer = ShardWriter(self.folder)
        return self._writer

    def _forget(self) -> None:
        for known in (self._shards, self._places, self._further, self.checked):
            known.clear()


_OPEN: dict[Path, RoiStore] = {}


def open_store(folder: Path) -> RoiStore:
    """Return the store of a folder, the same object to all callers of this process; it need not exist yet."""
    folder = folder.absolute()
    if folder not in _OPEN:
        store = RoiStore(folder)
        store.refresh()
        _OPEN[folder] = store
    return _OPEN[folder]


def is_store(folder: Path) -> bool:
    """Say whether a folder is a ROI store."""
    return (folder / HEAD).is_file()


def make_folder(folder: Path) -> None:
    """Make a store's folder, or check that it is one; raises BundleError, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    if not is_store(folder):
        write_atomically(folder / HEAD, json.dumps({"format": FORMAT, "version": VERSION}) + "\n")
    check_head(folder)


def check_head(folder: Path) -> None:
    """Reject a store that this version cannot read; a folder without a head is an empty store.

    Raises:
        BundleError: naming what stands there.
    """
    if not is_store(folder):
        return
    try:
        head = json.loads((folder / HEAD).read_text(encoding="utf-8"))
        found = (head["format"], head["version"])
    except (OSError, ValueError, KeyError, TypeError):
        found = ("nothing that can be read", 0)
    if found != (FORMAT, VERSION):
        raise BundleError(
            f"{HEAD} says {found[0]!r}, version {found[1]}; expected {FORMAT!r}, version {VERSION}",
            record=str(folder),
            remedy="Name another folder for the ROIs.",
        )
