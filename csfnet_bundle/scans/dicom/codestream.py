"""A look at a compressed frame before any decoder sees it.

Decoders written in C trust their input more than they should. A frame reaches one only if it starts and ends as its
kind must, and announces the size, the one component and a precision that the DICOM header allows.
"""

from __future__ import annotations

from struct import Struct

from csfnet_bundle.scans.dicom.syntaxes import Codestream, TransferSyntax
from csfnet_bundle.scans.dicom.tolerances import MAX_PRECISION, MAX_TILES, MIN_PRECISION

_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"
_LOSSLESS_FRAME, _JPEG_LS_FRAME = 0xC3, 0xF7
"""Start-of-frame markers of lossless JPEG (ISO 10918-1, table B.1) and JPEG-LS (ISO 14495-1, C.1.1)."""
_SEGMENT = Struct(">BBH")
_FRAME = Struct(">BHHB")  # precision, rows, columns, components
_SIZ = Struct(">HHLLLLLLLLHB")
"""ISO 15444-1, A.5.1: length, capabilities, Xsiz, Ysiz, XOsiz, YOsiz, XTsiz, YTsiz, XTOsiz, YTOsiz, Csiz, Ssiz."""
_J2K_START, _J2K_END = b"\xff\x4f\xff\x51", b"\xff\xd9"
_RLE_HEADER = Struct("<16L")
_RLE_SEGMENTS = 2
"""Segments of a frame with one sample of 16 bits: the high bytes, then the low bytes (PS3.5, G.2)."""


class CodestreamError(Exception):
    """A compressed frame that is not what its header says."""


def check_codestream(frame: bytes, syntax: TransferSyntax, rows: int, columns: int) -> None:
    """Check a compressed frame.

    Raises:
        CodestreamError: it is damaged, cut off, or of another size.
    """
    if syntax.codestream is Codestream.RLE:
        _check_rle(frame)
        return
    if not frame.rstrip(b"\0").endswith(_EOI):
        raise CodestreamError(f"the {syntax.codestream} frame has no end")
    if syntax.codestream is Codestream.JPEG_2000:
        found = _jpeg_2000_size(frame)
    else:
        found = _jpeg_size(frame, _JPEG_LS_FRAME if syntax.codestream is Codestream.JPEG_LS else _LOSSLESS_FRAME)
    found_rows, found_columns, components, precision = found
    if (found_rows, found_columns) != (rows, columns):
        raise CodestreamError(f"the frame is {found_rows} x {found_columns}, the header says {rows} x {columns}")
    if components != 1 or not MIN_PRECISION <= precision <= MAX_PRECISION:
        raise CodestreamError(f"{components} components of {precision} bits, one of 2 to 16 expected")


def _check_rle(frame: bytes) -> None:
    if len(frame) < _RLE_HEADER.size:
        raise CodestreamError("the RLE frame is cut off")
    segments, first, second, *others = _RLE_HEADER.unpack_from(frame)
    if segments != _RLE_SEGMENTS or first != _RLE_HEADER.size or not first < second < len(frame) or any(others):
        raise CodestreamError("the RLE header is not that of one sample of 16 bits")


def _jpeg_size(frame: bytes, start_of_frame: int) -> tuple[int, int, int, int]:
    """Return rows, columns, components and precision from the start of frame."""
    if not frame.startswith(_SOI):
        raise CodestreamError("the JPEG frame has no start")
    position = len(_SOI)
    while position + _SEGMENT.size + _FRAME.size <= len(frame):
        escape, marker, length = _SEGMENT.unpack_from(frame, position)
        if escape != 0xFF:
            break
        if marker == start_of_frame:
            precision, rows, columns, components = _FRAME.unpack_from(frame, position + _SEGMENT.size)
            return rows, columns, components, precision
        if marker == 0xDA or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            break  # the scan, or another kind of frame
        position += 2 + length
    raise CodestreamError("the JPEG frame has no start of frame of its kind")


def _jpeg_2000_size(frame: bytes) -> tuple[int, int, int, int]:
    if not frame.startswith(_J2K_START) or len(frame) < len(_J2K_START) + _SIZ.size:
        raise CodestreamError("the JPEG 2000 frame has no start")
    _, _, x, y, x0, y0, tile_x, tile_y, tile_x0, tile_y0, components, depth = _SIZ.unpack_from(frame, len(_J2K_START))
    if x <= x0 or y <= y0 or not tile_x or not tile_y or tile_x0 > x0 or tile_y0 > y0:
        raise CodestreamError("the JPEG 2000 frame's size is damaged")
    if -(-(x - tile_x0) // tile_x) * -(-(y - tile_y0) // tile_y) > MAX_TILES:
        raise CodestreamError(f"the JPEG 2000 frame has over {MAX_TILES} tiles")
    return y - y0, x - x0, components, (depth & 0x7F) + 1
