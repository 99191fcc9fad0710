"""Classes of input of which the reader must choose the right part: several series or objects in one folder."""

from __future__ import annotations

import copy
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    MPEG2MPML,
    ComprehensiveSRStorage,
    DeflatedExplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
    RTStructureSetStorage,
    SecondaryCaptureImageStorage,
    VideoPhotographicImageStorage,
    generate_uid,
)

from helpers.case_registry import case
from helpers.series_edits import (
    GEOMETRY,
    MIP,
    another,
    bright,
    delete_all,
    item,
    localizer,
    middle,
    shift,
)
from helpers.synthetic_series import write_series, write_slice


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


@case()
def thinner_projection_beside(series: list[Dataset], folder: Path) -> None:
    write_series(folder, series)
    write_series(folder, bright(another(series, "mip", SliceThickness="0.6", ImageType=MIP)), prefix="mip")


def half_a_step_between(series: list[Dataset], name: str, image_type: list[str]) -> list[Dataset]:
    """Return computed slices under the series' UID, each in the middle between two of its slices."""
    between = bright(another(series, name, SeriesInstanceUID=series[0].SeriesInstanceUID, ImageType=image_type))
    for data, one, next_one in zip(between, series, series[1:], strict=False):
        data.ImagePositionPatient = [
            (float(a) + float(b)) / 2
            for a, b in zip(one.ImagePositionPatient, next_one.ImagePositionPatient, strict=True)
        ]
    return between[:-1]


@case()
def projection_half_a_step_between_under_the_uid(series: list[Dataset], folder: Path) -> None:
    write_series(folder, [*series, *half_a_step_between(series, "mip", MIP)])


@case()
def derived_copy_half_a_step_between_under_the_uid(series: list[Dataset], folder: Path) -> None:
    write_series(folder, [*series, *half_a_step_between(series, "copy", ["DERIVED", "PRIMARY", "AXIAL"])])


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
