"""Data sets without the beginning that DICOM files have: 128 bytes of preamble and ``DICM`` (PS3.10, 7.1)."""

from __future__ import annotations

from struct import Struct

_HEAD = Struct("<HH2sH")
_IMPLICIT_LENGTH = Struct("<L")
_META_GROUP, _IDENTIFYING_GROUP = 0x0002, 0x0008
_LARGEST_ELEMENT = 0x0100
"""The first elements of a data set are group length, character set, ImageType and the like, far below it."""
_LONGEST_FIRST_VALUE = 1024
"""Bytes; the first values of a data set are codes and UIDs."""
_STARTS = (0, 4, 128, 132)
"""Where elements may begin: at once, after ``DICM`` alone, after a preamble without ``DICM``, and where they should,
``DICM`` itself being damaged."""


def bare_data_set(head: bytes) -> int | None:
    """Return where DICOM elements begin in a file that does not start as DICOM; None if it holds none."""
    for start in _STARTS:
        if _begins_here(head, start):
            return start
    return None


def _begins_here(head: bytes, start: int) -> bool:
    """Whether two elements stand here, one after the other, as at the beginning of a data set."""
    position, before = start, (0, 0)
    for _ in range(2):
        if position + _HEAD.size > len(head):
            return False
        group, element, vr, length = _HEAD.unpack_from(head, position)
        if group not in (_META_GROUP, _IDENTIFYING_GROUP) or element > _LARGEST_ELEMENT or (group, element) < before:
            return False
        before = group, element + 1
        value = position + _HEAD.size
        if vr in (b"OB", b"UN", b"SQ") and value + 4 <= len(head):
            length = _IMPLICIT_LENGTH.unpack_from(head, value)[0]
            value += 4
        elif not (vr.isalpha() and vr.isupper()):
            length = _IMPLICIT_LENGTH.unpack_from(head, position + 4)[0]
        if length > _LONGEST_FIRST_VALUE:
            return False
        position = value + length
    return True
