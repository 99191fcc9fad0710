"""Where the frames lie in encapsulated pixel data (DICOM PS3.5, A.4): items, the first an offset table."""

from __future__ import annotations

from struct import Struct
from typing import BinaryIO

from csfnet_bundle.scans.dicom.tolerances import MAX_FRAMES

ITEM_BYTES = 8
"""Tag and length of an item."""

_ITEM = Struct("<HHL")
_DELIMITER = (0xFFFE, 0xE0DD)
_FRAGMENT = (0xFFFE, 0xE000)


class EncapsulationError(Exception):
    """The items are damaged, cut off, or do not match the number of frames."""


def read_fragments(data: bytes, has_offset_table: bool) -> bytes:
    """Return the bytes of one frame from its items.

    Args:
        data: the items; everything after a sequence delimiter is ignored.
        has_offset_table: whether the first item is the offset table, and the delimiter must be there.

    Raises:
        EncapsulationError: damaged or cut off.
    """
    fragments = []
    position = 0
    while position < len(data) or has_offset_table:
        if position + ITEM_BYTES > len(data):
            raise EncapsulationError("the fragments are cut off")
        group, element, length = _ITEM.unpack_from(data, position)
        position += ITEM_BYTES
        if (group, element) == _DELIMITER:
            break
        if (group, element) != _FRAGMENT:
            raise EncapsulationError("the fragments are damaged")
        if position + length > len(data):
            raise EncapsulationError("the fragments are cut off")
        fragments.append(data[position : position + length])
        position += length
    return b"".join(fragments[1:] if has_offset_table else fragments)


def locate_frames(file: BinaryIO, offset: int, frames: int) -> list[tuple[int, int]]:
    """Return where the items of each frame start in the file, and how long they are together.

    Args:
        file: the file, opened for reading bytes.
        offset: where the value of the pixel data starts.
        frames: the number of frames that the header claims.

    Raises:
        EncapsulationError: damaged, cut off, or the items cannot be told apart by frame.
    """
    file.seek(offset)
    table_length = _item_length(file)
    if table_length is None or table_length % 4:
        raise EncapsulationError("the offset table is damaged")
    if table_length > 4 * MAX_FRAMES:
        raise EncapsulationError(f"the offset table is over {MAX_FRAMES} frames long")
    table = file.read(table_length)
    if len(table) != table_length:
        raise EncapsulationError("the offset table is cut off")
    base = offset + ITEM_BYTES + table_length
    starts, position = [], base
    while True:
        file.seek(position)
        length = _item_length(file)
        if length is None:
            break
        starts.append(position)
        position += ITEM_BYTES + length
        if len(starts) > 16 * MAX_FRAMES:
            raise EncapsulationError("too many fragments")
    if len(starts) != frames:
        firsts = [base + start for (start,) in Struct("<L").iter_unpack(table)]
        if len(firsts) != frames or firsts != sorted(set(firsts)) or not set(firsts) <= set(starts):
            raise EncapsulationError(f"{len(starts)} fragments for {frames} frames, and no offset table that fits")
        starts = firsts
    return [(start, end - start) for start, end in zip(starts, [*starts[1:], position], strict=True)]


def _item_length(file: BinaryIO) -> int | None:
    """Read the head of an item; return its length, None at the delimiter."""
    head = file.read(ITEM_BYTES)
    if len(head) < ITEM_BYTES:
        raise EncapsulationError("the fragments are cut off")
    group, element, length = _ITEM.unpack(head)
    if (group, element) == _DELIMITER:
        return None
    if (group, element) != _FRAGMENT:
        raise EncapsulationError("the fragments are damaged")
    return int(length)
