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

from csfnet_bundle.core.errors import RefusalCode
from csfnet_bundle.core.file_kinds import ARCHIVES, POINTERS, file_kind
from csfnet_bundle.scans.dicom.bare import bare_data_set
from csfnet_bundle.scans.dicom.elements import (
    ELEMENT_BYTES,
    EXPLICIT,
    LONG,
    LONG_VRS,
    PREAMBLE_BYTES,
    SHORT_VRS,
    HeaderError,
    IncompleteError,
    walk,
)
from csfnet_bundle.scans.dicom.syntaxes import ALLOWED, TransferSyntax
from csfnet_bundle.scans.dicom.tags import (
    DICOMDIR_CLASS,
    META_SOP_CLASS,
    META_TRANSFER_SYNTAX,
    PIXEL_DATA,
    WANTED,
    text,
)
from csfnet_bundle.scans.dicom.tolerances import HEADER_BYTES, HEADER_GROWTH, MAX_HEADER_BYTES

_META_WANTED = frozenset((META_SOP_CLASS, META_TRANSFER_SYNTAX))


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
            except IncompleteError as incomplete:
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
            position = walk(data, start, True, True, {META_SOP_CLASS}, values, stop_group=0x0002)
        vr = data[position + 4 : position + 6]
        walk(data, position, vr in SHORT_VRS or vr in LONG_VRS, True, wanted, values)
    except (IncompleteError, HeaderError):
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
    position = walk(data, position, explicit, syntax.little_endian, wanted, values)
    group, element, vr, length = EXPLICIT[syntax.little_endian](data, position)
    if group << 16 | element > PIXEL_DATA:  # trailing padding of an object without an image
        return Header(values, syntax, explicit, status.st_size, status.st_mtime_ns, -1, 0, position)
    if group << 16 | element != PIXEL_DATA:
        raise HeaderError(f"the pixel data are in element ({group:04X},{element:04X}), not (7FE0,0010)", values)
    value = position + ELEMENT_BYTES
    if not explicit:
        length = LONG[syntax.little_endian](data, position + 4)[0]
    elif vr in LONG_VRS:
        if value + 4 > len(data):
            raise IncompleteError(value + 4, at_element=False)
        length = LONG[syntax.little_endian](data, value)[0]
        value += 4
    return Header(values, syntax, explicit, status.st_size, status.st_mtime_ns, value, length, position)


def _file_meta(data: bytes) -> tuple[int, dict[int, bytes]]:
    """Return where the file meta information ends, and the class and the transfer syntax that it gives."""
    values = {META_TRANSFER_SYNTAX: b""}
    position = walk(data, PREAMBLE_BYTES + 4, True, True, _META_WANTED, values, stop_group=0x0002)
    return position, values


def _has_explicit_vr(data: bytes, position: int, syntax: TransferSyntax) -> bool:
    """Whether the first element has a value representation; it decides where the declared syntax is wrong about it."""
    vr = data[position + 4 : position + 6]
    if syntax.explicit_vr and not (vr.isalpha() and vr.isupper()):
        return False
    if not syntax.explicit_vr and vr in SHORT_VRS:
        # Read as part of a length, two letters would be over 16 kB: no first element of a data set is that long.
        return True
    return syntax.explicit_vr
