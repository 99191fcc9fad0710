"""The voxels of a volume file as numpy arrays: whole slices, checked for their length."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.scans.volume_files.volume_file import Index, unreadable

ReadSlices = Callable[[int, int], NDArray[np.generic]]
"""Takes the first slice k and one past the last; returns their voxels (I, J, last - first)."""

CHUNK = 1 << 20
"""Bytes read or inflated at a time."""

LARGEST_RATIO = 1032
"""zlib shrinks data by 1032:1 at most (https://zlib.net/zlib_tech.html); a header that claims more is wrong."""

LONGEST_NUMBER = 32
"""Characters of a voxel written as text, with the blank behind it."""

ZLIB_OR_GZIP = 15 + 32
"""zlib's code for: the largest window, and either kind of header. Both end with a checksum that zlib compares."""


def plain_slices(path: Path, data: Path, offset: int, shape: Index, dtype: np.dtype[np.generic]) -> ReadSlices:
    """Return a reader of uncompressed voxels.

    Args:
        path: the file that errors name.
        data: the file with the voxels.
        offset: the byte at which they begin; -1 means that they are the file's last bytes.
        shape: (I, J, K).
        dtype: of a voxel.

    Raises:
        Refusal: ``UNREADABLE_SLICE``, the file is too short.
    """
    expected, size = prod(shape) * dtype.itemsize, data.stat().st_size
    if offset < 0:
        offset = size - expected
    if offset < 0 or size < offset + expected:
        problem = f"its header claims {expected} bytes of voxels, {max(size - max(offset, 0), 0)} are there"
        raise unreadable(path, ValueError(problem))

    def read(first: int, last: int) -> NDArray[np.generic]:
        one = shape[0] * shape[1]
        try:
            values = np.fromfile(data, dtype, count=one * (last - first), offset=offset + first * one * dtype.itemsize)
            return values.reshape((shape[0], shape[1], last - first), order="F")
        except (OSError, ValueError) as error:
            raise unreadable(path, error) from error

    return read


def inflated_slices(
    path: Path,
    data: Path,
    offset: int,
    shape: Index,
    dtype: np.dtype[np.generic],
    *,
    skipped: int = 0,
    length: int | None = None,
) -> ReadSlices:
    """Return a reader of voxels in zlib or gzip streams; any slice inflates everything, so that checksums are compared.

    Args:
        path: the file that errors name.
        data: the file with the streams.
        offset: the byte at which they begin.
        shape: (I, J, K).
        dtype: of a voxel.
        skipped: inflated bytes before the first voxel.
        length: bytes of the streams; None is up to the end of the file.

    Raises:
        Refusal: ``UNREADABLE_SLICE``, the streams cannot hold what the header claims.
    """
    expected = skipped + prod(shape) * dtype.itemsize
    there = data.stat().st_size - offset
    if length is not None and not 0 < length <= there:
        raise unreadable(path, ValueError(f"its header claims {length} compressed bytes, {max(there, 0)} are there"))
    there = there if length is None else length
    if expected > there * LARGEST_RATIO:
        problem = f"its header claims {expected} bytes, more than {max(there, 0)} compressed bytes can hold"
        raise unreadable(path, ValueError(problem))

    def read(first: int, last: int) -> NDArray[np.generic]:
        slice_bytes = shape[0] * shape[1] * dtype.itemsize
        start, stop = skipped + first * slice_bytes, skipped + last * slice_bytes
        kept = bytearray(stop - start)
        done = 0
        try:
            for chunk in _inflate(data, offset, there):
                low, high = max(start, done), min(stop, done + len(chunk))
                if low < high:
                    kept[low - start : high - start] = chunk[low - done : high - done]
                done += len(chunk)
                if done > expected + CHUNK:
                    raise ValueError(f"more than the {expected} bytes that its header claims")
        except (OSError, zlib.error, EOFError, ValueError) as error:
            raise unreadable(path, error) from error
        if done < expected:
            raise unreadable(path, ValueError(f"its header claims {expected} bytes, {done} are there"))
        return np.frombuffer(kept, dtype).reshape((shape[0], shape[1], last - first), order="F")

    return read


def text_slices(path: Path, data: Path, offset: int, shape: Index, dtype: np.dtype[np.generic]) -> ReadSlices:
    """Return a reader of voxels written as decimal numbers; arguments as of :func:`plain_slices`.

    Raises:
        Refusal: ``UNREADABLE_SLICE``, the file is too short or too long for that many numbers.
    """
    count, size = prod(shape), data.stat().st_size - max(offset, 0)
    if not 2 * count - 1 <= size <= LONGEST_NUMBER * count:
        raise unreadable(path, ValueError(f"its header claims {count} numbers as text, {max(size, 0)} bytes are there"))

    def read(first: int, last: int) -> NDArray[np.generic]:
        try:
            with data.open("rb") as stream:
                stream.seek(max(offset, 0))
                words = stream.read().split()
            if len(words) != count:
                raise ValueError(f"its header claims {count} numbers as text, {len(words)} are there")
            values = np.array(words, dtype="S").astype(dtype)
        except (OSError, ValueError, OverflowError) as error:
            raise unreadable(path, error) from error
        return values.reshape(shape, order="F")[:, :, first:last]

    return read


def inflate_start(path: Path, count: int) -> bytes:
    """Return the first inflated bytes of a gzip file, at most that many; the checksum is not reached.

    Raises:
        Refusal: ``UNREADABLE_SLICE``.
    """
    start = b""
    try:
        for chunk in _inflate(path, 0, path.stat().st_size):
            start += chunk
            if len(start) >= count:
                break
    except (OSError, zlib.error, EOFError) as error:
        raise unreadable(path, error) from error
    return start[:count]


def _inflate(data: Path, offset: int, length: int) -> Iterator[bytes]:
    """Yield what the streams of a file hold, one after another; zlib compares the checksum at the end of each."""
    stream = zlib.decompressobj(ZLIB_OR_GZIP)
    with data.open("rb") as file:
        file.seek(offset)
        left = length
        pending = b""
        while pending or left:
            if not pending:
                pending = file.read(min(CHUNK, left))
                if not pending:
                    raise EOFError("the file ends before its compressed data")
                left -= len(pending)
            if stream.eof:
                pending = pending.lstrip(b"\0")  # gzip allows padding behind a stream
                if not pending:
                    continue
                stream = zlib.decompressobj(ZLIB_OR_GZIP)
            chunk = stream.decompress(pending, CHUNK)
            pending = stream.unconsumed_tail or stream.unused_data
            if chunk:
                yield chunk
    while not stream.eof:
        chunk = stream.decompress(b"", CHUNK)
        if not chunk:
            raise EOFError("the compressed data break off")
        yield chunk
