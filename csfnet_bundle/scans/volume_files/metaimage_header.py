"""The header of a MetaImage file, judged before anything is allocated."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.scans.volume_files.volume_file import (
    CONVERT_AGAIN,
    ONE_VOLUME,
    Index,
    check_header,
    refusal,
    unreadable,
)

LONGEST_HEADER = 1 << 16
"""Bytes in which the header's last key, ElementDataFile, must stand; ITK's headers have a few hundred."""

LONGEST_NAME = 255
"""Bytes of a file name on common file systems."""

POSITION_KEYS = ("offset", "position", "origin")
SPACING_KEYS = ("elementspacing",)
DIRECTION_KEYS = ("transformmatrix", "rotation", "orientation")
BIG_ENDIAN_KEYS = ("binarydatabyteordermsb", "elementbyteordermsb")
"""MetaIO's names for each field. MetaIO fills in a missing geometry (place 0, 1 mm, straight axes); such a file is
rejected here, since it would be read at a wrong place."""

TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i4",
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
"""numpy's types by MetaIO's names; MetaIO stores a long in 4 bytes on every platform."""

UNIT_TOLERANCE = 1e-3
"""By which the product of two directions may differ from that of orthogonal unit vectors: headers hold six digits."""


@dataclass(frozen=True)
class MetaImageHeader:
    """What the header says.

    Attributes:
        shape: (I, J, K).
        affine: (4, 4) from (i, j, k, 1) to LPS mm.
        dtype: of a voxel, with its byte order.
        binary: whether the voxels are binary, not text.
        compressed: whether they are a zlib stream.
        compressed_bytes: length of that stream; None where the header does not say.
        data_path: the file that holds the voxels.
        data_offset: the byte at which they begin; -1 means that they are the file's last bytes.
    """

    shape: Index
    affine: NDArray[np.float64]
    dtype: np.dtype[np.generic]
    binary: bool
    compressed: bool
    compressed_bytes: int | None
    data_path: Path
    data_offset: int


def read_header(path: Path) -> MetaImageHeader:
    """Read and check the header of a .mha or .mhd file.

    Raises:
        Refusal: ``UNREADABLE_SLICE``, ``NO_GEOMETRY``, ``TOO_FEW_SLICES``, ``TOO_LARGE``, ``NOT_HU`` (more than one
            number a voxel).
    """
    keys, end = _keys(path)
    axes = _numbers(path, keys, "ndims", 1)[0]
    if axes not in (3, 4):
        problem = f"its header's NDims is {keys.get('ndims')!r}, expected 3"
        raise refusal(RefusalCode.NO_GEOMETRY, path, problem, ONE_VOLUME)
    channels = _numbers(path, keys, "elementnumberofchannels", 1) if "elementnumberofchannels" in keys else [1]
    if channels != [1]:
        problem = f"it has {channels[0]:g} numbers a voxel, expected one"
        raise refusal(RefusalCode.NOT_HU, path, problem, "Give the CT in Hounsfield units.")
    kind = TYPES.get(keys.get("elementtype", "").upper())
    if kind is None:
        raise unreadable(path, ValueError(f"its ElementType is {keys.get('elementtype')!r}, expected one of MetaIO's"))
    sizes = _numbers(path, keys, "dimsize", int(axes))
    if axes == 4 and sizes[3] != 1:
        problem = f"its header's DimSize is {keys['dimsize']!r}, expected one volume"
        raise refusal(RefusalCode.NO_GEOMETRY, path, problem, ONE_VOLUME)
    if any(size != int(size) for size in sizes):
        raise unreadable(path, ValueError(f"its header's DimSize is {keys['dimsize']!r}, expected whole numbers"))
    affine = _affine(path, keys, int(axes))
    shape = check_header(path, [int(size) for size in sizes[:3]], affine)
    order = ">" if any(_flag(path, keys, name) for name in BIG_ENDIAN_KEYS) else "<"
    data_path, offset = _data_place(path, keys, end)
    compressed_bytes = None
    if "compresseddatasize" in keys:
        compressed_bytes = int(_numbers(path, keys, "compresseddatasize", 1)[0])
    return MetaImageHeader(
        shape=shape,
        affine=affine,
        dtype=np.dtype(order + kind),
        binary=_flag(path, keys, "binarydata", default=True),
        compressed=_flag(path, keys, "compresseddata"),
        compressed_bytes=compressed_bytes,
        data_path=data_path,
        data_offset=offset,
    )


def data_file(path: Path) -> Path:
    """Return the file that holds the voxels: the header's own, or the one that it names.

    Raises:
        Refusal: ``UNREADABLE_SLICE``, the header names none.
    """
    keys, end = _keys(path)
    return _data_place(path, keys, end)[0]


def _keys(path: Path) -> tuple[dict[str, str], int]:
    """The header's keys in lower case with their values, and the byte after its last line, ElementDataFile."""
    try:
        with path.open("rb") as stream:
            head = stream.read(LONGEST_HEADER)
    except OSError as error:
        raise unreadable(path, error) from error
    keys: dict[str, str] = {}
    end = 0
    for line in head.split(b"\n")[:-1] if b"\n" in head else []:
        end += len(line) + 1
        key, equals, value = line.decode("latin-1").partition("=")
        if not equals:
            break
        keys[key.strip().lower()] = value.strip()
        if key.strip().lower() == "elementdatafile":
            return keys, end
    raise unreadable(path, ValueError("no MetaImage header with an ElementDataFile was found"))


def _numbers(path: Path, keys: dict[str, str], name: str, count: int) -> list[float]:
    """The key's numbers, exactly that many and finite."""
    text = keys.get(name, "")
    try:
        values = [float(word) for word in text.split()]
    except ValueError:
        values = []
    if len(values) != count or not np.isfinite(values).all():
        problem = f"its header's {name} is {text!r}, expected {count} number{'s' if count > 1 else ''}"
        raise refusal(RefusalCode.NO_GEOMETRY, path, problem, CONVERT_AGAIN, key=name, value=text)
    return values


def _flag(path: Path, keys: dict[str, str], name: str, *, default: bool = False) -> bool:
    text = keys.get(name, "true" if default else "false").lower()
    if text not in ("true", "false", "t", "f", "1", "0"):
        raise unreadable(path, ValueError(f"its header's {name} is {text!r}, expected True or False"))
    return text in ("true", "t", "1")


def _affine(path: Path, keys: dict[str, str], count: int) -> NDArray[np.float64]:
    """(4, 4) from (i, j, k, 1) to LPS mm; TransformMatrix holds the direction of i, then of j, then of k.

    Args:
        path: the file.
        keys: its header.
        count: axes; a fourth one, of one volume, is left out.
    """
    found = {
        names[0]: next((name for name in names if name in keys), None)
        for names in (POSITION_KEYS, SPACING_KEYS, DIRECTION_KEYS)
    }
    missing = [names for names, name in found.items() if name is None]
    if missing:
        problem = f"its header does not say {', '.join(missing)}"
        raise refusal(RefusalCode.NO_GEOMETRY, path, problem, CONVERT_AGAIN, missing=missing)
    position, spacing, directions = (
        np.array(_numbers(path, keys, str(name), count**power))
        for name, power in zip(found.values(), (1, 1, 2), strict=True)
    )
    axes = directions.reshape(count, count)[:3, :3]
    if np.abs(axes @ axes.T - np.eye(3)).max() > UNIT_TOLERANCE:
        problem = f"its header's directions are {axes.tolist()}, expected three orthogonal unit vectors"
        raise refusal(RefusalCode.NO_GEOMETRY, path, problem, CONVERT_AGAIN)
    affine = np.eye(4)
    affine[:3, :3] = axes.T * spacing[:3]
    affine[:3, 3] = position[:3]
    return affine


def _data_place(path: Path, keys: dict[str, str], end: int) -> tuple[Path, int]:
    """The file with the voxels and the byte at which they begin (-1: the file's last bytes)."""
    name = keys["elementdatafile"]
    skipped = int(_numbers(path, keys, "headersize", 1)[0]) if "headersize" in keys else 0
    if skipped < -1:
        raise unreadable(path, ValueError(f"its header's HeaderSize is {skipped}, expected -1 or more"))
    if name.upper() == "LOCAL":
        return path, end
    if not name or Path(name).name != name or re.match(r"list\b", name, re.IGNORECASE) or "%" in name:
        raise _other_data_file(path, name, "expected LOCAL or one file beside the header")
    file = path.parent / name
    if len(name.encode()) > LONGEST_NAME or "\0" in name or not file.is_file() or file.is_symlink():
        raise _other_data_file(path, name, "which is not a file beside the header")
    return file, skipped


def _other_data_file(path: Path, data: str, expected: str) -> Refusal:
    shown = data if len(data) <= LONGEST_NAME else f"{data[:40]}... ({len(data)} letters)"
    problem = f"its ElementDataFile is {shown!r}, {expected}"
    return refusal(RefusalCode.UNREADABLE_SLICE, path, problem, "Write the volume to one .mha file.", data_file=shown)
