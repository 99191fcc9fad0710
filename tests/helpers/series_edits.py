"""Edits of a series that the reader cases are made of."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    JPEGLSLossless,
    generate_uid,
)

from csfnet_bundle.cohorts.phantom.enhanced import enhanced_from_slices
from helpers.synthetic_series import compress, pixels

GEOMETRY = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing")


def middle(series: list[Dataset]) -> Dataset:
    return series[len(series) // 2]


def shift(data: Dataset, x: float = 0, y: float = 0, z: float = 0) -> None:
    data.ImagePositionPatient = [
        float(old) + new for old, new in zip(data.ImagePositionPatient, (x, y, z), strict=True)
    ]


def another(series: list[Dataset], seed: str, **elements: object) -> list[Dataset]:
    """A second series of the same study: new UIDs, the elements given."""
    copies = copy.deepcopy(series)
    uid = generate_uid(entropy_srcs=[seed])
    for index, data in enumerate(copies):
        data.SeriesInstanceUID = uid
        data.SOPInstanceUID = generate_uid(entropy_srcs=[seed, str(index)])
        for name, value in elements.items():
            setattr(data, name, value)
    return copies


def localizer(series: list[Dataset], image_type: list[str]) -> Dataset:
    """A coronal view of the same matrix, under the same SeriesInstanceUID."""
    data = copy.deepcopy(middle(series))
    data.SOPInstanceUID = generate_uid(entropy_srcs=["localizer"])
    data.ImageType = image_type
    data.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
    shift(data, z=58)
    return data


MIP = ["DERIVED", "SECONDARY", "AXIAL", "CT_SOM5 MIP"]


def bright(series: list[Dataset]) -> list[Dataset]:
    """The same slices with other voxels: taking them for the scan shows."""
    for data in series:
        stored = pixels(data)
        stored[stored > -900 - int(float(data.RescaleIntercept))] += 300
        data.PixelData = stored.tobytes()
    return series


def enhanced(series: list[Dataset]) -> Dataset:
    """The series as one Enhanced CT instance, frames in another order."""
    order = np.random.default_rng(3).permutation(len(series))
    return enhanced_from_slices([copy.deepcopy(series[index]) for index in order])


def compressed_frames(series: list[Dataset], data: Dataset) -> Dataset:
    order = np.random.default_rng(3).permutation(len(series))
    compress(series, JPEGLSLossless)
    frames = [next(iter(generate_frames(series[index].PixelData, number_of_frames=1))) for index in order]
    data.PixelData = encapsulate(frames)
    data["PixelData"].VR = "OB"
    data["PixelData"].is_undefined_length = True
    return data


def item(**elements: object) -> Dataset:
    data = Dataset()
    for name, value in elements.items():
        setattr(data, name, value)
    return data


def drop(series: list[Dataset], index: int) -> None:
    del series[index]


def vary_spacing(series: list[Dataset]) -> None:
    for index, data in enumerate(series):
        shift(data, z=0.02 * index**2)


def set_all(**elements: object) -> Callable[[list[Dataset]], None]:
    def edit(series: list[Dataset]) -> None:
        for data in series:
            for name, value in elements.items():
                setattr(data, name, value)

    return edit


def set_middle(**elements: object) -> Callable[[list[Dataset]], None]:
    return lambda series: set_all(**elements)([middle(series)])


def delete_all(*keywords: str) -> Callable[[list[Dataset]], None]:
    def edit(series: list[Dataset]) -> None:
        for data in series:
            for keyword in keywords:
                if keyword in data:
                    del data[keyword]

    return edit


def crop_middle(series: list[Dataset]) -> None:
    data = middle(series)
    data.PixelData = pixels(data)[:-1].tobytes()
    data.Rows -= 1


def duplicate_place(series: list[Dataset]) -> None:
    data = copy.deepcopy(middle(series))
    data.SOPInstanceUID = generate_uid(entropy_srcs=["again"])
    series.append(data)


def duplicate_uid_other_pixels(series: list[Dataset]) -> None:
    data = copy.deepcopy(middle(series))
    data.PixelData = (pixels(data) + 1).tobytes()
    series.append(data)


def wrap(bits: int) -> Callable[[list[Dataset]], None]:
    """Values of emphysema with noise, signed, called unsigned by a converter."""

    def edit(series: list[Dataset]) -> None:
        random = np.random.default_rng(5)
        for data in series:
            hu = pixels(data) * float(data.RescaleSlope) + float(data.RescaleIntercept)
            hu[hu < -700] = -1000  # emphysema, whatever the lung was
            stored = np.round(hu + random.normal(0, 40, hu.shape) + 1024).astype(np.int16)
            data.RescaleSlope, data.RescaleIntercept, data.PixelRepresentation = "1", "-1024", 0
            data.BitsStored, data.HighBit = bits, bits - 1
            data.PixelData = (stored.view(np.uint16) & np.uint16((1 << bits) - 1)).tobytes()

    return edit


def at_one_place(series: list[Dataset]) -> None:
    """Bolus tracking: a slice again and again, each an acquisition of its own."""
    for number, data in enumerate(series):
        data.ImagePositionPatient = series[0].ImagePositionPatient
        data.AcquisitionNumber = number


def two_at_one_place(series: list[Dataset]) -> None:
    del series[2:]
    at_one_place(series)


def add_rows(series: list[Dataset]) -> None:
    data = middle(series)
    data.PixelData += pixels(data)[5:8].tobytes()


def drop_a_column(series: list[Dataset]) -> None:
    """Columns one too small: every row begins a pixel later than the one before."""
    for data in series:
        data.Columns -= 1


def truncate(path: Path, length: int) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:length])


def damage_size(path: Path) -> None:
    """Overwrite what a JPEG 2000 frame says about its size."""
    content = bytearray(path.read_bytes())
    start = content.index(b"\xff\x4f\xff\x51") + 8
    content[start : start + 8] = (4000).to_bytes(4, "big") * 2
    path.write_bytes(bytes(content))


def pad_with_nul(path: Path) -> None:
    """Pad decimals of odd length with a NUL byte instead of the blank that the standard asks for."""
    path.write_bytes(re.sub(rb"(DS..[0-9.\\+-]+) ", lambda found: found[1] + b"\0", path.read_bytes(), flags=re.DOTALL))


def strip_preamble(path: Path, start: int) -> None:
    """Leave out the first bytes of a file: none of the preamble, all of it, or ``DICM`` too."""
    content = path.read_bytes()
    path.write_bytes(content[start:] if start else content[content.index(b"\x08\0\x16\0", 132) :])
