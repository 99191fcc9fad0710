"""Every class of input that the reader must read right or refuse by name, as edits of a series.

Each edit takes the data sets of a sound axial series, in the order of space, and writes a folder. They are applied to
synthetic series and to real ones alike.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    JPEGLSNearLossless,
    MediaStorageDirectoryStorage,
    RLELossless,
    generate_uid,
)

from csfnet_bundle.core.errors import RefusalCode
from helpers.synthetic_series import compress, pixels, write_series, write_slice

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


PER_FRAME_KEYWORDS = (
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "SliceThickness",
    "RescaleSlope",
    "RescaleIntercept",
    "RescaleType",
    "ConvolutionKernel",
    "InstanceNumber",
)
"""What Enhanced CT moves from the top level to the functional groups."""


def enhanced(series: list[Dataset]) -> Dataset:
    """The series as one Enhanced CT instance, frames in another order."""
    order = np.random.default_rng(3).permutation(len(series))
    frames = [series[index] for index in order]
    data = copy.deepcopy(frames[0])
    for keyword in PER_FRAME_KEYWORDS:
        if keyword in data:
            del data[keyword]
    data.SOPClassUID = EnhancedCTImageStorage
    data.NumberOfFrames = len(frames)
    shared = Dataset()
    shared.PlaneOrientationSequence = [item(ImageOrientationPatient=frames[0].ImageOrientationPatient)]
    shared.PixelMeasuresSequence = [item(PixelSpacing=frames[0].PixelSpacing, SliceThickness=frames[0].SliceThickness)]
    shared.CTReconstructionSequence = [item(ConvolutionKernel=frames[0].ConvolutionKernel)]
    data.SharedFunctionalGroupsSequence = [shared]
    data.PerFrameFunctionalGroupsSequence = [
        item(
            PlanePositionSequence=[item(ImagePositionPatient=frame.ImagePositionPatient)],
            PixelValueTransformationSequence=[
                item(RescaleSlope=frame.RescaleSlope, RescaleIntercept=frame.RescaleIntercept, RescaleType="HU")
            ],
            CTImageFrameTypeSequence=[item(FrameType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"])],
        )
        for frame in frames
    ]
    data.PixelData = b"".join(frame.PixelData for frame in frames)
    return data


def compressed_frames(series: list[Dataset], data: Dataset) -> Dataset:
    from pydicom.encaps import encapsulate, generate_frames

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
    from pydicom.encaps import encapsulate

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
