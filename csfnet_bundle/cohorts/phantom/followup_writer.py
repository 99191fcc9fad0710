"""Writing a simulated follow-up as a DICOM series that everybody can tell from a real one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import ExplicitVRLittleEndian
from pydicom.valuerep import format_number_as_ds

from csfnet_bundle.cohorts.phantom.streams import uid
from csfnet_bundle.core.errors import BundleError

MARK = "SIMULATED FOLLOW-UP"
"""Begins the SeriesDescription, so that every viewer shows it."""

LONG_STRING = 64
"""Characters that DICOM allows in a description (LO)."""

MOVED_DATES = (
    "StudyDate",
    "SeriesDate",
    "AcquisitionDate",
    "ContentDate",
    "AcquisitionDateTime",
    "InstanceCreationDate",
    "ScheduledProcedureStepStartDate",
    "ScheduledProcedureStepEndDate",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepEndDate",
)
"""What says when the study was made; other dates (of birth, of admission) stay."""

DROPPED = (
    "SmallestImagePixelValue",
    "LargestImagePixelValue",
    "IconImageSequence",
    "ReferencedImageSequence",
    "DigitalSignaturesSequence",
    "MACParametersSequence",
)
"""What described the real pixels or belongs to the real study."""

DAYS_A_YEAR = 365.25

SAME_PLACE_MM = 0.01
"""SliceLocation is moved along where it repeats a coordinate of the position; it is written with two decimals."""


@dataclass(frozen=True)
class FollowupIdentity:
    """What distinguishes the simulated study from the real one.

    Attributes:
        interval_days: days between the two.
        shift_mm: how far the patient lies from where they lay, LPS (x, y, z).
        description: what was done, for DerivationDescription.
        key: names that the new identifiers depend on, besides the real ones.
    """

    interval_days: int
    shift_mm: tuple[float, float, float]
    description: str
    key: tuple[object, ...]

    def uid(self, original: str) -> str:
        """Return the identifier that takes the place of ``original``."""
        return uid("follow-up", original, *self.key)


def write_followup(
    paths: Sequence[str],
    before: NDArray[np.float32],
    after: Iterable[NDArray[np.float32]],
    folder: Path,
    identity: FollowupIdentity,
) -> tuple[str, str]:
    """Write one file for each file of the real series, with its tags but for those that would lie.

    Args:
        paths: the real series' files in the order of k; one slice each.
        before: the real HU, shape (I, J, K).
        after: the simulated HU, slice by slice, each (I, J).
        folder: where to, existing and empty.
        identity: dates, place and identifiers.

    Returns:
        SeriesInstanceUID and StudyDate (empty where the real one has none) of what was written.

    Raises:
        BundleError: a file with several frames.
    """
    series_uid = study_date = ""
    for k, (path, values) in enumerate(zip(paths, after, strict=True)):
        dataset = dcmread(path)
        if int(dataset.get("NumberOfFrames") or 1) > 1:
            raise BundleError(
                "a follow-up of a multi-frame series cannot be written",
                record=path,
                remedy="Convert it to single-frame CT images first.",
            )
        stored = _stored(dataset, before[:, :, k].T, values.T)
        mark(dataset, identity)
        move(dataset, identity)
        replace_pixels(dataset, stored)
        dcmwrite(folder / f"{k + 1:04d}.dcm", dataset, enforce_file_format=True)
        series_uid, study_date = str(dataset.SeriesInstanceUID), str(dataset.get("StudyDate") or "")
    return series_uid, study_date


def _stored(dataset: Dataset, before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.integer]:
    """Stored values (rows, columns) for HU; where nothing changed, those that were there, padding included."""
    real: NDArray[np.integer] = dataset.pixel_array
    slope, intercept = float(dataset.RescaleSlope), float(dataset.RescaleIntercept)
    bits, signed = int(dataset.BitsStored), bool(dataset.PixelRepresentation)
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    stored = np.clip(np.rint((after - intercept) / slope), low, high).astype(real.dtype)
    unchanged = np.abs(after - before) < abs(slope) / 2
    return np.where(unchanged, real, stored)


def mark(dataset: Dataset, identity: FollowupIdentity) -> None:
    """Say in every place where a reader may look that the images were computed."""
    source = Dataset()
    source.ReferencedSOPClassUID = dataset.SOPClassUID
    source.ReferencedSOPInstanceUID = dataset.SOPInstanceUID
    dataset.SourceImageSequence = DicomSequence([source])
    for name in DROPPED:
        if name in dataset:
            delattr(dataset, name)
    for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID"):
        if dataset.get(name):
            setattr(dataset, name, identity.uid(str(dataset[name].value)))
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    image_type = [str(value) for value in dataset.get("ImageType") or []]
    dataset.ImageType = ["DERIVED", "SECONDARY", *(image_type[2:] or ["AXIAL"]), "SIMULATED"]
    dataset.SeriesDescription = f"{MARK} {dataset.get('SeriesDescription') or ''}".strip()[:LONG_STRING]
    dataset.DerivationDescription = identity.description
    dataset.AccessionNumber = ""  # it names the order of the real study


def move(dataset: Dataset, identity: FollowupIdentity) -> None:
    """Move the dates by the interval and the patient by the shift."""
    for name in MOVED_DATES:
        if dataset.get(name):
            setattr(dataset, name, _later(str(dataset[name].value), identity.interval_days))
    age = re.fullmatch(r"(\d{3})Y", str(dataset.get("PatientAge") or ""))
    if age:
        dataset.PatientAge = f"{int(age[1]) + int(identity.interval_days // DAYS_A_YEAR):03d}Y"
    old = deepcopy([float(value) for value in dataset.ImagePositionPatient])
    new = [place + step for place, step in zip(old, identity.shift_mm, strict=True)]
    dataset.ImagePositionPatient = [format_number_as_ds(value) for value in new]
    if dataset.get("SliceLocation") is not None:
        repeated = [axis for axis in (2, 1, 0) if abs(float(dataset.SliceLocation) - old[axis]) < SAME_PLACE_MM]
        if repeated:
            dataset.SliceLocation = format_number_as_ds(new[repeated[0]])


def _later(value: str, days: int) -> str:
    """A DICOM date or date-time so many days later; what follows the day stays."""
    try:
        day = datetime.strptime(value[:8], "%Y%m%d") + timedelta(days=days)
    except ValueError:
        return value
    return day.strftime("%Y%m%d") + value[8:]


def replace_pixels(dataset: Dataset, stored: NDArray[np.integer]) -> None:
    """Put other stored values (rows, columns) into the data set, uncompressed."""
    little = stored.astype(stored.dtype.newbyteorder("<"))
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.PixelData = little.tobytes()
    dataset["PixelData"].VR = "OW"
    dataset["PixelData"].is_undefined_length = False
