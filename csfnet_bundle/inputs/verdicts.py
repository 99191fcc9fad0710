"""What a check says about series, studies and records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import numpy as np

from csfnet_bundle.core.alarm import alarms
from csfnet_bundle.core.errors import BundleError, Refusal
from csfnet_bundle.records import Scan
from csfnet_bundle.scans import dicom, volume_files


class Verdict(StrEnum):
    """What became of a series."""

    CHOSEN = "chosen"
    USABLE = "usable"
    REFUSED = "refused"


@dataclass(frozen=True)
class Reason:
    """Why something cannot be used.

    Attributes:
        code: the refusal's code; empty where the record, not an image, is at fault.
        problem: what was found.
        remedy: what to do.
        figures: the values that led to it.
    """

    code: str
    problem: str
    remedy: str = ""
    figures: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, error: BundleError) -> Reason:
        """Return the reason that an error gives."""
        problem = f"{error.record}: {error.problem}" if error.record else error.problem
        if isinstance(error, Refusal):
            return cls(str(error.code), problem, error.remedy, error.figures)
        return cls("", problem, error.remedy)

    def __str__(self) -> str:
        return f"{self.code}: {self.problem}" if self.code else self.problem


@dataclass(frozen=True)
class SeriesVerdict:
    """One series, or one file, and what was found.

    Attributes:
        path: its folder or file.
        verdict: chosen (this one is read), usable (could be read), or refused.
        reason: why it was refused.
        uid: SeriesInstanceUID; empty for files that are not DICOM.
        study_uid: StudyInstanceUID.
        patient: PatientID.
        date: StudyDate, YYYYMMDD.
        slices: number of slices.
        spacing: mm along columns' and rows' distance and the slices' distance: (between rows, between columns, between
            slices); None where the geometry is no stack.
        thickness: SliceThickness, mm.
        kernel: ConvolutionKernel.
        description: SeriesDescription.
        findings: what was noticed and can be lived with.
    """

    path: str
    verdict: Verdict
    reason: Reason | None = None
    uid: str = ""
    study_uid: str = ""
    patient: str = ""
    date: str = ""
    slices: int = 0
    spacing: tuple[float, float, float] | None = None
    thickness: float | None = None
    kernel: str = ""
    description: str = ""
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class StudyVerdict:
    """The series of one study, and whether one of them can be read.

    Attributes:
        patient: PatientID.
        study_uid: StudyInstanceUID.
        series: its series.
        reason: why nothing of the study can be read; None if something can.
    """

    patient: str
    study_uid: str
    series: tuple[SeriesVerdict, ...]
    reason: Reason | None = None


@dataclass(frozen=True)
class PairVerdict:
    """A record of the datalist, and whether its ROIs can be read.

    Attributes:
        name: ``subject/nodule``.
        section: the list that the record is in.
        scans: what was found at t0 and t1, as far as it could be found.
        reason: why the record cannot be used; None if it can.
        findings: what else was noticed of the pair.
    """

    name: str
    section: str
    scans: Mapping[str, SeriesVerdict]
    reason: Reason | None = None
    findings: tuple[str, ...] = ()

    @property
    def alarms(self) -> tuple[str, ...]:
        """What must be seen before a prediction of this record is read."""
        of_scans = (f"{name}: {text}" for name, scan in self.scans.items() for text in scan.findings)
        return alarms((*of_scans, *self.findings))


def describe_series(
    series: dicom.Series, verdict: Verdict, reason: Reason | None = None, path: str = ""
) -> SeriesVerdict:
    """Return a series' verdict with what its headers say about it."""
    spacing, findings = None, series.findings
    if not reason or series.instances:
        try:
            stack = series.stack
            spacing = (float(np.linalg.norm(stack.row_step)), float(np.linalg.norm(stack.column_step)), stack.step)
            findings = series.all_findings
        except Refusal:
            pass  # then the reason says why there is no stack
    return SeriesVerdict(
        path=path or str(series.folder),
        verdict=verdict,
        reason=reason,
        uid=series.uid,
        study_uid=series.study_uid,
        patient=series.patient_id,
        date=series.study_date,
        slices=len(series.instances),
        spacing=spacing,
        thickness=series.slice_thickness,
        kernel=series.kernel,
        description=series.description,
        findings=findings,
    )


def describe_file(path: Path, scan: Scan | None, verdict: Verdict, reason: Reason | None = None) -> SeriesVerdict:
    """Return the verdict on a NIfTI or MetaImage file with what its header says about it."""
    date = "" if scan is None else scan.date or ""
    try:
        file = volume_files.open_volume_file(path)
    except BundleError as error:
        return SeriesVerdict(str(path), Verdict.REFUSED, reason or Reason.of(error), date=date)
    columns, rows, slices = (float(mm) for mm in np.linalg.norm(file.affine[:3, :3], axis=0))
    return SeriesVerdict(
        path=str(path),
        verdict=verdict,
        reason=reason,
        date=date,
        slices=file.shape[2],
        spacing=(rows, columns, slices),
        findings=file.findings,
    )
