"""An export as a PACS writes it on a CD: DICOMDIR, studies of patients, a report, another modality, a viewer."""

import gc
import warnings
import zipfile
from pathlib import Path

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.fileset import FileSet
from pydicom.uid import BasicTextSRStorage, ExplicitVRLittleEndian, MRImageStorage, generate_uid

from helpers.synthetic_series import make_series

PATIENT, OTHER = "100012", "100099"
DATES = ("19990102", "20000104")


def study_series(date: str, patient: str = PATIENT, kernel: str = "BONE", **elements: object) -> list[Dataset]:
    """Return a CT series of a study that patient and date tell."""
    uids = {"StudyInstanceUID": f"1.2.{patient}.{date}", "FrameOfReferenceUID": f"1.3.{patient}.{date}"}
    names = {"PatientID": patient, "StudyDate": date, "ConvolutionKernel": kernel, "StudyDescription": f"CT {date}"}
    return make_series(seed=patient + date + kernel, **{**uids, **names, **elements})


def write_export(folder: Path, *series: list[Dataset]) -> Path:
    """Write a DICOM file-set of the series, with a report and an MR slice of the first one's study beside them."""
    files = FileSet()
    for dataset in [item for one in series for item in one]:
        _complete(dataset)
        files.add(dataset)
    for sop_class, modality in ((BasicTextSRStorage, "SR"), (MRImageStorage, "MR")):
        files.add(_other(series[0][0], sop_class, modality))
    files.write(folder)
    with warnings.catch_warnings():  # it has a temporary folder, which only its end removes
        warnings.simplefilter("ignore", ResourceWarning)
        del files
        gc.collect()
    (folder / "VIEWER").mkdir()
    (folder / "VIEWER" / "autorun.inf").write_text("[autorun]")
    return folder


def zip_folder(folder: Path, path: Path) -> Path:
    """Pack a folder."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return path


def _complete(dataset: Dataset) -> None:
    """Add what a DICOMDIR wants of each instance."""
    for keyword, value in {"StudyTime": "120000", "StudyID": "1", "SeriesNumber": 2, "PatientName": "X"}.items():
        if keyword not in dataset:
            setattr(dataset, keyword, value)
    dataset.file_meta = _file_meta(dataset)


def _file_meta(dataset: Dataset) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = dataset.SOPClassUID, dataset.SOPInstanceUID
    return meta


def _other(source: Dataset, sop_class: str, modality: str) -> Dataset:
    other = Dataset()
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "StudyDate", "StudyTime", "StudyID"):
        setattr(other, keyword, getattr(source, keyword))
    other.SOPClassUID, other.SOPInstanceUID, other.Modality = sop_class, generate_uid(), modality
    other.SeriesInstanceUID, other.SeriesNumber, other.InstanceNumber = generate_uid(), 9, 1
    other.ContentDate, other.ContentTime, other.CompletionFlag, other.VerificationFlag = (
        DATES[0],
        "120000",
        "COMPLETE",
        "UNVERIFIED",
    )
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "18748-4", "LN", "Diagnostic Imaging Report"
    other.ConceptNameCodeSequence = [code]
    other.file_meta = _file_meta(other)
    return other
