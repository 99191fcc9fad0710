"""Types of options that one word of several values gives, e.g. ``--point1=-61.2,40,-182``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from cyclopts import Parameter, Token

from csfnet_bundle.commands.bundle_run import words
from csfnet_bundle.core.point_words import EXPECTED, PointWords, read_pixel, read_point, read_space


def finite(text: str) -> float:
    """Return the number that ``text`` is, or raise ValueError; not a number and infinity are none."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def converter(
    convert: Callable[[str], Any], expected: str, *, separated: bool = False, length: int | None = None
) -> Callable[..., Any]:
    """Return a converter of one word into a value, or of one with commas into a tuple."""

    def converted(_: Any, tokens: Sequence[Token]) -> Any:
        text = tokens[0].value
        try:
            values = tuple(map(convert, words(text) if separated else [text]))
        except ValueError:
            values = ()
        if not values or (length is not None and len(values) != length):
            raise ValueError(f'"{text}" is not {expected}.')
        return values if separated else values[0]

    return converted


def _several(convert: Callable[[str], Any], expected: str, metavar: str, length: int | None = None) -> Parameter:
    return Parameter(converter=converter(convert, expected, separated=True, length=length), n_tokens=1, metavar=metavar)


Words = Annotated[tuple[str, ...], _several(str, "a list, e.g. A,B", "A,B,...")]
"""Any number of words."""

Whole = Annotated[tuple[int, ...], _several(int, "a list of whole numbers", "N,N,...")]
"""Any number of whole numbers."""

Point = Annotated[tuple[float, float, float], _several(finite, "three numbers, e.g. -61.2,40,-182", "X,Y,Z", 3)]
"""A position or a shift, in mm or voxels."""

Shares = Annotated[tuple[float, float, float], _several(finite, "three shares, e.g. 0.7,0.1,0.2", "A,B,C", 3)]
"""Shares of training, validation and test."""


def _name_and_theirs(text: str) -> tuple[str, str]:
    ours, equals, theirs = text.partition("=")
    if not (equals and ours.strip() and theirs.strip()):
        raise ValueError(text)
    return ours.strip(), theirs.strip()


Columns = Annotated[
    tuple[tuple[str, str], ...], _several(_name_and_theirs, "a list, e.g. subject=pid,nodule=lesion", "NAME=THEIRS,...")
]
"""Columns of a table: the name they have here, and the one they have there."""


def _shard(text: str) -> tuple[int, int]:
    number, slash, parts = text.partition("/")
    if not slash or not 1 <= int(number) <= int(parts):
        raise ValueError(text)
    return int(number), int(parts)


Shard = Annotated[
    tuple[int, int], Parameter(converter=converter(_shard, "a part, e.g. 3/16"), n_tokens=1, metavar="N/PARTS")
]
"""One of several parts of the work."""

SpaceName = Annotated[
    str, Parameter(converter=converter(read_space, "LPS, RAS or voxel"), n_tokens=1, metavar="LPS|RAS|voxel")
]
"""Names of coordinate spaces; :class:`csfnet_bundle.geometry.Space` says what they mean."""

NodulePoint = Annotated[
    PointWords,
    Parameter(converter=converter(read_point, EXPECTED), n_tokens=1, accepts_keys=False, metavar="X,Y,Z|FILE"),
]
"""A nodule's centre, in the forms of :func:`csfnet_bundle.core.point_words.read_point`."""

Pixel = Annotated[
    tuple[float, float],
    Parameter(converter=converter(read_pixel, "column,row, e.g. 312,240"), n_tokens=1, metavar="COLUMN,ROW"),
]
"""A pixel of an image, counted from 0."""
