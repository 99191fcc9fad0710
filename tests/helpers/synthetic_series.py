"""Synthetic CT series with landmarks at known places, made with pydicom, for the tests."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)
from pydicom.valuerep import format_number_as_ds

from csfnet_bundle.geometry import Roi, Volume

COLUMNS, ROWS, SLICES = 44, 36, 15
SPACING = (0.9, 0.8)
"""Between rows, between columns, mm: different, so that swapping them shows."""
STEP = 1.5
ORIGIN = (-20.0, 35.0, -150.0)
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
ORIENTATIONS = {
    "axial": AXIAL,
    "coronal": (1.0, 0.0, 0.0, 0.0, 0.0, -1.0),
    "sagittal": (0.0, 1.0, 0.0, 0.0, 0.0, -1.0),
    "prone": (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0),
    "head first reversed": (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    "oblique": (
        *np.array([np.cos(0.3), np.sin(0.3), 0]).tolist(),
        *np.array([-np.sin(0.3) * 0.8, np.cos(0.3) * 0.8, 0.6]).tolist(),
    ),
}
AIR = -1000.0
LANDMARK_HU = 1400.0
LANDMARK_SIGMA_MM = 1.6
LANDMARK_INDICES = ((10.3, 11.6, 4.2), (31.7, 9.4, 6.8), (18.2, 25.1, 10.4))
"""Voxel (i, j, k) of the landmarks in the stack as it was made; not symmetric, so that every flip shows."""

Edit = Callable[[list[Dataset]], None]


def make_affine(
    orientation: Sequence[float] = AXIAL,
    origin: Sequence[float] = ORIGIN,
    step: float = STEP,
    tilt_degrees: float = 0.0,
    spacing: tuple[float, float] = SPACING,
) -> NDArray[np.float64]:
    """(4, 4) from (i, j, k, 1) to LPS mm; the tilt moves slices along their rows."""
    column, row = np.array(orientation[:3]), np.array(orientation[3:])
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1] = column * spacing[1], row * spacing[0]
    affine[:3, 2] = step * (np.cross(column, row) + np.tan(np.radians(tilt_degrees)) * row)
    affine[:3, 3] = origin
    return affine


def landmarks_lps(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """The landmarks in LPS mm, (3, 3), one a row."""
    return np.array([(affine @ [*index, 1.0])[:3] for index in LANDMARK_INDICES])


def voxel_hu(
    affine: NDArray[np.float64], shape: tuple[int, int, int], marks: NDArray[np.float64]
) -> NDArray[np.float64]:
    """HU (I, J, K): air, with a blob at each landmark."""
    index = np.stack([*np.meshgrid(*map(np.arange, shape), indexing="ij"), np.ones(shape)], axis=-1)
    place = (index @ affine.T)[..., :3]
    hu = np.full(shape, AIR)
    for mark in marks:
        hu += LANDMARK_HU * np.exp(-((place - mark) ** 2).sum(-1) / (2 * LANDMARK_SIGMA_MM**2))
    hu[:2, :2] = hu[-2:, :2] = -1024.0  # corners outside the field of view
    return hu


def make_series(
    affine: NDArray[np.float64] | None = None,
    shape: tuple[int, int, int] = (COLUMNS, ROWS, SLICES),
    *,
    orientation: Sequence[float] = AXIAL,
    slope: float = 1.0,
    intercept: float = -1024.0,
    seed: str = "0",
    marks: NDArray[np.float64] | None = None,
    **elements: object,
) -> list[Dataset]:
    """Make the data sets of a series, in the order of k; ``elements`` are set in each of them."""
    affine = make_affine(orientation) if affine is None else affine
    hu = voxel_hu(affine, shape, landmarks_lps(affine) if marks is None else marks)
    if seed != "0":  # two scans never have the same voxels
        hu += np.where(hu > -1024, np.random.default_rng([*seed.encode()]).integers(-4, 5, shape), 0)
    return [make_slice(affine, k, hu[:, :, k], orientation, slope, intercept, seed, elements) for k in range(shape[2])]


def make_slice(
    affine: NDArray[np.float64],
    k: int,
    hu: NDArray[np.float64],
    orientation: Sequence[float],
    slope: float,
    intercept: float,
    seed: str,
    elements: dict[str, object],
) -> Dataset:
    data = Dataset()
    data.SOPClassUID = CTImageStorage
    data.SOPInstanceUID = generate_uid(entropy_srcs=[seed, "instance", str(k)])
    data.SeriesInstanceUID = generate_uid(entropy_srcs=[seed, "series"])
    data.StudyInstanceUID = generate_uid(entropy_srcs=[seed, "study"])
    data.FrameOfReferenceUID = generate_uid(entropy_srcs=[seed, "frame"])
    data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    data.Modality = "CT"
    data.PatientID = "100012"
    data.PatientName = "Phantom"
    data.StudyDate = "19990102"
    data.Manufacturer = "Phantoms"
    data.SeriesDescription = "0,OPA,GE,LS16,STANDARD"
    data.ConvolutionKernel = "STANDARD"
    data.SliceThickness = f"{np.linalg.norm(affine[:3, 2]):.6g}"
    data.InstanceNumber = k + 1
    data.ImagePositionPatient = [_decimal(mm) for mm in (affine @ [0, 0, k, 1])[:3]]
    data.ImageOrientationPatient = [_decimal(cosine) for cosine in orientation]
    spacing = np.linalg.norm(affine[:3, 1]), np.linalg.norm(affine[:3, 0])
    data.PixelSpacing = [format_number_as_ds(float(mm)) for mm in spacing]
    data.Columns, data.Rows = hu.shape
    data.SamplesPerPixel = 1
    data.PhotometricInterpretation = "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 16
    data.HighBit = 15
    data.PixelRepresentation = 1
    data.RescaleSlope, data.RescaleIntercept = format_number_as_ds(float(slope)), format_number_as_ds(float(intercept))
    data.RescaleType = "HU"
    data.PixelData = np.round((hu.T - intercept) / slope).astype("<i2").tobytes()
    data["PixelData"].VR = "OW"
    for name, value in elements.items():
        setattr(data, name, value)
    return data


def pixels(data: Dataset) -> NDArray[np.int16]:
    """The stored values of an uncompressed slice, writable, (rows, columns)."""
    return np.frombuffer(data.PixelData, "<i2").reshape(data.Rows, data.Columns).copy()


def write_series(
    folder: Path,
    series: Iterable[Dataset],
    names: Sequence[str] = (),
    syntax: str = ExplicitVRLittleEndian,
    prefix: str = "slice",
) -> Path:
    """Write the data sets as files; ``names`` default to numbers in the order given."""
    for index, data in enumerate(series):
        write_slice(folder / (names[index] if names else f"{prefix}{index:04d}.dcm"), data, syntax)
    return folder


def write_slice(
    path: Path, data: Dataset, syntax: str = ExplicitVRLittleEndian, sop_class: str = CTImageStorage
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = data.get("SOPClassUID", sop_class)
    meta.MediaStorageSOPInstanceUID = data.get("SOPInstanceUID", "1.2.3")
    meta.TransferSyntaxUID = syntax
    file = FileDataset(
        str(path),
        {element.tag: element for element in data},
        preamble=b"\0" * 128,
        file_meta=meta,
        is_implicit_VR=syntax == ImplicitVRLittleEndian,
        is_little_endian=syntax != ExplicitVRBigEndian,
    )
    file.save_as(path, enforce_file_format=True)


def landmark_errors(volume: Volume, marks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance in mm of each landmark, found by its centre of mass, from where it was put."""
    return _errors(volume.array.astype(float), volume.affine, marks)


def _errors(array: NDArray[np.float64], affine: NDArray[np.float64], marks: NDArray[np.float64]) -> NDArray[np.float64]:
    index = np.stack([*np.meshgrid(*map(np.arange, array.shape), indexing="ij"), np.ones(array.shape)], axis=-1)
    place = (index @ affine.T)[..., :3]
    errors = []
    for mark in marks:
        near = np.linalg.norm(place - mark, axis=-1) < 4 * LANDMARK_SIGMA_MM
        weight = np.where(near, np.maximum(array - AIR, 0), 0)
        assert weight.sum() > 0, f"no landmark near {mark}"
        centre = (place * weight[..., None]).sum((0, 1, 2)) / weight.sum()
        errors.append(np.linalg.norm(centre - mark))
    return np.array(errors)


def to_big_endian(series: Iterable[Dataset]) -> None:
    """Swap the bytes of the pixels, as explicit VR big endian stores them."""
    for data in series:
        data.PixelData = pixels(data).byteswap().tobytes()


def compress(series: Iterable[Dataset], syntax: str) -> None:
    """Replace native pixels by one compressed frame; JPEG lossless is encoded by GDCM, the others by pydicom."""
    for data in series:
        if syntax == HTJ2KLossless:
            frame = _htj2k_frame(data)
        else:
            frame = _gdcm_frame(data) if syntax == JPEGLosslessSV1 else _pydicom_frame(data, syntax)
        data.PixelData = encapsulate([frame])
        data["PixelData"].VR = "OB"
        data["PixelData"].is_undefined_length = True


def _htj2k_frame(data: Dataset) -> bytes:
    """One HTJ2K frame; OpenJPH, in imagecodecs, is the only encoder of it here."""
    import imagecodecs

    words = pixels(data) if data.PixelRepresentation else pixels(data).view(np.uint16)
    return bytes(imagecodecs.htj2k_encode(words, reversible=True))


def _pydicom_frame(data: Dataset, syntax: str) -> bytes:
    words = pixels(data) if data.PixelRepresentation else pixels(data).view(np.uint16)
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    plugin = {RLELossless: "pydicom", JPEGLSLossless: "pyjpegls", JPEG2000Lossless: "pylibjpeg"}[syntax]
    data.compress(syntax, words, encoding_plugin=plugin, generate_instance_uid=False)
    (frame,) = generate_frames(data.PixelData, number_of_frames=1)
    return frame


def _gdcm_frame(data: Dataset) -> bytes:
    """One JPEG lossless frame; GDCM is the only encoder of it here, and it wants files."""
    import gdcm

    with tempfile.TemporaryDirectory() as folder:
        plain, coded = f"{folder}/plain.dcm", f"{folder}/coded.dcm"
        write_slice(Path(plain), data)
        reader = gdcm.ImageReader()
        reader.SetFileName(plain)
        assert reader.Read()
        change = gdcm.ImageChangeTransferSyntax()
        change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer = gdcm.ImageWriter()
        writer.SetFileName(coded)
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        assert writer.Write()
        (frame,) = generate_frames(dcmread(coded).PixelData, number_of_frames=1)
    return frame


def roi_landmark_error(roi: Roi, mark: NDArray[np.float64]) -> float:
    """Distance in mm of the landmark in a ROI around it from where it was put."""
    return float(_errors(roi.array.astype(float), roi.affine, mark[None])[0])


def _decimal(value: float) -> str:
    """Write a number for DICOM; rounded, since pydicom writes 1e-17 with more than the sixteen characters allowed."""
    return format_number_as_ds(round(float(value), 9) + 0.0)
