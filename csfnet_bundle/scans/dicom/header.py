"""A bounded pass over the header of one DICOM file: only the elements wanted, and where the pixels lie.

pydicom reads a header element by element into objects; for 300 slices that alone takes longer than the ROI may. This
pass walks over the bytes, keeps the values of a few elements, and trusts nothing: lengths are checked against the bytes
at hand, nesting costs a counter and no recursion, and a header that ends before its pixel data is never accepted.
"""

from __future__ import annotations

import os
from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum
from struct import Struct

from csfnet_bundle.core.errors import RefusalCode
from csfnet_bundle.core.file_kinds import ARCHIVES, POINTERS, file_kind
from csfnet_bundle.scans.dicom.bare import bare_data_set
from csfnet_bundle.scans.dicom.syntaxes import ALLOWED, TransferSyntax
from csfnet_bundle.scans.dicom.tags import (
    DICOMDIR_CLASS,
    FIRST_PIXEL_TAG,
    META_SOP_CLASS,
    META_TRANSFER_SYNTAX,
    PIXEL_DATA,
    SEQUENCES,
    WANTED,
    text,
)
from csfnet_bundle.scans.dicom.tolerances import HEADER_BYTES, HEADER_GROWTH, MAX_HEADER_BYTES

UNDEFINED_LENGTH = 0xFFFFFFFF
PREAMBLE_BYTES = 128
ELEMENT_BYTES = 8
"""Fewest bytes of an element: tag, value representation and length (or tag and long length)."""

_LONG_VRS = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
_SHORT_VRS = frozenset(
    b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split()
)  # PS3.5, table 7.1-2: a length of two bytes
_META_WANTED = frozenset((META_SOP_CLASS, META_TRANSFER_SYNTAX))
_ITEM_GROUP, _ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFE, 0xE000, 0xE00D, 0xE0DD
_EXPLICIT = {True: Struct("<HH2sH").unpack_from, False: Struct(">HH2sH").unpack_from}
_IMPLICIT = {True: Struct("<HHL").unpack_from, False: Struct(">HHL").unpack_from}
_LONG = {True: Struct("<L").unpack_from, False: Struct(">L").unpack_from}


class ElementReader:
    """Reads the head of an element: its group, its length, and where its value starts."""

    def __init__(self, explicit: bool, little: bool) -> None:
        self._explicit, self._little = explicit, little
        self.item_tag = b"\xfe\xff\x00\xe0" if little else b"\xff\xfe\xe0\x00"

    def __call__(self, data: bytes, position: int) -> tuple[int, int, int]:
        """Return group, length, and the position of the value; ``data`` holds eight bytes there at least."""
        group, _, vr, length = _EXPLICIT[self._little](data, position)
        if not self._explicit or group == _ITEM_GROUP:
            return group, _LONG[self._little](data, position + 4)[0], position + ELEMENT_BYTES
        if vr not in _LONG_VRS:
            return group, length, position + ELEMENT_BYTES
        if position + 12 > len(data):
            return group, 0, len(data)
        return group, _LONG[self._little](data, position + ELEMENT_BYTES)[0], position + 12


class Skip(StrEnum):
    """Why a file is no slice of any series; such files are counted, not refused."""

    NO_DICOM = "no DICOM"
    EMPTY = "empty file"
    LINK = "symbolic link, not followed"
    SPECIAL = "not a regular file"
    DIRECTORY_FILE = "DICOMDIR"
    NO_IMAGE = "DICOM without an image"
    OTHER_KIND = "DICOM of another kind"
    PAGE = "picture without geometry"
    UNREADABLE = "folder without permission to read"
    ZIP = "zip archive"
    ARCHIVE = "archive"
    GZIP = "gzip file"
    NRRD = "NRRD file"
    NIFTI = "NIfTI file"
    METAIMAGE = "MetaImage"
    HTML = "web page"


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


class _Incomplete(Exception):
    """The bytes at hand end before the pixel data; ``needed`` bytes would be enough to go on."""

    def __init__(self, needed: int, at_element: bool) -> None:
        super().__init__(needed)
        self.needed = needed
        self.at_element = at_element


@dataclass(frozen=True)
class Header:
    """What the pass found.

    Attributes:
        values: raw values by tag (group << 16 | element), of the wanted elements present.
        syntax: the file's transfer syntax; its byte order is that of ``values``.
        explicit_vr: whether the data set really has explicit value representations (some writers declare it wrongly).
        size: bytes of the file.
        modified_ns: its time of modification.
        pixel_offset: where the pixel data's value starts; -1 if the file has none.
        pixel_length: its length in bytes, or :data:`UNDEFINED_LENGTH` for encapsulated frames.
        pixel_element: where the pixel data element itself starts; the header ends there.
    """

    values: dict[int, bytes]
    syntax: TransferSyntax
    explicit_vr: bool
    size: int
    modified_ns: int
    pixel_offset: int
    pixel_length: int
    pixel_element: int


def read_header(path: str | os.PathLike[str], wanted: Set[int] = WANTED) -> Header | Skip:
    """Read the header of a file.

    Raises:
        HeaderError: the file is DICOM, and its header is damaged, cut off, too long, or in a transfer syntax that is
            not on the allow-list.
        OSError: the file cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    try:
        status = os.fstat(descriptor)
        data = os.read(descriptor, HEADER_BYTES)
        if not data:
            return Skip.EMPTY
        if data[PREAMBLE_BYTES : PREAMBLE_BYTES + 4] != b"DICM":
            return _no_dicom(data, wanted)
        values: dict[int, bytes] = {}
        while True:
            try:
                return _parse(data, wanted, values, status)
            except _Incomplete as incomplete:
                needed, at_element = incomplete.needed, incomplete.at_element
            if at_element and needed - ELEMENT_BYTES == status.st_size:
                return _without_pixels(values, status)
            if needed > status.st_size:
                raise HeaderError("the file is cut off before its pixel data", values)
            if needed > MAX_HEADER_BYTES:
                raise HeaderError(f"the header is over {MAX_HEADER_BYTES} bytes long", values)
            more = os.read(descriptor, min(max(HEADER_GROWTH * len(data), needed), MAX_HEADER_BYTES) - len(data))
            if not more:
                raise HeaderError("the file ends before its size", values)
            data += more
    finally:
        os.close(descriptor)


def _no_dicom(data: bytes, wanted: Set[int]) -> Skip:
    """Say what a file is that does not begin as DICOM does.

    Raises:
        HeaderError: it may be a slice nevertheless: its preamble is missing, or its content was not fetched.
    """
    start = bare_data_set(data)
    if start is not None:
        raise HeaderError(
            "a DICOM data set without the preamble and DICM that a file begins with",
            _bare_values(data, start, wanted),
            code=RefusalCode.NO_DICOM,
            remedy="Export the series again as DICOM files, with preamble and file meta information "
            "(DCMTK's dcmconv adds them).",
        )
    kind = file_kind(data)
    if kind is None:
        return Skip.NO_DICOM
    if kind in POINTERS:
        raise HeaderError(
            f"a {kind}: its content was not fetched",
            {},
            code=RefusalCode.NO_DICOM,
            remedy=f"Fetch the content with `{POINTERS[kind]}`.",
        )
    if kind in _SKIPPED_KINDS:
        return Skip(kind)
    return Skip.ARCHIVE if kind in ARCHIVES else Skip.NO_DICOM


_SKIPPED_KINDS = frozenset(
    item.value for item in (Skip.ZIP, Skip.GZIP, Skip.NRRD, Skip.NIFTI, Skip.METAIMAGE, Skip.HTML)
)


def _bare_values(data: bytes, start: int, wanted: Set[int]) -> dict[int, bytes]:
    """Return what the first bytes of a bare data set say of it."""
    values: dict[int, bytes] = {}
    try:
        position = start
        if data[start : start + 2] == b"\2\0":
            position = _walk(data, start, True, True, {META_SOP_CLASS}, values, stop_group=0x0002)
        vr = data[position + 4 : position + 6]
        _walk(data, position, vr in _SHORT_VRS or vr in _LONG_VRS, True, wanted, values)
    except (_Incomplete, HeaderError):
        pass  # the values up to there are enough to tell its series
    return values


def _without_pixels(values: dict[int, bytes], status: os.stat_result) -> Header:
    syntax = ALLOWED.get(text(values, META_TRANSFER_SYNTAX))
    if syntax is None:
        raise HeaderError("the file ends within its file meta information", values)
    return Header(values, syntax, syntax.explicit_vr, status.st_size, status.st_mtime_ns, -1, 0, status.st_size)


def _parse(data: bytes, wanted: Set[int], values: dict[int, bytes], status: os.stat_result) -> Header | Skip:
    position, meta = _file_meta(data)
    values.update(meta)
    uid = text(values, META_TRANSFER_SYNTAX)
    if text(values, META_SOP_CLASS) == DICOMDIR_CLASS:
        return Skip.DIRECTORY_FILE  # nothing in its data set says so
    syntax = ALLOWED.get(uid)
    if syntax is None:
        raise HeaderError(f"transfer syntax {uid or 'not given'}", values, syntax_uid=uid or "none")
    explicit = _has_explicit_vr(data, position, syntax)
    position = _walk(data, position, explicit, syntax.little_endian, wanted, values)
    group, element, vr, length = _EXPLICIT[syntax.little_endian](data, position)
    if group << 16 | element > PIXEL_DATA:  # trailing padding of an object without an image
        return Header(values, syntax, explicit, status.st_size, status.st_mtime_ns, -1, 0, position)
    if group << 16 | element != PIXEL_DATA:
        raise HeaderError(f"the pixel data are in element ({group:04X},{element:04X}), not (7FE0,0010)", values)
    value = position + ELEMENT_BYTES
    if not explicit:
        length = _LONG[syntax.little_endian](data, position + 4)[0]
    elif vr in _LONG_VRS:
        if value + 4 > len(data):
            raise _Incomplete(value + 4, at_element=False)
        length = _LONG[syntax.little_endian](data, value)[0]
        value += 4
    return Header(values, syntax, explicit, status.st_size, status.st_mtime_ns, value, length, position)


def _file_meta(data: bytes) -> tuple[int, dict[int, bytes]]:
    """Return where the file meta information ends, and the class and the transfer syntax that it gives."""
    values = {META_TRANSFER_SYNTAX: b""}
    position = _walk(data, PREAMBLE_BYTES + 4, True, True, _META_WANTED, values, stop_group=0x0002)
    return position, values


def _has_explicit_vr(data: bytes, position: int, syntax: TransferSyntax) -> bool:
    """Whether the first element has a value representation; it decides where the declared syntax is wrong about it."""
    vr = data[position + 4 : position + 6]
    if syntax.explicit_vr and not (vr.isalpha() and vr.isupper()):
        return False
    if not syntax.explicit_vr and vr in _SHORT_VRS:
        # Read as part of a length, two letters would be over 16 kB: no first element of a data set is that long.
        return True
    return syntax.explicit_vr


def _walk(
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
        _Incomplete: the bytes end before.
        HeaderError: they are no DICOM elements.
    """
    explicit_element, implicit_element, long_length = _EXPLICIT[little], _IMPLICIT[little], _LONG[little]
    end = len(data)
    depth = 0  # of sequences of undefined length; those with a length are skipped in one step
    explicit_again = -1  # depth at which explicit value representations return after an unknown one (PS3.5, 6.2.2)
    while True:
        if position + ELEMENT_BYTES > end:
            raise _Incomplete(position + ELEMENT_BYTES, at_element=depth == 0)
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
            if vr in _LONG_VRS:
                if position + 4 > end:
                    raise _Incomplete(position + 4, at_element=False)
                length = long_length(data, position)[0]
                position += 4
            elif vr not in _SHORT_VRS:
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
                raise _Incomplete(position + length, at_element=False)
            values[tag] = data[position : position + length]
        position += length
