"""Every class of input that the reader must read right or refuse by name, as edits of a series.

Each edit takes the data sets of a sound axial series, in the order of space, and writes a folder. They are applied to
synthetic series and to real ones alike.
"""

from __future__ import annotations

import copy
import itertools
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.sequence import Sequence
from pydicom.uid import (
    MPEG2MPML,
    ComprehensiveSRStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    JPEGLSNearLossless,
    MediaStorageDirectoryStorage,
    RLELossless,
    RTStructureSetStorage,
    SecondaryCaptureImageStorage,
    VideoPhotographicImageStorage,
    generate_uid,
)

from csfnet_bundle.cohorts.phantom.enhanced import enhanced_from_slices
from csfnet_bundle.core.errors import RefusalCode
from csfnet_bundle.scans.dicom.tolerances import MAX_EXCESS_BYTES
from helpers.synthetic_series import compress, pixels, write_series, write_slice

GEOMETRY = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing")
Build = Callable[[list[Dataset], Path], None]


@dataclass(frozen=True)
class Case:
    """A class of input: how to make it, and the code it must be refused with (None: read right)."""

    name: str
    build: Build
    code: RefusalCode | None = None

    def __str__(self) -> str:
        return self.name


CASES: list[Case] = []


def case(code: RefusalCode | None = None) -> Callable[[Build], Build]:
    def register(build: Build) -> Build:
        CASES.append(Case(build.__name__, build, code))
        return build

    return register


def edited(name: str, code: RefusalCode | None, edit: Callable[[list[Dataset]], None]) -> None:
    """Register a case that edits the data sets and writes them as they are."""

    def build(series: list[Dataset], folder: Path) -> None:
        edit(series)
        write_series(folder, series)

    CASES.append(Case(name, build, code))


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


# --- read right -------------------------------------------------------------------------------------------------------


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
def localizer_series_beside(series: list[Dataset], folder: Path) -> None:
    scout = localizer(series, ["ORIGINAL", "PRIMARY", "LOCALIZER"])
    scout.SeriesInstanceUID = generate_uid(entropy_srcs=["scout"])
    write_series(folder, [scout, *series])


@case()
def two_kernels(series: list[Dataset], folder: Path) -> None:
    write_series(folder, series)
    write_series(folder, another(series, "bone", ConvolutionKernel="BONE", RescaleIntercept="-1000"), prefix="bone")


@case()
def thicker_slices_beside(series: list[Dataset], folder: Path) -> None:
    write_series(folder, series)
    write_series(folder, another(series, "thick", SliceThickness="7", RescaleIntercept="-1000"), prefix="thick")


@case()
def two_reconstructions_under_one_uid(series: list[Dataset], folder: Path) -> None:
    bone = another(series, "bone", ConvolutionKernel="BONE", SeriesInstanceUID=series[0].SeriesInstanceUID)
    for data in bone:
        shift(data, x=20, z=0.4)
    write_series(folder, series)
    write_series(folder, bone, prefix="bone")


@case()
def two_thicknesses_under_one_uid(series: list[Dataset], folder: Path) -> None:
    thick = another(series, "thick", SliceThickness="7", SeriesInstanceUID=series[0].SeriesInstanceUID)[::3]
    write_series(folder, series)
    write_series(folder, thick, prefix="thick")


@case()
def acquisitions_under_one_uid_side_by_side(series: list[Dataset], folder: Path) -> None:
    for index, data in enumerate(series):
        data.AcquisitionNumber = 1 + index // 4
    write_series(folder, series)


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
def directory_of_a_disc_beside(series: list[Dataset], folder: Path) -> None:
    """A DICOMDIR as discs have it: its data set does not say what it is, only its file meta information does."""
    write_series(folder, series)
    directory = Dataset()
    directory.FileSetID = "DISC"
    directory.DirectoryRecordSequence = [
        item(DirectoryRecordType="IMAGE", ReferencedFileID=["DIR", f"IM{index}"]) for index in range(900)
    ]
    write_slice(folder / "DICOMDIR", directory, sop_class=MediaStorageDirectoryStorage)


@case()
def large_objects_of_other_kinds_beside(series: list[Dataset], folder: Path) -> None:
    """Contours and a report, longer than what is read of a file at first; one in the CT's own series."""
    write_series(folder, series)
    for name, sop_class, modality, uid in (
        ("contours", RTStructureSetStorage, "RTSTRUCT", "1.2.5"),
        ("report", ComprehensiveSRStorage, "SR", series[0].SeriesInstanceUID),
    ):
        data = item(SOPClassUID=sop_class, SOPInstanceUID="1.2.6", Modality=modality, SeriesInstanceUID=uid)
        data.StructureSetROISequence = [item(ROINumber=number, ROIName="x" * 60) for number in range(900)]
        write_slice(folder / name, data)


@case()
def deflated_report_and_video_beside(series: list[Dataset], folder: Path) -> None:
    write_series(folder, series)
    report = item(SOPClassUID=ComprehensiveSRStorage, SOPInstanceUID="1.2.6", Modality="SR")
    write_slice(folder / "report", report, DeflatedExplicitVRLittleEndian)
    video = item(SOPClassUID=VideoPhotographicImageStorage, SOPInstanceUID="1.2.7", Modality="XC", NumberOfFrames=9)
    video.PixelData = encapsulate([b"\0\0\1\xb3" * 50])
    video["PixelData"].is_undefined_length = True
    write_slice(folder / "video", video, MPEG2MPML)


@case()
def dose_pages_under_the_uid(series: list[Dataset], folder: Path) -> None:
    colour = copy.deepcopy(middle(series))
    grey = copy.deepcopy(middle(series))
    for number, page in enumerate((colour, grey)):
        page.SOPClassUID, page.SOPInstanceUID = SecondaryCaptureImageStorage, f"1.2.8.{number}"
        page.ImageType = ["DERIVED", "SECONDARY", "OTHER"]
        delete_all(*GEOMETRY)([page])
    colour.SamplesPerPixel, colour.PhotometricInterpretation, colour.PlanarConfiguration = 3, "RGB", 0
    colour.BitsAllocated, colour.BitsStored, colour.HighBit, colour.PixelRepresentation = 8, 8, 7, 0
    colour.PixelData = bytes(3 * colour.Rows * colour.Columns)
    write_series(folder, [*series, colour, grey])


MIP = ["DERIVED", "SECONDARY", "AXIAL", "CT_SOM5 MIP"]


def bright(series: list[Dataset]) -> list[Dataset]:
    """The same slices with other voxels: taking them for the scan shows."""
    for data in series:
        stored = pixels(data)
        stored[stored > -900 - int(float(data.RescaleIntercept))] += 300
        data.PixelData = stored.tobytes()
    return series


@case()
def thinner_projection_beside(series: list[Dataset], folder: Path) -> None:
    write_series(folder, series)
    write_series(folder, bright(another(series, "mip", SliceThickness="0.6", ImageType=MIP)), prefix="mip")


@case()
def projection_half_a_step_between_under_the_uid(series: list[Dataset], folder: Path) -> None:
    uid = series[0].SeriesInstanceUID
    between = bright(another(series, "mip", SeriesInstanceUID=uid, ImageType=MIP))
    for data, one, next_one in zip(between, series, series[1:], strict=False):
        data.ImagePositionPatient = [
            (float(a) + float(b)) / 2
            for a, b in zip(one.ImagePositionPatient, next_one.ImagePositionPatient, strict=True)
        ]
    write_series(folder, [*series, *between[:-1]])


@case()
def derived_copy_half_a_step_between_under_the_uid(series: list[Dataset], folder: Path) -> None:
    uid = series[0].SeriesInstanceUID
    between = bright(another(series, "copy", SeriesInstanceUID=uid, ImageType=["DERIVED", "PRIMARY", "AXIAL"]))
    for data, one, next_one in zip(between, series, series[1:], strict=False):
        data.ImagePositionPatient = [
            (float(a) + float(b)) / 2
            for a, b in zip(one.ImagePositionPatient, next_one.ImagePositionPatient, strict=True)
        ]
    write_series(folder, [*series, *between[:-1]])


@case()
def iodine_map_in_hu_beside(series: list[Dataset], folder: Path) -> None:
    write_series(folder, series)
    image_type = ["DERIVED", "PRIMARY", "AXIAL", "CT_SOM5 SPI", "DE_IODINE"]
    write_series(folder, bright(another(series, "iodine", SliceThickness="0.6", ImageType=image_type)), prefix="io")
    described = another(
        series, "vnc", SliceThickness="0.6", ImageType=["DERIVED", "PRIMARY"], SeriesDescription="VNC 0.6"
    )
    write_series(folder, bright(described), prefix="vnc")


@case()
def derived_thinner_copy_beside(series: list[Dataset], folder: Path) -> None:
    write_series(folder, series)
    derived = another(series, "derived", SliceThickness="0.6", ImageType=["DERIVED", "PRIMARY", "AXIAL"])
    write_series(folder, bright(derived), prefix="derived")


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


# --- refused ----------------------------------------------------------------------------------------------------------


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


edited("values_wrapped_in_16_bits", RefusalCode.NOT_HU, wrap(16))
edited("values_wrapped_in_12_bits", RefusalCode.NOT_HU, wrap(12))
edited("slices_at_one_place", RefusalCode.DUPLICATE_POSITION, at_one_place)
edited(
    "two_slices_at_one_place_and_no_more",
    RefusalCode.TOO_FEW_SLICES,
    lambda s: (at_one_place(s), s.__delitem__(slice(2, None))),
)
edited("more_rows_than_the_header_says", RefusalCode.UNREADABLE_SLICE, add_rows)
edited("one_column_more_than_the_header_says", RefusalCode.UNREADABLE_SLICE, drop_a_column)
edited("nothing_but_a_projection", RefusalCode.DERIVED_SERIES, lambda series: set_all(ImageType=MIP)(series))


@case(RefusalCode.UNREADABLE_SLICE)
def last_slices_without_a_preamble(series: list[Dataset], folder: Path) -> None:
    write_series(folder, series)
    for path, start in zip(sorted(folder.iterdir())[-3:], (0, 128, 132), strict=True):
        strip_preamble(path, start)


@case(RefusalCode.UNREADABLE_SLICE)
def last_slice_with_its_magic_damaged(series: list[Dataset], folder: Path) -> None:
    write_series(folder, series)
    path = sorted(folder.iterdir())[-1]
    path.write_bytes(path.read_bytes().replace(b"DICM", b"DICN", 1))


@case(RefusalCode.NO_DICOM)
def no_slice_has_a_preamble(series: list[Dataset], folder: Path) -> None:
    write_series(folder, series, syntax=ImplicitVRLittleEndian)
    for path in folder.iterdir():
        content = path.read_bytes()
        path.write_bytes(content[content.index(b"\x08\0\x08\0", 132) :])


@case(RefusalCode.UNREADABLE_SLICE)
def last_slice_not_fetched(series: list[Dataset], folder: Path) -> None:
    write_series(folder, series)
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 5000\n"
    sorted(folder.iterdir())[-1].write_bytes(pointer)


@case(RefusalCode.NO_DICOM)
def nothing_but_an_archive(series: list[Dataset], folder: Path) -> None:
    write_series(folder / "slices", series)
    with zipfile.ZipFile(folder / "scan.zip", "w") as archive:
        for path in sorted((folder / "slices").iterdir()):
            archive.write(path, path.name)
            path.unlink()


edited("missing_slice", RefusalCode.SLICE_GAP, lambda series: drop(series, len(series) // 2))
edited("missing_slice_next_to_the_last", RefusalCode.SLICE_GAP, lambda series: drop(series, -2))
edited("variable_spacing", RefusalCode.SLICE_GAP, vary_spacing)
edited("one_slice_moved", RefusalCode.SLICE_GAP, lambda series: shift(middle(series), z=0.3))
edited("two_slices_at_one_place", RefusalCode.DUPLICATE_POSITION, duplicate_place)
edited("one_uid_two_images", RefusalCode.DUPLICATE_POSITION, duplicate_uid_other_pixels)
edited("other_modality", RefusalCode.NOT_CT, set_all(Modality="MR"))
edited("no_slope", RefusalCode.NOT_HU, delete_all("RescaleSlope"))
edited("no_intercept", RefusalCode.NOT_HU, delete_all("RescaleIntercept"))
edited("slope_zero", RefusalCode.NOT_HU, set_all(RescaleSlope="0"))
edited("wrong_intercept", RefusalCode.NOT_HU, set_all(RescaleIntercept="0"))
edited("intercept_twice", RefusalCode.NOT_HU, set_all(RescaleIntercept="-2048"))
edited("wrong_slope", RefusalCode.NOT_HU, set_all(RescaleSlope="0.1", RescaleIntercept="0"))
edited("not_rescaled_to_hu", RefusalCode.NOT_HU, set_all(RescaleType="OD"))
edited("spacing_changes", RefusalCode.INCONSISTENT_GEOMETRY, set_middle(PixelSpacing=[0.6, 0.6]))
edited("matrix_changes", RefusalCode.INCONSISTENT_GEOMETRY, crop_middle)
edited(
    "orientation_changes",
    RefusalCode.INCONSISTENT_GEOMETRY,
    set_middle(ImageOrientationPatient=[0.9998, 0.0199987, 0, -0.0199987, 0.9998, 0]),
)
edited("slice_upside_down", RefusalCode.INCONSISTENT_GEOMETRY, set_middle(ImageOrientationPatient=[1, 0, 0, 0, -1, 0]))
edited(
    "orientation_of_the_last_slice_is_nonsense",
    RefusalCode.INCONSISTENT_GEOMETRY,
    lambda series: set_all(ImageOrientationPatient=[23601, 23600, 23600, 23600, 23601, 8240])(series[-1:]),
)
edited("in_plane_origin_changes", RefusalCode.INCONSISTENT_GEOMETRY, lambda series: shift(middle(series), x=3))
edited("in_plane_origin_changes_at_the_end", RefusalCode.INCONSISTENT_GEOMETRY, lambda series: shift(series[-1], y=-2))
edited(
    "frame_of_reference_changes",
    RefusalCode.INCONSISTENT_GEOMETRY,
    lambda series: set_all(FrameOfReferenceUID="1.2.3")(series[: len(series) // 2]),
)
edited("no_position", RefusalCode.NO_GEOMETRY, delete_all("ImagePositionPatient"))
edited(
    "one_slice_without_position", RefusalCode.NO_GEOMETRY, lambda series: delete_all("ImagePositionPatient")(series[:1])
)
edited("no_orientation", RefusalCode.NO_GEOMETRY, delete_all("ImageOrientationPatient"))
edited("no_pixel_spacing", RefusalCode.NO_GEOMETRY, delete_all("PixelSpacing"))
edited("no_right_angle", RefusalCode.NO_GEOMETRY, set_all(ImageOrientationPatient=[1, 0, 0, 0.5, 0.8, 0]))
edited("orientation_of_zeros", RefusalCode.NO_GEOMETRY, set_all(ImageOrientationPatient=[0, 0, 0, 0, 0, 0]))
edited("spacing_zero", RefusalCode.NO_GEOMETRY, set_all(PixelSpacing=[0, 0]))
edited("two_patients", RefusalCode.MIXED_PATIENT, set_middle(PatientID="somebody else"))
edited("only_localizers", RefusalCode.TOO_FEW_SLICES, set_all(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]))
edited("inverted_grey", RefusalCode.UNREADABLE_SLICE, set_middle(PhotometricInterpretation="MONOCHROME1"))
edited("high_bit_not_last", RefusalCode.UNREADABLE_SLICE, set_middle(BitsStored=12))
edited("rows_do_not_fit_the_pixels", RefusalCode.UNREADABLE_SLICE, lambda s: setattr(middle(s), "Rows", s[0].Rows + 9))
edited("tiny_matrix", RefusalCode.UNREADABLE_SLICE, set_middle(Rows=4))
edited("huge_matrix", RefusalCode.TOO_LARGE, set_all(Rows=65535, Columns=65535))


@case(RefusalCode.TOO_FEW_SLICES)
def one_slice(series: list[Dataset], folder: Path) -> None:
    write_series(folder, [middle(series)])


@case(RefusalCode.AMBIGUOUS_SERIES)
def two_equal_series(series: list[Dataset], folder: Path) -> None:
    write_series(folder, series)
    write_series(folder, another(series, "again"), prefix="again")


@case(RefusalCode.AMBIGUOUS_SERIES)
def two_equal_acquisitions_under_one_uid(series: list[Dataset], folder: Path) -> None:
    second = another(series, "again", SeriesInstanceUID=series[0].SeriesInstanceUID, AcquisitionNumber=2)
    set_all(AcquisitionNumber=1)(series)
    write_series(folder, series)
    write_series(folder, second, prefix="again")


@case(RefusalCode.AMBIGUOUS_SERIES)
def two_studies(series: list[Dataset], folder: Path) -> None:
    write_series(folder, series)
    write_series(folder, another(series, "later", StudyInstanceUID="1.2.3", StudyDate="20000102"), prefix="later")


@case(RefusalCode.AMBIGUOUS_SERIES)
def two_studies_under_one_uid(series: list[Dataset], folder: Path) -> None:
    uid = series[0].SeriesInstanceUID
    write_series(folder, series)
    write_series(folder, another(series, "later", StudyInstanceUID="1.2.3", SeriesInstanceUID=uid), prefix="later")


@case(RefusalCode.MULTIFRAME)
def multiframe_without_positions(series: list[Dataset], folder: Path) -> None:
    data = enhanced(series)
    del data.PerFrameFunctionalGroupsSequence
    write_slice(folder / "frames.dcm", data)


@case(RefusalCode.MULTIFRAME)
def multiframe_with_too_few_groups(series: list[Dataset], folder: Path) -> None:
    data = enhanced(series)
    del data.PerFrameFunctionalGroupsSequence[-1]
    write_slice(folder / "frames.dcm", data)


@case(RefusalCode.UNREADABLE_SLICE)
def truncated_pixels(series: list[Dataset], folder: Path) -> None:
    write_series(folder, series)
    truncate(folder / "slice0004.dcm", -100)


@case(RefusalCode.UNREADABLE_SLICE)
def truncated_header(series: list[Dataset], folder: Path) -> None:
    write_series(folder, series)
    truncate(folder / "slice0004.dcm", 700)


@case(RefusalCode.UNREADABLE_SLICE)
def last_slice_cut_off_before_its_series_uid(series: list[Dataset], folder: Path) -> None:
    write_series(folder, series)
    truncate(sorted(folder.iterdir())[-1], 450)


@case(RefusalCode.UNREADABLE_SLICE)
def damaged_codestream(series: list[Dataset], folder: Path) -> None:
    compress(series, JPEG2000Lossless)
    write_series(folder, series, syntax=JPEG2000Lossless)
    damage_size(folder / "slice0003.dcm")


@case(RefusalCode.UNREADABLE_SLICE)
def cut_codestream(series: list[Dataset], folder: Path) -> None:
    compress(series, JPEGLSLossless)
    write_series(folder, series, syntax=JPEGLSLossless)
    truncate(folder / "slice0003.dcm", -100)


@case(RefusalCode.UNREADABLE_SLICE)
def native_pixels_called_rle(series: list[Dataset], folder: Path) -> None:
    for data in series:
        data.PixelData = encapsulate([data.PixelData])
        data["PixelData"].is_undefined_length = True
    write_series(folder, series, syntax=RLELossless)


@case(RefusalCode.TRANSFER_SYNTAX)
def lossy_syntax(series: list[Dataset], folder: Path) -> None:
    compress(series, JPEGLSLossless)
    write_series(folder, series, syntax=JPEGLSNearLossless)


@case(RefusalCode.TRANSFER_SYNTAX)
def syntax_without_a_decoder(series: list[Dataset], folder: Path) -> None:
    compress(series, JPEGLSLossless)
    write_series(folder, series, syntax=JPEGBaseline8Bit)


@case(RefusalCode.TRANSFER_SYNTAX)
def deflated(series: list[Dataset], folder: Path) -> None:
    write_series(folder, series, syntax="1.2.840.10008.1.2.1.99")


@case(RefusalCode.TRANSFER_SYNTAX)
def private_syntax(series: list[Dataset], folder: Path) -> None:
    write_series(folder, series)
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes().replace(ExplicitVRLittleEndian.encode() + b"\0", b"1.2.840.11354999.1.2"))


@case(RefusalCode.NO_DICOM)
def nothing_but_junk(series: list[Dataset], folder: Path) -> None:
    folder.mkdir()
    (folder / "notes.txt").write_text("x" * 500)
    (folder / "empty.dcm").touch()
    (folder / "noise.dcm").write_bytes(np.random.default_rng(0).bytes(5000))


@case(RefusalCode.NO_DICOM)
def empty_folder(series: list[Dataset], folder: Path) -> None:
    folder.mkdir()


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
