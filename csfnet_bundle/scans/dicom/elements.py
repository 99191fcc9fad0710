"""DICOM's data elements as bytes: a bounded walk over them, without recursion, that trusts no length."""

from __future__ import annotations

from collections.abc import Set
from struct import Struct

from csfnet_bundle.core.errors import RefusalCode
from csfnet_bundle.scans.dicom.tags import FIRST_PIXEL_TAG, SEQUENCES

UNDEFINED_LENGTH = 0xFFFFFFFF
PREAMBLE_BYTES = 128
ELEMENT_BYTES = 8
"""Fewest bytes of an element: tag, value representation and length (or tag and long length)."""

LONG_VRS = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
SHORT_VRS = frozenset(
    b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split()
)  # PS3.5, table 7.1-2: a length of two bytes
_ITEM_GROUP, _ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFE, 0xE000, 0xE00D, 0xE0DD
EXPLICIT = {True: Struct("<HH2sH").unpack_from, False: Struct(">HH2sH").unpack_from}
_IMPLICIT = {True: Struct("<HHL").unpack_from, False: Struct(">HHL").unpack_from}
LONG = {True: Struct("<L").unpack_from, False: Struct(">L").unpack_from}


class HeaderError(Exception):
    """A file that is, or stands for, a DICOM file and cannot be read; ``values`` are the elements before the damage."""

    def __init__(
        self,
        problem: str,
        values: dict[int, bytes],
        syntax_uid: str = "",
        code: RefusalCode = RefusalCode.UNREADABLE_SLICE,
        remedy: str = "",
    ) -> None:
        super().__init__(problem)
        self.values = values
        self.syntax_uid = syntax_uid
        self.code = code
        self.remedy = remedy


class IncompleteError(Exception):
    """The bytes at hand end before the pixel data; ``needed`` bytes would be enough to go on."""

    def __init__(self, needed: int, at_element: bool) -> None:
        super().__init__(needed)
        self.needed = needed
        self.at_element = at_element


class ElementReader:
    """Reads the head of an element: its group, its length, and where its value starts."""

    def __init__(self, explicit: bool, little: bool) -> None:
        self._explicit, self._little = explicit, little
        self.item_tag = b"\xfe\xff\x00\xe0" if little else b"\xff\xfe\xe0\x00"

    def __call__(self, data: bytes, position: int) -> tuple[int, int, int]:
        """Return group, length, and the position of the value; ``data`` holds eight bytes there at least."""
        group, _, vr, length = EXPLICIT[self._little](data, position)
        if not self._explicit or group == _ITEM_GROUP:
            return group, LONG[self._little](data, position + 4)[0], position + ELEMENT_BYTES
        if vr not in LONG_VRS:
            return group, length, position + ELEMENT_BYTES
        if position + 12 > len(data):
            return group, 0, len(data)
        return group, LONG[self._little](data, position + ELEMENT_BYTES)[0], position + 12


def walk(
    data: bytes,
    position: int,
    explicit: bool,
    little: bool,
    wanted: Set[int],
    values: dict[int, bytes],
    stop_group: int = 0,
) -> int:
    """Collect the wanted top-level values; return where the pixel data element (or the next group) starts.

    Raises:
        IncompleteError: the bytes end before.
        HeaderError: they are no DICOM elements.
    """
    explicit_element, implicit_element, long_length = EXPLICIT[little], _IMPLICIT[little], LONG[little]
    end = len(data)
    depth = 0  # of sequences of undefined length; those with a length are skipped in one step
    explicit_again = -1  # depth at which explicit value representations return after an unknown one (PS3.5, 6.2.2)
    while True:
        if position + ELEMENT_BYTES > end:
            raise IncompleteError(position + ELEMENT_BYTES, at_element=depth == 0)
        if explicit:
            group, element, vr, length = explicit_element(data, position)
        else:
            group, element, length = implicit_element(data, position)
            vr = b"  "
        tag = group << 16 | element
        if depth:
            if group == _ITEM_GROUP:
                length = long_length(data, position + 4)[0]
                position += ELEMENT_BYTES
                if element == _SEQUENCE_END:
                    depth -= 1
                    if depth == explicit_again:
                        explicit, explicit_again = True, -1
                elif element == _ITEM and length != UNDEFINED_LENGTH:
                    position += length
                elif element not in (_ITEM, _ITEM_END):
                    raise HeaderError(f"unknown item ({group:04X},{element:04X}) at byte {position}", values)
                continue
        elif tag >= FIRST_PIXEL_TAG or (stop_group and group != stop_group):
            if group == _ITEM_GROUP:
                raise HeaderError(f"an item outside a sequence at byte {position}", values)
            return position
        position += ELEMENT_BYTES
        if explicit:
            if vr in LONG_VRS:
                if position + 4 > end:
                    raise IncompleteError(position + 4, at_element=False)
                length = long_length(data, position)[0]
                position += 4
            elif vr not in SHORT_VRS:
                raise HeaderError(f"unknown value representation {vr!r} at byte {position}", values)
        if length == UNDEFINED_LENGTH:
            if not depth and tag in SEQUENCES and tag in wanted:
                values[tag] = b""  # it is there; where it ends is not known yet
            if vr == b"UN":
                explicit, explicit_again = False, depth
            depth += 1
            continue
        if not depth and tag in wanted:
            if position + length > end:
                raise IncompleteError(position + length, at_element=False)
            values[tag] = data[position : position + length]
        position += length
