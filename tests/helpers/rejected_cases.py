"""Classes of input that the reader must reject with a code."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from csfnet_bundle.core.errors import RefusalCode
from helpers.case_registry import case, edited
from helpers.series_edits import (
    MIP,
    add_rows,
    another,
    at_one_place,
    crop_middle,
    damage_size,
    delete_all,
    drop,
    drop_a_column,
    duplicate_place,
    duplicate_uid_other_pixels,
    enhanced,
    middle,
    set_all,
    set_middle,
    shift,
    strip_preamble,
    truncate,
    vary_spacing,
    wrap,
)
from helpers.synthetic_series import compress, write_series, write_slice

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
