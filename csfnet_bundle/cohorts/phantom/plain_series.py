"""A CT series of any size with a header as long as a scanner's, made fast: for measurements, not for learning."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

INTERCEPT = -1024
AIR_HU, TISSUE_HU, LUNG_HU = -1000.0, 40.0, -860.0
NOISE_HU = 25.0
PIXEL_MM, STEP_MM = 0.7, 1.0
ORIGIN = (-180.0, -170.0, -300.0)

HEADER = "plain_series.json"
"""What scanners write into every slice: as many elements as a slice of LIDC-IDRI has."""


def write_plain_series(folder: Path, slices: int, matrix: int, name: str = "plain") -> Path:
    """Write a series: an ellipse of tissue with two lungs and noise.

    Args:
        folder: where its files go; made here.
        slices: how many.
        matrix: rows and columns.
        name: of the patient; every identifier follows from it.

    Returns:
        The folder.
    """
    folder.mkdir(parents=True)
    data = _header(matrix, name)
    for index, hu in enumerate(_slices(slices, matrix)):
        data.SOPInstanceUID = generate_uid(entropy_srcs=[name, "instance", str(index)])
        data.InstanceNumber = str(slices - index)
        data.ImagePositionPatient = [f"{ORIGIN[0]:g}", f"{ORIGIN[1]:g}", f"{ORIGIN[2] + STEP_MM * index:g}"]
        data.SliceLocation = data.ImagePositionPatient[2]
        data.PixelData = (hu - INTERCEPT).astype("<i2").tobytes()
        data["PixelData"].VR = "OW"
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = CTImageStorage
        meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data.file_meta = meta
        dcmwrite(folder / f"{slices - index:05d}.dcm", data, enforce_file_format=True)
    return folder


def _header(matrix: int, name: str) -> Dataset:
    data = Dataset()
    text = resources.files("csfnet_bundle.cohorts.phantom").joinpath(HEADER).read_text(encoding="utf-8")
    for keyword, value in json.loads(text).items():
        setattr(data, keyword, value)
    data.PatientID = data.PatientName = name
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
        setattr(data, keyword, generate_uid(entropy_srcs=[name, keyword]))
    data.PixelSpacing = [f"{PIXEL_MM}", f"{PIXEL_MM}"]
    data.Rows = data.Columns = matrix
    return data


def _slices(slices: int, matrix: int) -> Iterator[NDArray[np.float32]]:
    """Yield the HU of each slice, (rows, columns)."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[-1 : 1 : matrix * 1j, -1 : 1 : matrix * 1j]
    hu = np.full((matrix, matrix), AIR_HU, np.float32)
    hu[(x / 0.9) ** 2 + (y / 0.65) ** 2 < 1] = TISSUE_HU
    for side in (-1, 1):
        hu[((x - 0.42 * side) / 0.33) ** 2 + (y / 0.45) ** 2 < 1] = LUNG_HU
    for _ in range(slices):
        yield np.rint(hu + np.float32(NOISE_HU) * random.standard_normal(hu.shape, np.float32))


def plain_point(slices: int, matrix: int, shares: tuple[float, float, float]) -> tuple[float, float, float]:
    """Return the LPS mm of a place given as shares of columns, rows and slices."""
    i, j, k = (share * (count - 1) for share, count in zip(shares, (matrix, matrix, slices), strict=True))
    return ORIGIN[0] + PIXEL_MM * i, ORIGIN[1] + PIXEL_MM * j, ORIGIN[2] + STEP_MM * k
