"""The patient's chest CTs before a study, as a PACS lists them, and the pair of series that the reader would choose."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset, __version_info__
from pydicom.dataset import FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import ExplicitVRLittleEndian

from csfnet_bundle.core.errors import BundleError, Refusal
from csfnet_bundle.scans.dicom import Series, scan_folder, select_pair
from csfnet_bundle.serving.pacs.service import DicomWebService

CHEST = r"chest|thora|torax|lung|poumon|lunge"
"""What the description or the body part of a chest CT says, in any case of letters."""
LEAST_IMAGES = 10
"""A series of fewer images is a localizer or a dose page."""
WHOLE_FILE = {"enforce_file_format": True} if int(__version_info__[0]) >= 3 else {"write_like_original": False}
"""Write a whole DICOM file, in the words of this pydicom: MONAI Label's environment has version 2."""
PIXEL_DATA_HEADER = b"\xe0\x7f\x10\x00OW\x00\x00"


@dataclass(frozen=True)
class StudyFound:
    """A study that a PACS lists.

    Attributes:
        uid: StudyInstanceUID.
        patient_id: PatientID.
        issuer: IssuerOfPatientID; empty where it is not told.
        date: StudyDate, YYYYMMDD; empty where it is not told.
        description: StudyDescription.
    """

    uid: str
    patient_id: str
    issuer: str
    date: str
    description: str

    @classmethod
    def of(cls, found: Dataset) -> StudyFound:
        """Return the study of an answer."""
        words = [
            str(found.get(name) or "")
            for name in ("StudyInstanceUID", "PatientID", "IssuerOfPatientID", "StudyDate", "StudyDescription")
        ]
        return cls(*words)


def current_study(service: DicomWebService, uid: str) -> StudyFound:
    """Return the study of that UID.

    Raises:
        BundleError: the PACS has none, or it names no patient.
    """
    found = [StudyFound.of(item) for item in service.studies({"StudyInstanceUID": uid})]
    if not found:
        raise BundleError("the PACS has no such study", record=f"study {uid}", remedy="Check --study.")
    if not found[0].patient_id:
        raise BundleError("the study names no patient, so no prior can be found", record=f"study {uid}")
    return found[0]


def prior_studies(
    service: DicomWebService, current: StudyFound, words: str = CHEST, uid: str | None = None
) -> list[StudyFound]:
    """Return the same patient's earlier chest CTs, the latest first.

    Args:
        service: the PACS.
        current: the study of t1.
        words: regular expression that the study's or a series' description, or its body part, has to match.
        uid: take this study and no other.

    Raises:
        BundleError: there is none.
    """
    filters = {"PatientID": current.patient_id, "ModalitiesInStudy": "CT"}
    found = [StudyFound.of(item) for item in service.studies(filters)]
    same = [
        study
        for study in found
        if study.patient_id == current.patient_id
        and (not study.issuer or not current.issuer or study.issuer == current.issuer)
        and study.uid != current.uid
        and (study.uid == uid if uid else "" < study.date < current.date)
    ]
    chest = [study for study in same if uid or _is_chest(service, study, words)]
    if not chest:
        raise BundleError(
            f"the PACS has no earlier chest CT of the patient ({len(found)} CT studies in all)",
            record=f"study {current.uid}",
            remedy="Name a prior by --prior, or other words for a chest by --describes.",
        )
    return sorted(chest, key=lambda study: study.date, reverse=True)


def _is_chest(service: DicomWebService, study: StudyFound, words: str) -> bool:
    told = [study.description]
    for series in service.series(study.uid, {"Modality": "CT"}):
        told += [str(series.get("SeriesDescription") or ""), str(series.get("BodyPartExamined") or "")]
    return re.search(words, " ".join(told), re.IGNORECASE) is not None


@dataclass(frozen=True)
class PairFound:
    """The pair of series to read.

    Attributes:
        t0: the earlier series, by its headers.
        t1: the later one.
        skipped: why later priors were passed over, one sentence each.
    """

    t0: Series
    t1: Series
    skipped: tuple[str, ...] = ()


def choose_pair(
    service: DicomWebService,
    current: StudyFound,
    priors: Sequence[StudyFound],
    folder: Path,
    *,
    series0: str | None = None,
    series1: str | None = None,
) -> PairFound:
    """Choose the series of both studies by the reader's rule; of several priors the latest that can be read.

    Only headers are fetched. They are written as files whose pixels are a hole, so that the reader itself judges them.

    Args:
        service: the PACS.
        current: the study of t1.
        priors: what may be t0, the best first.
        folder: for the files.
        series0: SeriesInstanceUID asked for at t0.
        series1: the same at t1.

    Raises:
        Refusal: no pair can be chosen; the reason is that of the last prior.
    """
    later = _series_by_headers(service, current, folder / "t1")
    skipped: list[str] = []
    refusal: Refusal | None = None
    for number, prior in enumerate(priors):
        try:
            earlier = _series_by_headers(service, prior, folder / f"t0_{number}")
            t0, t1 = select_pair(earlier, later, series0, series1)
            return PairFound(t0, t1, tuple(skipped))
        except Refusal as error:
            refusal = error
            skipped.append(f"The prior of {prior.date} was passed over: {error.problem} ({error.code}).")
    assert refusal is not None
    raise refusal


def _series_by_headers(service: DicomWebService, study: StudyFound, folder: Path) -> list[Series]:
    for series in service.series(study.uid, {"Modality": "CT"}):
        count = series.get("NumberOfSeriesRelatedInstances")
        if count is not None and int(count) < LEAST_IMAGES:
            continue
        for number, header in enumerate(service.headers(study.uid, str(series.SeriesInstanceUID))):
            write_without_pixels(header, folder / str(series.SeriesInstanceUID) / f"{number}.dcm")
    return scan_folder(folder) if folder.exists() else []


def write_without_pixels(header: Dataset, path: Path) -> None:
    """Write a header as a file of the length that it would have with pixels; the hole takes no room on the disk."""
    for name in ("PixelData", "AvailableTransferSyntaxUID"):
        if name in header:
            delattr(header, name)
    for tag in [element.tag for element in header if element.tag.group == 2]:  # some servers list the file's own
        del header[tag]
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.file_meta.MediaStorageSOPClassUID = header.SOPClassUID
    header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID
    frames = int(header.get("NumberOfFrames") or 1)
    length = int(header.get("Rows") or 0) * int(header.get("Columns") or 0) * 2 * frames
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        dcmwrite(file, header, **WHOLE_FILE)
    with path.open("ab") as file:
        file.write(PIXEL_DATA_HEADER + length.to_bytes(4, "little"))
        file.truncate(file.tell() + length)
