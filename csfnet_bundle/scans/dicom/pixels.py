"""Stored values of slices, and their HU."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.scans.dicom.decoding import DecodingError, Frame, decoder_pool
from csfnet_bundle.scans.dicom.elements import UNDEFINED_LENGTH
from csfnet_bundle.scans.dicom.encapsulation import EncapsulationError, read_fragments
from csfnet_bundle.scans.dicom.excess import excess_problem
from csfnet_bundle.scans.dicom.instance import BYTES_PER_PIXEL, Instance
from csfnet_bundle.scans.dicom.syntaxes import ALLOWED
from csfnet_bundle.scans.dicom.tolerances import HIGHEST_HU, LOWEST_HU, MAX_READ_BYTES

STORED_BITS = 8 * BYTES_PER_PIXEL


def read_stored(instances: Sequence[Instance], series: str = "") -> Iterator[NDArray[np.integer]]:
    """Yield the stored values of each slice, int16 or uint16, shape (rows, columns).

    Who releases each slice before asking for the next makes the allocator hand out the same memory again, which halves
    the time of reading; so none is held here.

    Raises:
        Refusal: UNREADABLE_SLICE, naming the file.
    """
    compressed = [item for item in instances if ALLOWED[item.syntax_uid].codestream is not None]
    decoded = decoder_pool().decode_all([partial(_frame, item, series) for item in compressed]) if compressed else None
    for item in instances:
        if decoded is None or ALLOWED[item.syntax_uid].codestream is None:
            yield stored_values(_native_words(item, series), item)
        else:
            yield stored_values(_next_decoded(decoded, item, series), item)


def _next_decoded(decoded: Iterator[NDArray[np.uint16]], item: Instance, series: str) -> NDArray[np.uint16]:
    try:
        return next(decoded)
    except DecodingError as error:
        raise unreadable(item, str(error), series) from None


def encoded_pixels(instance: Instance, series: str = "") -> bytes:
    """Return the slice's pixels as the file has them: native bytes, or the compressed frame.

    Raises:
        Refusal: UNREADABLE_SLICE.
    """
    if ALLOWED[instance.syntax_uid].codestream is None:
        return read_bytes(instance, instance.pixel_offset, instance.pixel_length, series)
    whole = instance.pixel_length == UNDEFINED_LENGTH
    length = instance.size - instance.pixel_offset if whole else instance.pixel_length
    if length > MAX_READ_BYTES:
        raise unreadable(instance, f"a compressed frame of {length} bytes, at most {MAX_READ_BYTES} are read", series)
    try:
        return read_fragments(read_bytes(instance, instance.pixel_offset, length, series), has_offset_table=whole)
    except EncapsulationError as error:
        raise unreadable(instance, str(error), series) from None


def _frame(instance: Instance, series: str) -> Frame:
    return Frame(
        encoded_pixels(instance, series),
        instance.syntax_uid,
        instance.rows,
        instance.columns,
        instance.bits_stored,
        instance.signed,
    )


def _native_words(instance: Instance, series: str) -> NDArray[np.uint16]:
    data = encoded_pixels(instance, series)
    dtype = "<u2" if ALLOWED[instance.syntax_uid].little_endian else ">u2"
    words = np.frombuffer(data, dtype).astype(np.uint16, copy=False).reshape(instance.rows, instance.columns)
    if instance.excess:
        beyond = read_bytes(instance, instance.pixel_offset + instance.pixel_length, instance.excess, series)
        problem = excess_problem(words, beyond)
        if problem:
            raise unreadable(instance, problem, series)
    return words


def read_bytes(instance: Instance, offset: int, length: int, series: str) -> bytes:
    """Return ``length`` bytes of the slice's file.

    Raises:
        Refusal: UNREADABLE_SLICE if the file is gone or shorter than its header pass found.
    """
    try:
        with open(instance.path, "rb") as file:  # noqa: PTH123 - a third of the time of Path.open
            status = os.fstat(file.fileno())
            if (status.st_size, status.st_mtime_ns) != (instance.size, instance.modified_ns):
                raise unreadable(
                    instance, "the file changed after its header was read", series, "Read the folder again."
                )
            file.seek(offset)
            data = file.read(length)
    except OSError as error:
        raise unreadable(instance, f"cannot be read: {error.strerror}", series) from None
    if len(data) != length:
        raise unreadable(instance, f"{len(data)} bytes of pixel data, {length} expected", series)
    return data


def unreadable(instance: Instance, problem: str, series: str, remedy: str = "Get the file again.") -> Refusal:
    """Return the refusal for a slice whose pixels cannot be had."""
    frame = f", frame {instance.frame}" if instance.frames > 1 else ""
    return Refusal(
        RefusalCode.UNREADABLE_SLICE,
        f"{os.path.basename(instance.path)}{frame}: {problem}",  # noqa: PTH119 - a name for a message
        series=series,
        figures={"file": instance.path, "frame": instance.frame},
        remedy=remedy,
    )


def stored_values(words: NDArray[np.uint16], instance: Instance) -> NDArray[np.integer]:
    """Return the stored values of 16-bit words: bits above the stored ones are no part of them (PS3.5, 8.1.1)."""
    values: NDArray[np.integer] = words.view(np.int16) if instance.signed else words
    unused = STORED_BITS - instance.bits_stored
    return (values << unused) >> unused if unused else values


def to_hu(stored: NDArray[np.integer], instance: Instance) -> NDArray[np.float32]:
    """Return the HU of stored values, with the slice's own slope and intercept; padding and below become -1024."""
    assert instance.slope is not None
    assert instance.intercept is not None
    hu = stored.astype(np.float32)
    if instance.slope != 1.0:
        hu *= np.float32(instance.slope)
    hu += np.float32(instance.intercept)
    if instance.padding is not None:
        first, last = instance.padding
        if first * instance.slope + instance.intercept > HIGHEST_HU:
            hu[(stored >= first) & (stored <= last)] = LOWEST_HU
    np.maximum(hu, np.float32(LOWEST_HU), out=hu)
    return hu
