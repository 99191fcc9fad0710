"""Seeded damage to DICOM files, from single bits to lies about lengths, for trying readers of untrusted files."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydicom import dcmread
from pydicom.uid import AllTransferSyntaxes

from csfnet_bundle.scans.dicom.elements import UNDEFINED_LENGTH, ElementReader

PIXEL_DATA = 0x7FE00010
PREAMBLE = 132
ITEM_GROUP = 0xFFFE

_LENGTHS = (0, 1, 2, 3, 7, 0x7FFF, 0xFFFE, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
_NUMBERS = (0, 1, 2, 7, 8, 15, 16, 17, 31, 255, 256, 4095, 4096, 4097, 32767, 32768, 65534, 65535)
_TEXTS = (
    *(b"", b"0", b"-1", b"nan", b"inf", b"-inf", b"1e400", b"1e-400", b"1_0", b"0x10", b"1,5", b"\\", b"\\\\\\"),
    *(b"1\\2", b"9" * 400, b"\0\0\0\0", b"\xff\xfe\xfd", "\u0661".encode(), b"1e308\\1e308\\1e308", b"../../x"),
    *(b"-0", b"  ", b"1 2", b"LOCALIZER", b"\x1b[2J", b"99999999999999999999", b"0.0000000001"),
)
_MARKERS = (
    b"\xff\xd8",
    b"\xff\xd9",
    b"\xff\xc3",
    b"\xff\xf7",
    b"\xff\x4f\xff\x51",
    b"\xff\x90",
    b"\xff\xda",
    b"\xff\x93",
)
_DEEP = (3, 100, 5000, 60000)
"""Depths of nested sequences: the deepest one is over Python's limit of recursion by far."""


ByteOrder = Literal["little", "big"]


@dataclass(frozen=True)
class Element:
    """Where an element's parts lie in the file."""

    tag: int
    vr: str
    length_at: int
    length_bytes: int
    value_at: int
    value_bytes: int


@dataclass(frozen=True)
class Sample:
    """A sound file and where its elements lie."""

    name: str
    data: bytes
    elements: tuple[Element, ...]
    little_endian: bool

    @classmethod
    def of(cls, name: str, data: bytes) -> Sample:
        """Find the elements of a file, nested ones too; of a deflated one only the file meta information."""
        syntax = dcmread(io.BytesIO(data), specific_tags=[], stop_before_pixels=True).file_meta.TransferSyntaxUID
        little = bool(syntax.is_little_endian)
        meta, dataset = ElementReader(True, True), ElementReader(not syntax.is_implicit_VR, little)
        elements: list[Element] = []
        position, read = PREAMBLE, meta
        while position + 8 <= len(data):
            if read is meta and data[position : position + 2] != b"\2\0":
                read = dataset
                if syntax.is_deflated:
                    break
            group, length, value = read(data, position)
            is_explicit = group != ITEM_GROUP and (read is meta or not syntax.is_implicit_VR)
            order: ByteOrder = "little" if little or read is meta else "big"
            element = Element(
                tag=group << 16 | int.from_bytes(data[position + 2 : position + 4], order),
                vr=data[position + 4 : position + 6].decode("ascii", "replace") if is_explicit else "",
                length_at=value - (2 if is_explicit and value - position == 8 else 4),
                length_bytes=2 if is_explicit and value - position == 8 else 4,
                value_at=value,
                value_bytes=min(length, len(data) - value),
            )
            elements.append(element)
            if element.tag == PIXEL_DATA:
                break
            is_sequence = length == UNDEFINED_LENGTH or group == ITEM_GROUP or element.vr == "SQ"
            position = value if is_sequence else value + length
        return cls(name, data, tuple(elements), little)

    @property
    def pixels_at(self) -> int:
        """Where the pixel data start; the end of the header, or of the file."""
        return next((item.value_at for item in self.elements if item.tag == PIXEL_DATA), len(self.data))


def mutate(sample: Sample, others: list[Sample], random: np.random.Generator) -> tuple[str, bytes]:
    """Damage a file once or a few times.

    Args:
        sample: the sound file.
        others: other sound files, to splice with.
        random: decides everything.

    Returns:
        The names of the kinds of damage, and the damaged bytes.
    """
    count = int(random.choice((1, 1, 1, 2, 3)))
    data = sample.data
    names = []
    for _ in range(count):
        name = str(random.choice(tuple(_KINDS)))
        data = _KINDS[name](data, sample, others, random)
        names.append(name)
    return "+".join(names), data


Kind = Callable[[bytes, Sample, list[Sample], np.random.Generator], bytes]


def _flip_bits(data: bytes, sample: Sample, others: list[Sample], random: np.random.Generator) -> bytes:
    changed = bytearray(data)
    first, last = _stretch(data, sample, random)
    for _ in range(int(random.choice((1, 1, 2, 8, 64)))):
        if last > first:
            changed[int(random.integers(first, last))] ^= 1 << int(random.integers(8))
    return bytes(changed)


def _overwrite(data: bytes, sample: Sample, others: list[Sample], random: np.random.Generator) -> bytes:
    start, end = _range(data, sample, random)
    filling = (bytes(end - start), b"\xff" * (end - start), random.bytes(end - start))[int(random.integers(3))]
    return data[:start] + filling + data[end:]


def _delete(data: bytes, sample: Sample, others: list[Sample], random: np.random.Generator) -> bytes:
    start, end = _range(data, sample, random)
    return data[:start] + data[end:]


def _repeat(data: bytes, sample: Sample, others: list[Sample], random: np.random.Generator) -> bytes:
    start, end = _range(data, sample, random)
    return data[:end] + data[start:end] * int(random.choice((1, 3, 50))) + data[end:]


def _insert(data: bytes, sample: Sample, others: list[Sample], random: np.random.Generator) -> bytes:
    start, end = _range(data, sample, random)
    return data[:start] + random.bytes(end - start) + data[start:]


def _cut(data: bytes, sample: Sample, others: list[Sample], random: np.random.Generator) -> bytes:
    first, last = _stretch(data, sample, random)
    return data[: int(random.integers(first, max(last, first + 1)))]


def _append(data: bytes, sample: Sample, others: list[Sample], random: np.random.Generator) -> bytes:
    return data + random.bytes(int(random.choice((1, 2, 100, 10000))))


def _length(data: bytes, sample: Sample, others: list[Sample], random: np.random.Generator) -> bytes:
    element = _pick(sample, random)
    if element is None:
        return _flip_bits(data, sample, others, random)
    value = int(random.choice((*_LENGTHS, element.value_bytes + 1, element.value_bytes + 2)))
    value %= 1 << 8 * element.length_bytes
    written = value.to_bytes(element.length_bytes, "little" if sample.little_endian else "big")
    return data[: element.length_at] + written + data[element.length_at + element.length_bytes :]


def _value(data: bytes, sample: Sample, others: list[Sample], random: np.random.Generator) -> bytes:
    """Replace a value by another, with the right length."""
    element = _pick(sample, random)
    if element is None or element.tag == PIXEL_DATA or element.vr == "SQ" or element.tag >> 16 == ITEM_GROUP:
        return _flip_bits(data, sample, others, random)
    order: ByteOrder = "little" if sample.little_endian else "big"
    if element.vr in ("US", "SS") or (not element.vr and element.value_bytes == 2):
        new = int(random.choice(_NUMBERS)).to_bytes(2, order)
    else:
        new = _TEXTS[int(random.integers(len(_TEXTS)))]
        new += b" " * (len(new) % 2)
    written = len(new).to_bytes(element.length_bytes, order)
    end = element.value_at + element.value_bytes
    return data[: element.length_at] + written + new + data[end:]


def _representation(data: bytes, sample: Sample, others: list[Sample], random: np.random.Generator) -> bytes:
    element = _pick(sample, random)
    if element is None or not element.vr:
        return _flip_bits(data, sample, others, random)
    at = element.value_at - (8 if element.length_bytes == 4 else 4)
    new = (b"SQ", b"UN", b"OB", b"UT", b"US", b"FD", b"AT", b"ZZ", b"\0\0")[int(random.integers(9))]
    return data[:at] + new + data[at + 2 :]


def _syntax(data: bytes, sample: Sample, others: list[Sample], random: np.random.Generator) -> bytes:
    """Name another transfer syntax than the one that the file is in."""
    at = data.find(b"1.2.840.10008.1.2", PREAMBLE)
    if at < 0 or at > sample.pixels_at:
        return _flip_bits(data, sample, others, random)
    length = int.from_bytes(data[at - 2 : at], "little")
    new = str(random.choice([str(uid) for uid in AllTransferSyntaxes])).encode()
    return data[:at] + new.ljust(length, b"\0")[:length] + data[at + length :]


def _nest(data: bytes, sample: Sample, others: list[Sample], random: np.random.Generator) -> bytes:
    """Put deeply nested sequences of undefined length before the pixel data."""
    order: ByteOrder = "little" if sample.little_endian else "big"

    def short(*numbers: int) -> bytes:
        return b"".join(number.to_bytes(2, order) for number in numbers)

    explicit = bool(sample.elements and sample.elements[-1].vr)
    sequence = short(0x0040, 0xA730) + (b"SQ\0\0" if explicit else b"") + b"\xff\xff\xff\xff"
    item = short(0xFFFE, 0xE000) + b"\xff\xff\xff\xff"
    depth = int(random.choice(_DEEP))
    element = _pick(sample, random)
    at = element.value_at + element.value_bytes if element and element.tag != PIXEL_DATA else min(len(data), 400)
    closing = (short(0xFFFE, 0xE00D) + bytes(4) + short(0xFFFE, 0xE0DD) + bytes(4)) * depth
    return data[:at] + (sequence + item) * depth + (closing if random.integers(2) else b"") + data[at:]


def _codestream(data: bytes, sample: Sample, others: list[Sample], random: np.random.Generator) -> bytes:
    """Damage the first bytes of the pixel data, where frames say what they are."""
    at = min(sample.pixels_at, len(data))
    head = bytearray(data[at : at + 200])
    if not head:
        return data
    for _ in range(int(random.choice((1, 2, 6)))):
        place = int(random.integers(len(head)))
        if random.integers(3):
            head[place] = int(random.choice((0, 1, 2, 8, 16, 17, 127, 128, 254, 255)))
        else:
            marker = _MARKERS[int(random.integers(len(_MARKERS)))]
            head[place : place + len(marker)] = marker
    return data[:at] + bytes(head) + data[at + 200 :]


def _splice(data: bytes, sample: Sample, others: list[Sample], random: np.random.Generator) -> bytes:
    other = others[int(random.integers(len(others)))]
    share = float(random.uniform())
    return data[: int(share * len(data))] + other.data[int(share * len(other.data)) :]


def _swap_pixels(data: bytes, sample: Sample, others: list[Sample], random: np.random.Generator) -> bytes:
    """Give the header the pixel data of another syntax."""
    other = others[int(random.integers(len(others)))]
    return data[: sample.pixels_at] + other.data[other.pixels_at :]


def _noise(data: bytes, sample: Sample, others: list[Sample], random: np.random.Generator) -> bytes:
    kept = (0, PREAMBLE, 400)[int(random.integers(3))]
    return data[:kept] + random.bytes(int(random.choice((0, 10, 3000))))


_KINDS: dict[str, Kind] = {
    "flip bits": _flip_bits,
    "overwrite": _overwrite,
    "delete": _delete,
    "repeat": _repeat,
    "insert": _insert,
    "cut": _cut,
    "append": _append,
    "length": _length,
    "value": _value,
    "representation": _representation,
    "syntax": _syntax,
    "nest": _nest,
    "codestream": _codestream,
    "splice": _splice,
    "swap pixels": _swap_pixels,
    "noise": _noise,
}


def _pick(sample: Sample, random: np.random.Generator) -> Element | None:
    return sample.elements[int(random.integers(len(sample.elements)))] if sample.elements else None


def _stretch(data: bytes, sample: Sample, random: np.random.Generator) -> tuple[int, int]:
    """Return the header, the pixel data, or the whole file."""
    pixels = min(sample.pixels_at, len(data))
    return ((0, pixels), (PREAMBLE, pixels), (pixels, len(data)), (0, len(data)))[int(random.integers(4))]


def _range(data: bytes, sample: Sample, random: np.random.Generator) -> tuple[int, int]:
    first, last = _stretch(data, sample, random)
    start = min(int(random.integers(first, max(last, first + 1))), len(data))
    return start, min(start + int(random.choice((1, 2, 4, 16, 200, 5000))), len(data))
