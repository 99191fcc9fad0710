"""MetaImage files, through ITK."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.scans.volume_files.volume_file import (
    CONVERT_AGAIN,
    Index,
    VolumeFile,
    check_header,
    refusal,
    unreadable,
)

LONGEST_HEADER = 1 << 16
"""Bytes in which the header's last key, ElementDataFile, must stand; ITK's headers have a few hundred."""

POSITION_KEYS = ("offset", "position", "origin")
SPACING_KEYS = ("elementspacing",)
DIRECTION_KEYS = ("transformmatrix", "rotation", "orientation")
"""MetaIO's names for each part of the geometry. ITK fills in what is missing (place 0, 1 mm, straight axes), so that a
file without it would be read at a wrong place."""

SAME_NUMBER = 1e-3
"""mm, and share of a direction, by which ITK's number may differ from the header's: it makes directions orthogonal."""


def open_metaimage(path: Path) -> VolumeFile:
    """Read and check the header of a .mha or .mhd file; its geometry is LPS already.

    Raises:
        Refusal: ``UNREADABLE_SLICE``, ``NO_GEOMETRY``, ``TOO_FEW_SLICES``, ``TOO_LARGE``, ``NOT_HU`` (more than one
            number a voxel).
    """
    keys = _header(path)
    _check_keys(path, keys)
    itk = _load_itk()
    image_io = itk.MetaImageIO.New(FileName=str(path))
    try:
        image_io.ReadImageInformation()
    except RuntimeError as error:
        raise unreadable(path, error) from error
    axes = range(image_io.GetNumberOfDimensions())
    if image_io.GetNumberOfComponents() != 1:
        problem = f"it has {image_io.GetNumberOfComponents()} numbers a voxel, expected one"
        raise refusal(RefusalCode.NOT_HU, path, problem, "Give the CT in Hounsfield units.")
    dimensions = [int(image_io.GetDimensions(axis)) for axis in axes]
    shape = check_header(path, dimensions, _affine(image_io) if len(axes) == 3 else np.eye(4))

    _check_numbers(path, keys, image_io)

    def read_block(start: Index, stop: Index) -> NDArray[np.generic]:
        region = itk.ImageRegion[3]()
        region.SetIndex(start)
        region.SetSize([last - first for first, last in zip(start, stop, strict=True)])
        # float32 holds every HU exactly, and is the one pixel type for all files.
        reader = itk.ImageFileReader[itk.Image[itk.F, 3]].New(FileName=str(path), ImageIO=itk.MetaImageIO.New())
        try:
            reader.UpdateOutputInformation()
            image = reader.GetOutput()
            image.SetRequestedRegion(region)
            image.Update()
        except RuntimeError as error:
            raise unreadable(path, error) from error
        image.DisconnectPipeline()  # else the conversion to numpy asks for the whole file
        buffered = tuple(image.GetBufferedRegion().GetIndex())
        values = itk.array_from_image(image).transpose()  # (i, j, k)
        inner = tuple(slice(a - b, z - b) for a, b, z in zip(start, buffered, stop, strict=True))
        block: NDArray[np.generic] = values[inner]
        return block

    return VolumeFile(path, shape, _affine(image_io), read_block)


def data_file(path: Path) -> Path:
    """Return the file that holds the voxels: the header's own, or the one that it names.

    Raises:
        Refusal: ``UNREADABLE_SLICE``, the header names none.
    """
    name = _header(path)["elementdatafile"]
    return path if name.upper() == "LOCAL" else path.parent / name


@cache
def _load_itk() -> Any:
    """ITK with the modules that are needed here, loaded on first use (seconds); only files of this kind pay for it.

    ITK's compiled modules set off deprecation warnings of Python's while they load, and crash the interpreter where
    a program has turned warnings into errors.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import itk

        for name in ("MetaImageIO", "ImageFileReader", "ImageRegion", "Image"):
            getattr(itk, name)
    return itk


def _affine(image_io: Any) -> NDArray[np.float64]:
    """(4, 4) from (i, j, k, 1) to LPS mm."""
    affine = np.eye(4)
    for axis in range(3):
        affine[:3, axis] = np.array(image_io.GetDirection(axis)) * image_io.GetSpacing(axis)
        affine[axis, 3] = image_io.GetOrigin(axis)
    return affine


def _header(path: Path) -> dict[str, str]:
    """The header's keys in lower case, with their values; the header ends with ElementDataFile."""
    with path.open("rb") as stream:
        lines = stream.read(LONGEST_HEADER).split(b"\n")
    keys: dict[str, str] = {}
    for line in lines:
        key, equals, value = line.decode("latin-1").partition("=")
        if not equals:
            break
        keys[key.strip().lower()] = value.strip()
        if key.strip().lower() == "elementdatafile":
            return keys
    raise unreadable(path, ValueError("no MetaImage header with an ElementDataFile was found"))


def _check_keys(path: Path, keys: dict[str, str]) -> None:
    missing = [
        names[0] for names in (POSITION_KEYS, SPACING_KEYS, DIRECTION_KEYS) if not any(name in keys for name in names)
    ]
    if missing:
        problem = f"its header does not say {', '.join(missing)}"
        raise refusal(RefusalCode.NO_GEOMETRY, path, problem, CONVERT_AGAIN, missing=missing)
    data = keys["elementdatafile"]
    if data.upper() == "LOCAL":
        return
    if Path(data).name != data or data.upper().startswith("LIST") or "%" in data or " " in data:
        raise _other_data_file(path, data, "expected LOCAL or one file beside the header")
    if not (path.parent / data).is_file() or (path.parent / data).is_symlink():
        raise _other_data_file(path, data, "which is not a file beside the header")


def _check_numbers(path: Path, keys: dict[str, str], image_io: Any) -> None:
    """MetaIO reads what is no number as 0: take care that it understood the header as it stands."""
    understood = (
        (POSITION_KEYS, [image_io.GetOrigin(axis) for axis in range(3)]),
        (SPACING_KEYS, [image_io.GetSpacing(axis) for axis in range(3)]),
        (DIRECTION_KEYS, np.ravel([image_io.GetDirection(axis) for axis in range(3)])),
    )
    for names, values in understood:
        name, text = next((name, keys[name]) for name in names if name in keys)
        try:
            stated = [float(word) for word in text.split()]
        except ValueError:
            stated = []
        if len(stated) != len(values) or not np.allclose(stated, values, rtol=0, atol=SAME_NUMBER):
            problem = f"its header's {name} is {text!r}, expected {len(values)} numbers"
            raise refusal(RefusalCode.NO_GEOMETRY, path, problem, CONVERT_AGAIN, key=name, value=text)


def _other_data_file(path: Path, data: str, expected: str) -> Refusal:
    problem = f"its ElementDataFile is {data!r}, {expected}"
    return refusal(RefusalCode.UNREADABLE_SLICE, path, problem, "Write the volume to one .mha file.", data_file=data)
