"""Small NLST-like studies on disk, an index that lists them, and tables that name them."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

DATES = ("19990102", "20000102", "20010102")
NLSTX_HEADER = [
    "fold", "PID", "study_yr", "malignancy", "seriesinstanceuids", "Abnormality UID", "Slice number",
    "Bounding box x (pixels)", "Bounding box y (pixels)", "Bounding box width (pixels)", "Bounding box height (pixels)",
]  # fmt: skip
LUNA25_HEADER = [
    "PatientID", "SeriesInstanceUID", "StudyDate", "CoordX", "CoordY", "CoordZ", "LesionID", "AnnotationID",
    "NoduleID", "label", "Age_at_StudyDate", "Gender",
]  # fmt: skip
ROWS = COLUMNS = 96
SLICES = 24
SPACING = (0.8, 0.8)
STEP = 2.5


def series_uid(patient: str, screen: int, kernel: str = "STANDARD") -> str:
    return f"1.2.840.999.{patient}.{screen + 1}.{sum(map(ord, kernel))}"


def write_series(
    folder: Path,
    patient: str,
    screen: int,
    *,
    kernel: str = "STANDARD",
    bright: tuple[int, int, int] = (40, 50, 12),
    slices: int = SLICES,
) -> str:
    """Write a small axial series; ``bright`` is (column, row, instance number) of a bright block. Return its UID."""
    uid = series_uid(patient, screen, kernel)
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(int(patient) + screen)
    rows, columns = np.mgrid[:ROWS, :COLUMNS]
    body = (rows - ROWS / 2) ** 2 + (columns - COLUMNS / 2) ** 2 < (0.48 * ROWS) ** 2
    lung = (rows - ROWS / 2) ** 2 + (columns - COLUMNS / 2) ** 2 < (0.4 * ROWS) ** 2
    for number in range(1, slices + 1):
        hu = np.where(lung, -850.0, np.where(body, 40.0, -1000.0)) + rng.normal(0, 20, (ROWS, COLUMNS))
        if abs(number - bright[2]) <= 2:
            hu[bright[1] - 4 : bright[1] + 5, bright[0] - 4 : bright[0] + 5] = 60.0
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = CTImageStorage
        meta.MediaStorageSOPInstanceUID = f"{uid}.{number}"
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
        dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
        dataset.PatientID, dataset.StudyDate, dataset.Modality = patient, DATES[screen], "CT"
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"1.2.840.999.{patient}.{screen + 1}", uid
        dataset.FrameOfReferenceUID = f"1.2.840.999.{patient}.{screen + 1}.9"
        dataset.SeriesDescription = description(screen, kernel)
        dataset.Manufacturer, dataset.ImageType = "GE MEDICAL SYSTEMS", ["ORIGINAL", "PRIMARY", "AXIAL"]
        dataset.ConvolutionKernel, dataset.SliceThickness = kernel, STEP
        # NLST's slices are numbered from the top of the body down.
        dataset.InstanceNumber = number
        dataset.ImagePositionPatient = [-38.4, -30.0, -2.5 * number]
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.PixelSpacing = list(SPACING)
        dataset.Rows, dataset.Columns = ROWS, COLUMNS
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 1
        dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 1, -1024, "HU"
        dataset.PixelData = np.round(hu + 1024).astype("<i2").tobytes()
        dataset.save_as(folder / f"{number:04d}.dcm", enforce_file_format=True)
    return uid


def description(screen: int, kernel: str = "STANDARD") -> str:
    return f"{screen},OPA,GE,LS16,{kernel},76.8,2.5,120,40,0.1,1.5"


def write_csv(path: Path, header: list[str], rows: list[list[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@dataclass
class Archive:
    """Series in an index, with or without files."""

    folder: Path
    rows: list[dict[str, object]] = field(default_factory=list)

    def add(self, patient: str, screen: int, **changes: object) -> str:
        kernel = str(changes.pop("kernel", "STANDARD"))
        uid = series_uid(patient, screen, kernel)
        self.rows.append(
            {
                "collection_id": "nlst",
                "analysis_result_id": None,
                "Modality": "CT",
                "PatientID": patient,
                "StudyDate": f"{DATES[screen][:4]}-{DATES[screen][4:6]}-{DATES[screen][6:]}",
                "StudyInstanceUID": f"1.2.840.999.{patient}.{screen + 1}",
                "SeriesInstanceUID": uid,
                "SeriesDescription": description(screen, kernel),
                "Manufacturer": "GE MEDICAL SYSTEMS",
                "ManufacturerModelName": "LightSpeed16",
                "instanceCount": SLICES,
                "series_size_MB": 0.5,
                "TransferSyntaxUID": str(ExplicitVRLittleEndian),
                "license_short_name": "CC BY 4.0",
                "series_aws_url": f"s3://idc-open-data/{patient}-{screen}-{kernel.lower()}/*",
            }
            | changes
        )
        return uid

    @property
    def index(self) -> Path:
        path = self.folder / "index.parquet"
        pd.DataFrame(self.rows).astype({"analysis_result_id": "object"}).to_parquet(path)
        return path


def nlstx_row(patient: str, screen: int, *, malignant: bool = False, box=(36, 46, 9, 9), number: int = 12, uid=""):
    uid = uid or series_uid(patient, screen)
    return [0, patient, screen, "M" if malignant else "B", uid, "1.0", f"{number}.0", *(f"{value}.0" for value in box)]


def luna25_row(patient: str, screen: int, *, label: int = 0, lesion: int = 1, point=(-6.4, 10.0, -30.0), uid=""):
    date, uid = DATES[screen], uid or series_uid(patient, screen)
    names = [lesion, f"{patient}_{lesion}_{date}", f"{patient}_{lesion}"]
    return [patient, uid, date, *point, *names, label, 61 + screen, "Female"]
