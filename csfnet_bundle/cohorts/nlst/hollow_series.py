"""Series of which only what is needed was fetched: files of the true size, hollow where nothing was asked for.

The readers need no change: they read headers, choose slices and decode these. So a ROI is what it would be of the whole
series, bit for bit. A hollow file stands under a temporary name and is removed once its ROIs are cut.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path

from csfnet_bundle.cohorts.nlst.index import IndexedSeries
from csfnet_bundle.cohorts.nlst.object_ranges import Bucket, Range, RemoteFile
from csfnet_bundle.scans.dicom import Series
from csfnet_bundle.scans.dicom.header import Skip
from csfnet_bundle.scans.dicom.instance import BYTES_PER_PIXEL, Instance
from csfnet_bundle.scans.dicom.roi import RoiPlan
from csfnet_bundle.scans.dicom.scan import read_instances
from csfnet_bundle.scans.dicom.syntaxes import ALLOWED

HEAD_BYTES = 8 * 1024
"""Asked for of every file: NLST's headers take 2 to 5 kB. Where one is longer, the whole file is fetched."""
WRITTEN_NS = 10**18
"""The time of all hollow files: completing one is no change to a reader that has its header."""


@dataclass
class HollowSeries:
    """A series in a folder of hollow files.

    Attributes:
        indexed: what the index says of it.
        folder: where its files are.
        files: the objects, by the name of their files.
        whole: names of the files that are complete.
        parts: first byte and end of what others have of their pixels, by name.
    """

    indexed: IndexedSeries
    folder: Path
    files: dict[str, RemoteFile] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    parts: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    def fetch_headers(self, bucket: Bucket) -> None:
        """Make the files with their headers; raises BundleError."""
        self.files = {file.name: file for file in bucket.files(self.indexed)}
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write(bucket, [(file, 0, min(HEAD_BYTES, file.size)) for file in self.files.values()])
        self.whole = {name for name, file in self.files.items() if file.size <= HEAD_BYTES}
        self.fill(bucket, [name for name in self.files if not _is_header_whole(self.folder / name)])

    def fetch_rows(self, bucket: Bucket, series: Series, plan: RoiPlan) -> None:
        """Fetch the rows that a plan reads, of its slices and of their copies; of compressed slices the whole file.

        Rows beside them repeat them, so that the check for HU, which counts the pixels of whole slices, judges what
        was fetched.

        Raises:
            BundleError: they cannot be fetched.
        """
        _, rows = plan.area
        ranges, slices = [], []
        for item in _with_copies(series, plan.instances):
            name = Path(item.path).name
            if ALLOWED[item.syntax_uid].codestream is not None or item.excess:
                self.fill(bucket, [name])
            row_bytes = item.columns * BYTES_PER_PIXEL
            start, end = (item.pixel_offset + row * row_bytes for row in (rows.start, rows.stop))
            if name not in self.whole and not any(a <= start and end <= b for a, b in self.parts.get(name, ())):
                ranges.append((self.files[name], start, end))
                slices.append(item)
        found = bucket.read(self.indexed, ranges)
        for part, item in zip(ranges, slices, strict=True):
            (file, start, end), row_bytes = part, item.columns * BYTES_PER_PIXEL
            if file.name not in self.parts:
                around = _repeated(found[part], start - item.pixel_offset, item.rows * row_bytes)
                self._put(file, item.pixel_offset, around)
            self._put(file, start, found[part])
            self.parts.setdefault(file.name, []).append((start, end))

    def fetch_slices(self, bucket: Bucket, series: Series, needed: Sequence[Instance]) -> None:
        """Complete the files of slices of the series, and of their copies; raises BundleError."""
        self.fill(bucket, [Path(item.path).name for item in _with_copies(series, needed)])

    def fill(self, bucket: Bucket, names: Iterable[str]) -> None:
        """Complete files; raises BundleError."""
        missing = [self.files[name] for name in dict.fromkeys(names) if name not in self.whole]
        self._write(bucket, [(file, HEAD_BYTES, file.size) for file in missing])
        self.whole |= {file.name for file in missing}

    def _write(self, bucket: Bucket, ranges: list[Range]) -> None:
        for (file, start, _), content in bucket.read(self.indexed, ranges).items():
            self._put(file, start, content)

    def _put(self, file: RemoteFile, start: int, content: bytes) -> None:
        path = self.folder / file.name
        path.touch()
        with path.open("r+b") as stream:
            stream.truncate(file.size)
            stream.seek(start)
            stream.write(content)
        os.utime(path, ns=(WRITTEN_NS, WRITTEN_NS))


def _with_copies(series: Series, needed: Sequence[Instance]) -> list[Instance]:
    wanted = {id(item) for item in needed}
    return [*needed, *(copy for kept, copy in series.duplicates if id(kept) in wanted)]


def _repeated(content: bytes, start: int, length: int) -> bytes:
    """Return bytes of that length that have the content at ``start``, and it again and again beside it."""
    before = -start % len(content)
    repeats = ceil((before + length) / len(content))
    return (content * repeats)[before : before + length]


def _is_header_whole(path: Path) -> bool:
    """Say whether all that the header pass reads was fetched: it ends where the pixels begin."""
    found = read_instances(str(path))
    if isinstance(found, Skip):
        return False
    return all(item.fault is None and 0 < item.pixel_offset <= HEAD_BYTES and item.frames == 1 for item in found)
