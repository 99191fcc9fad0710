"""Classes of input that the reader must read right."""

from __future__ import annotations

import copy
import itertools
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    HTJ2KLossless,
    JPEGLSLossless,
    MediaStorageDirectoryStorage,
)

from csfnet_bundle.scans.dicom.tolerances import MAX_EXCESS_BYTES
from helpers.case_registry import case
from helpers.series_edits import (
    compressed_frames,
    enhanced,
    localizer,
    pad_with_nul,
    set_all,
)
from helpers.synthetic_series import compress, pixels, write_series, write_slice


@case()
def plain(series: list[Dataset], folder: Path) -> None:
    write_series(folder, series)


@case()
def shuffled_names_and_instance_numbers(series: list[Dataset], folder: Path) -> None:
    order = np.random.default_rng(7).permutation(len(series))
    for data, number in zip(series, order, strict=True):
        data.InstanceNumber = int(number)
        data.SliceLocation = float(number)
    write_series(folder, series, names=[f"{(number * 7919) % 1000}" for number in order])


@case()
def reversed_names_and_instance_numbers(series: list[Dataset], folder: Path) -> None:
    for number, data in enumerate(reversed(series)):
        data.InstanceNumber = number
    write_series(folder, reversed(series))


@case()
def same_instance_twice(series: list[Dataset], folder: Path) -> None:
    write_series(folder, series)
    write_series(folder / "copy", series[2:5])


@case()
def subfolders_and_junk(series: list[Dataset], folder: Path) -> None:
    for index, data in enumerate(series):
        write_series(folder / f"part{index % 3}" / "deeper", [data], prefix=f"{index}_")
    (folder / "notes.txt").write_text("one mm, soft kernel")
    (folder / "empty.dcm").touch()
    (folder / "noise.dcm").write_bytes(np.random.default_rng(0).bytes(5000))
    directory = Dataset()
    directory.SOPClassUID = MediaStorageDirectoryStorage
    directory.SOPInstanceUID = "1.2.3"
    directory.FileSetID = "DISC"
    directory.DirectoryRecordSequence = Sequence([])
    write_slice(folder / "DICOMDIR", directory)
    report = Dataset()
    report.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    report.SOPInstanceUID = "1.2.4"
    report.Modality = "SR"
    report.SeriesInstanceUID = series[0].SeriesInstanceUID
    write_slice(folder / "report.dcm", report)


@case()
def localizer_in_the_series(series: list[Dataset], folder: Path) -> None:
    write_series(folder, [localizer(series, ["ORIGINAL", "PRIMARY", "LOCALIZER"]), *series])


@case()
def localizer_without_its_image_type(series: list[Dataset], folder: Path) -> None:
    write_series(folder, [localizer(series, ["ORIGINAL", "PRIMARY", "AXIAL"]), *series])


@case()
def slope_and_intercept_differ_per_slice(series: list[Dataset], folder: Path) -> None:
    for index, data in enumerate(series):
        stored = pixels(data).astype(int)
        hu = stored * float(data.RescaleSlope) + float(data.RescaleIntercept)
        slope, intercept = (1, -1024) if index % 2 else (0.5, -900 - index)
        data.RescaleSlope, data.RescaleIntercept = slope, intercept
        data.PixelData = np.round((hu - intercept) / slope).astype("<i2").tobytes()
    write_series(folder, series)


@case()
def a_frame_of_reference_for_every_slice(series: list[Dataset], folder: Path) -> None:
    for index, data in enumerate(series):
        data.FrameOfReferenceUID = f"1.2.{index}"
    write_series(folder, series)


@case()
def announced_padding_above_all_tissue(series: list[Dataset], folder: Path) -> None:
    for data in series:
        stored = pixels(data)
        stored[stored * float(data.RescaleSlope) + float(data.RescaleIntercept) <= -1024] = 20_000
        data.add_new("PixelPaddingValue", "SS", 20_000)
        data.PixelData = stored.tobytes()
    write_series(folder, series)


@case()
def padding_below_air(series: list[Dataset], folder: Path) -> None:
    for data in series:
        stored = pixels(data)
        stored[stored * float(data.RescaleSlope) + float(data.RescaleIntercept) <= -1024] = -2000
        data.add_new("PixelPaddingValue", "SS", -2000)
        data.PixelData = stored.tobytes()
    write_series(folder, series)


@case()
def enhanced_multiframe(series: list[Dataset], folder: Path) -> None:
    write_slice(folder / "enhanced.dcm", enhanced(series))


@case()
def enhanced_multiframe_compressed(series: list[Dataset], folder: Path) -> None:
    data = enhanced(series)
    write_slice(folder / "enhanced.dcm", compressed_frames(series, data), JPEGLSLossless)


@case()
def enhanced_multiframe_padded(series: list[Dataset], folder: Path) -> None:
    """Decimals padded with NUL, and bytes beyond the last frame."""
    data = enhanced(series)
    data.PixelData += bytes(10)
    write_slice(folder / "enhanced.dcm", data)
    pad_with_nul(folder / "enhanced.dcm")


@case()
def decimals_padded_with_nul(series: list[Dataset], folder: Path) -> None:
    write_series(folder, series)
    for path in folder.iterdir():
        pad_with_nul(path)


@case()
def pixel_data_longer_than_the_image(series: list[Dataset], folder: Path) -> None:
    for index, data in enumerate(series):
        data.PixelData += bytes(2 + 510 * (index % 2))
    write_series(folder, series)


@case()
def whole_rows_of_padding_behind_the_image(series: list[Dataset], folder: Path) -> None:
    for data in series:
        rows = min(data.Rows // 4, MAX_EXCESS_BYTES // (2 * data.Columns))
        data.PixelData += bytes(2 * data.Columns * rows)
    write_series(folder, series)


@case()
def rescale_type_in_other_words(series: list[Dataset], folder: Path) -> None:
    spellings = itertools.cycle(["Hounsfield", "HOUNSFIELD UNITS", "hu", "[hnsf'U]", "H.U."])
    for data, words in zip(series, spellings, strict=False):
        data.RescaleType = words
    write_series(folder, series)


@case()
def slice_thickness_below_zero(series: list[Dataset], folder: Path) -> None:
    set_all(SliceThickness="-1.5")(series)
    write_series(folder, series)


@case()
def htj2k_lossless(series: list[Dataset], folder: Path) -> None:
    compress(series, HTJ2KLossless)
    write_series(folder, series, syntax=HTJ2KLossless)


@case()
def undefined_length_sequences(series: list[Dataset], folder: Path) -> None:
    for data in series:
        inner = Dataset()
        inner.ReferencedSOPClassUID = "1.2.3"
        inner.Rows = 7
        inner.PixelData = b"\0" * 98
        inner["PixelData"].VR = "OW"
        nested = Dataset()
        nested.ReferencedImageSequence = Sequence([inner, copy.deepcopy(inner)])
        nested.Columns = 9
        data.ReferencedStudySequence = Sequence([nested])
        data.ReferencedStudySequence.is_undefined_length = True
        data["ReferencedStudySequence"].is_undefined_length = True
        nested.is_undefined_length_sequence_item = True
        nested["ReferencedImageSequence"].is_undefined_length = True
    write_series(folder, series)


@case()
def private_elements_longer_than_the_first_read(series: list[Dataset], folder: Path) -> None:
    for data in series:
        data.private_block(0x0019, "MAKER", create=True).add_new(0x01, "OB", b"\1" * 70_000)
    write_series(folder, series)
