"""Phantom scans as NLST-like DICOM studies: a localizer and one or two reconstructions, marked as phantoms."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from csfnet_bundle.cohorts.phantom.label_model import STEADY
from csfnet_bundle.cohorts.phantom.render import RenderedScan
from csfnet_bundle.cohorts.phantom.scanners import Scanner
from csfnet_bundle.cohorts.phantom.streams import uid
from csfnet_bundle.cohorts.phantom.subject import DATES, YOUNGEST, Subject

RESCALE_INTERCEPT = -1024
PHANTOM_COMMENT = "Phantom: computed by csfnet_bundle, no patient was scanned"
LOCALIZER_FOLDER, CT_FOLDER, SECOND_FOLDER = "1_localizer", "2_ct", "3_ct"
LOCALIZER_WINDOW, LUNG_WINDOW = (-200, 1000), (-600, 1600)
POSITION_DIGITS = 4
"""Decimals of a millimetre in the header: a tenth of a micrometre, and within the 16 characters of a DICOM number."""


@dataclass(frozen=True)
class WrittenSeries:
    """A CT series on disk.

    Attributes:
        folder: its files.
        series_uid: SeriesInstanceUID.
        instance_of_nodule: InstanceNumber of the slice nearest to the nodule's centre.
    """

    folder: Path
    series_uid: str
    instance_of_nodule: int


def write_study(
    folder: Path, subject: Subject, screen: int, scan: RenderedScan, second: tuple[Scanner, RenderedScan] | None = None
) -> WrittenSeries:
    """Write one screen of a subject: a localizer, the CT series, and where given a second reconstruction.

    Every identifier depends on the cohort's seed, the subject, the screen and the series alone.

    Args:
        folder: the study's folder, made here; each series has a subfolder.
        subject: who.
        screen: 0, 1, ...
        scan: the rendered scan.
        second: another kernel of the same exam, with its scan.

    Returns:
        The first reconstruction.
    """
    study = _study_header(subject, screen)
    _write_localizer(folder / LOCALIZER_FOLDER, study, subject, screen, scan)
    written = _write_series(folder / CT_FOLDER, study, subject, screen, scan, scan.acquisition.scanner, 2)
    if second is not None:
        _write_series(folder / SECOND_FOLDER, study, subject, screen, second[1], second[0], 3)
    return written


def series_description(screen: int, scan: RenderedScan, scanner: Scanner, plane: str = "OPA") -> str:
    """Return NLST's comma list: study year, plane, maker, model, kernel, field of view and slice in mm, kVp, mA."""
    acquisition = scan.acquisition
    field = scan.hu.shape[2] * acquisition.pixel_spacing
    who = (screen, plane, scanner.maker_code, scanner.model_code, scanner.kernel)
    how = (f"{field:.0f}", f"{scanner.thickness:g}", acquisition.tube_voltage, acquisition.tube_current, "na", "na")
    return ",".join(map(str, who + how))


def _uid(subject: Subject, *names: object) -> str:
    # Prevalence, the number of screens and later growth change what a subject is, so they belong to its identity.
    grown = () if subject.later_growth == STEADY else (subject.later_growth,)
    return uid(subject.seed, subject.number, subject.screens, subject.prevalence, *grown, *names)


def _study_header(subject: Subject, screen: int) -> Dataset:
    header = Dataset()
    header.SpecificCharacterSet = "ISO_IR 100"
    header.SOPClassUID = CTImageStorage
    header.StudyDate = header.SeriesDate = header.AcquisitionDate = header.ContentDate = DATES[screen]
    header.StudyTime = "120000"
    header.AccessionNumber = ""
    header.Modality = "CT"
    header.ReferringPhysicianName = ""
    header.StudyDescription = "NLST-like phantom"
    header.PatientName = subject.patient_id
    header.PatientID = subject.patient_id
    header.PatientBirthDate = ""
    header.PatientSex = "M" if subject.clinical["gender"] == 1 else "F"
    header.PatientAge = f"{max(YOUNGEST, subject.clinical['age'] + screen):03d}Y"
    header.StudyID = str(screen)
    header.StudyInstanceUID = _uid(subject, screen)
    header.FrameOfReferenceUID = _uid(subject, screen, "frame of reference")
    header.PositionReferenceIndicator = ""
    header.PatientPosition = "HFS"
    header.QualityControlImage = "YES"  # the attribute by which DICOM marks images of a phantom
    header.ImageComments = PHANTOM_COMMENT
    header.SamplesPerPixel = 1
    header.PhotometricInterpretation = "MONOCHROME2"
    header.BitsAllocated = header.BitsStored = 16
    header.HighBit = 15
    header.PixelRepresentation = 1
    header.RescaleIntercept, header.RescaleSlope, header.RescaleType = RESCALE_INTERCEPT, 1, "HU"
    return header


def _equipment(header: Dataset, scan: RenderedScan, scanner: Scanner) -> None:
    acquisition = scan.acquisition
    header.Manufacturer, header.ManufacturerModelName = scanner.maker, scanner.model
    header.InstitutionName = ""
    header.SoftwareVersions = "phantom"
    header.KVP = acquisition.tube_voltage
    header.XRayTubeCurrent = acquisition.tube_current
    header.ExposureTime = 500
    header.Exposure = round(acquisition.tube_current * 0.5)
    header.TableHeight = acquisition.table_height
    header.GantryDetectorTilt = 0


def _write_series(
    folder: Path, study: Dataset, subject: Subject, screen: int, scan: RenderedScan, scanner: Scanner, number: int
) -> WrittenSeries:
    header = Dataset()
    header.update(study)
    _equipment(header, scan, scanner)
    header.ImageType = ["DERIVED", "PRIMARY", "AXIAL", "PHANTOM"]
    header.SeriesDescription = series_description(screen, scan, scanner)
    header.SeriesInstanceUID = _uid(subject, screen, number)
    header.SeriesNumber = number
    header.AcquisitionNumber = 1
    header.BodyPartExamined = "CHEST"
    header.ScanOptions = "HELICAL MODE"
    header.ConvolutionKernel = scanner.kernel
    header.SliceThickness = scanner.thickness
    header.ReconstructionDiameter = round(scan.hu.shape[2] * float(scan.affine[0, 0]), 1)
    header.DataCollectionDiameter = 500
    header.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    header.PixelSpacing = [float(scan.affine[1, 1]), float(scan.affine[0, 0])]
    header.WindowCenter, header.WindowWidth = LUNG_WINDOW
    positions = scan.affine[:3, 3] + np.arange(len(scan.hu))[:, None] * scan.affine[:3, 2]
    nearest = int(np.abs(positions[:, 2] - scan.nodule[2]).argmin())
    count = len(positions)
    for index, (hu, position) in enumerate(zip(scan.hu, positions, strict=True)):
        header.InstanceNumber = instance = count - index  # from the apex down, as the trial's scanners count
        header.SOPInstanceUID = _uid(subject, screen, number, instance)
        header.ImagePositionPatient = [round(float(value), POSITION_DIGITS) for value in position]
        header.SliceLocation = round(float(position[2]), POSITION_DIGITS)
        _write_instance(folder / f"{instance:04d}.dcm", header, hu)
    return WrittenSeries(folder, header.SeriesInstanceUID, count - nearest)


def _write_localizer(folder: Path, study: Dataset, subject: Subject, screen: int, scan: RenderedScan) -> None:
    """Write the frontal overview: the scan's mean from front to back, seen from the front with the head up."""
    header = Dataset()
    header.update(study)
    _equipment(header, scan, scan.acquisition.scanner)
    header.ImageType = ["DERIVED", "PRIMARY", "LOCALIZER", "PHANTOM"]
    header.SeriesDescription = series_description(screen, scan, scan.acquisition.scanner, "OPL")
    header.SeriesInstanceUID = _uid(subject, screen, 1)
    header.SeriesNumber = header.InstanceNumber = header.AcquisitionNumber = 1
    header.SOPInstanceUID = _uid(subject, screen, 1, 1)
    header.BodyPartExamined = "CHEST"
    header.ScanOptions = "SCOUT MODE"
    header.SliceThickness = round(scan.hu.shape[1] * float(scan.affine[1, 1]), 2)
    header.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
    header.PixelSpacing = [float(scan.affine[2, 2]), float(scan.affine[0, 0])]
    last = (scan.affine @ [0, (scan.hu.shape[1] - 1) / 2, len(scan.hu) - 1, 1])[:3]
    header.ImagePositionPatient = [round(float(value), POSITION_DIGITS) for value in last]
    header.WindowCenter, header.WindowWidth = LOCALIZER_WINDOW
    overview = np.rint(scan.hu.mean(axis=1)).astype(np.int16)
    _write_instance(folder / "0001.dcm", header, overview[::-1])


def _write_instance(path: Path, header: Dataset, hu: NDArray[np.int16]) -> None:
    header.Rows, header.Columns = hu.shape
    header.PixelData = (hu - np.int16(RESCALE_INTERCEPT)).astype("<i2").tobytes()
    header["PixelData"].VR = "OW"
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = header.SOPClassUID
    meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.file_meta = meta
    path.parent.mkdir(parents=True, exist_ok=True)
    dcmwrite(path, header, enforce_file_format=True)
