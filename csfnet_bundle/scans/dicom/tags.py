"""The DICOM elements that the reader uses, and their values from raw bytes."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from csfnet_bundle.scans.dicom.character_sets import ESCAPE, decode

META_SOP_CLASS = 0x00020002
META_TRANSFER_SYNTAX = 0x00020010
SPECIFIC_CHARACTER_SET = 0x00080005
IMAGE_TYPE = 0x00080008
SOP_CLASS_UID = 0x00080016
SOP_INSTANCE_UID = 0x00080018
STUDY_DATE = 0x00080020
STUDY_DESCRIPTION = 0x00081030
SERIES_TIME = 0x00080031
MODALITY = 0x00080060
MANUFACTURER = 0x00080070
SERIES_DESCRIPTION = 0x0008103E
VOLUME_CALCULATION = 0x00089207
PATIENT_ID = 0x00100020
SLICE_THICKNESS = 0x00180050
TRIGGER_TIME = 0x00181060
RECONSTRUCTION_DIAMETER = 0x00181100
CONVOLUTION_KERNEL = 0x00181210
STUDY_INSTANCE_UID = 0x0020000D
SERIES_INSTANCE_UID = 0x0020000E
SERIES_NUMBER = 0x00200011
ACQUISITION_NUMBER = 0x00200012
INSTANCE_NUMBER = 0x00200013
IMAGE_POSITION = 0x00200032
IMAGE_ORIENTATION = 0x00200037
FRAME_OF_REFERENCE_UID = 0x00200052
TEMPORAL_POSITION = 0x00200100
SAMPLES_PER_PIXEL = 0x00280002
PHOTOMETRIC_INTERPRETATION = 0x00280004
NUMBER_OF_FRAMES = 0x00280008
ROWS = 0x00280010
COLUMNS = 0x00280011
PIXEL_SPACING = 0x00280030
BITS_ALLOCATED = 0x00280100
BITS_STORED = 0x00280101
HIGH_BIT = 0x00280102
PIXEL_REPRESENTATION = 0x00280103
PIXEL_PADDING_VALUE = 0x00280120
PIXEL_PADDING_RANGE_LIMIT = 0x00280121
RESCALE_INTERCEPT = 0x00281052
RESCALE_SLOPE = 0x00281053
RESCALE_TYPE = 0x00281054
LOSSY_IMAGE_COMPRESSION = 0x00282110
SHARED_FUNCTIONAL_GROUPS = 0x52009229
PER_FRAME_FUNCTIONAL_GROUPS = 0x52009230
PIXEL_DATA = 0x7FE00010
FIRST_PIXEL_TAG = 0x7FE00008
"""Float pixel data, double float pixel data and pixel data are (7FE0,0008), (7FE0,0009) and (7FE0,0010)."""

SEQUENCES = frozenset((SHARED_FUNCTIONAL_GROUPS, PER_FRAME_FUNCTIONAL_GROUPS))

WANTED = frozenset(
    value for name, value in globals().items() if name.isupper() and isinstance(value, int) and value < FIRST_PIXEL_TAG
) - {META_SOP_CLASS, META_TRANSFER_SYNTAX}
"""Every element above that comes between the file meta information and the pixel data."""

FRAME_CONTENT, FRAME_TYPE = 0x00209111, 0x00189329
PLANE_POSITION, PLANE_ORIENTATION, PIXEL_MEASURES = 0x00209113, 0x00209116, 0x00289110
VALUE_TRANSFORMATION, RECONSTRUCTION = 0x00289145, 0x00189314
CARDIAC_SYNCHRONIZATION = 0x00189118
"""Functional groups of a frame (DICOM PS3.3, C.7.6.16.2 and C.8.15.3)."""
FRAME_TYPE_VALUE, FRAME_ACQUISITION = 0x00089007, 0x00209156
STACK_ID, TEMPORAL_INDEX, CARDIAC_PHASE = 0x00209056, 0x00209128, 0x00209241

CT_MODALITY = "CT"
DICOMDIR_CLASS = "1.2.840.10008.1.3.10"
ENHANCED_CT_CLASSES = frozenset(("1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2"))
"""Enhanced CT Image Storage and Legacy Converted Enhanced CT Image Storage."""
CT_CLASSES = ENHANCED_CT_CLASSES | {"1.2.840.10008.5.1.4.1.1.2"}
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
POSSIBLE_CT_CLASSES = CT_CLASSES | {_SECONDARY_CAPTURE, *(f"{_SECONDARY_CAPTURE}.{number}" for number in range(1, 5))}
"""Classes that a CT slice may have: some converters write Secondary Capture."""

MOST_DIGITS = 12
"""Characters of an integer string (IS): PS3.5, table 6.2-1."""

Values = Mapping[int, bytes]

SHORT_VALUE_BYTES, REMEMBERED_VALUES = 128, 512
"""Most values are the same in all slices of a series: the last 512 short ones are not decoded again (60 kB; 128 bytes
hold two UIDs, and the six numbers of ImageOrientationPatient)."""


def text(values: Values, tag: int) -> str:
    """Return a text value without its padding, empty if absent; control characters become blanks.

    It is decoded by SpecificCharacterSet; where that is absent or does not fit, as UTF-8 if it is, else as Latin-1.
    """
    raw = values.get(tag)
    if not raw:
        return ""
    if len(raw) <= SHORT_VALUE_BYTES:
        return _short_text(raw, values.get(SPECIFIC_CHARACTER_SET, b""))
    return _text(raw, values.get(SPECIFIC_CHARACTER_SET, b""))


def _text(raw: bytes, character_set: bytes) -> str:
    if raw.isascii() and ESCAPE not in raw:
        decoded = raw.decode("ascii").strip("\0 ")
    else:
        decoded = decode(raw, character_set).strip("\0 ")
    if decoded.isprintable():
        return decoded
    return "".join(character if _is_shown(character) else " " for character in decoded).strip(" ")


_short_text = lru_cache(REMEMBERED_VALUES)(_text)


def _is_shown(character: str) -> bool:
    """Whether a character may stay: blanks of other scripts tell one PatientID from another."""
    return character.isprintable() or unicodedata.category(character) == "Zs"


def whole_number(values: Values, tag: int, little_endian: bool) -> int | None:
    """Return an unsigned 16-bit value; None if absent or not two bytes long."""
    raw = values.get(tag, b"")
    return int.from_bytes(raw, "little" if little_endian else "big") if len(raw) == 2 else None


def integer(values: Values, tag: int) -> int | None:
    """Return a whole number that stands there as text (IS); None if absent or none."""
    raw = values.get(tag, b"").strip(b"\0 ")
    return int(raw) if raw.removeprefix(b"-").isdigit() and len(raw) <= MOST_DIGITS else None


def positive_decimal(values: Values, tag: int) -> float | None:
    """Return one finite decimal above zero; None if absent, no number, or what no length can be."""
    found = decimal(values, tag)
    return found if found is not None and found > 0 else None


def decimals(values: Values, tag: int, count: int) -> tuple[float, ...] | None:
    """Return ``count`` finite decimals of a text value; None if absent, of another count, or no numbers.

    Padding with NUL bytes is taken too: some writers pad every text with them.
    """
    raw = values.get(tag)
    if raw is None:
        return None
    return _short_decimals(raw, count) if len(raw) <= SHORT_VALUE_BYTES else _decimals(raw, count)


def _decimals(raw: bytes, count: int) -> tuple[float, ...] | None:
    if b"_" in raw:  # Python would read 1_0 as 10
        return None
    if b"\0" in raw:
        return _parse([part.strip(b"\0 ") for part in raw.split(b"\\")], count)
    return _parse(raw.split(b"\\"), count)


_short_decimals = lru_cache(REMEMBERED_VALUES)(_decimals)


def decimal(values: Values, tag: int) -> float | None:
    """Return one finite decimal of a text value; None if absent or no number."""
    found = decimals(values, tag, 1)
    return None if found is None else found[0]


def _parse(parts: list[bytes], count: int) -> tuple[float, ...] | None:
    """Return ``count`` finite floats, or None."""
    try:
        numbers = tuple([float(part) for part in parts])
    except ValueError:
        return None
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        return None
    return numbers
