"""Which two studies of an export are meant: a CD or PACS folder with whatever else lies in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.scans.dicom import Series
from csfnet_bundle.scans.dicom.pairing import valid_date
from csfnet_bundle.scans.dicom.tags import CT_MODALITY


@dataclass(frozen=True)
class Study:
    """One study of an export.

    Attributes:
        uid: StudyInstanceUID.
        series: its CT series, those that cannot be read included.
    """

    uid: str
    series: tuple[Series, ...]

    @property
    def patient(self) -> str:
        """PatientID."""
        return self.series[0].patient_id

    @property
    def date(self) -> str:
        """StudyDate, YYYYMMDD; empty where the files have none."""
        return self.series[0].study_date

    @property
    def is_usable(self) -> bool:
        """Whether a CT series in it can be read."""
        return any(item.refusal is None for item in self.series)

    @property
    def why_not(self) -> str:
        """Its date, and the codes for which its series are rejected."""
        codes = sorted({str(item.refusal.code) for item in self.series if item.refusal is not None})
        return f"{self.date or 'without a date'}: {', '.join(codes)}"


def ct_studies(series: Sequence[Series]) -> list[Study]:
    """Return the studies with CT series, by patient, date and UID; reports and other modalities are left out."""
    grouped: dict[tuple[str, str, str], list[Series]] = {}
    for item in series:
        if item.modality == CT_MODALITY and item.instances:
            grouped.setdefault((item.patient_id, item.study_date, item.study_uid), []).append(item)
    return [Study(key[2], tuple(found)) for key, found in sorted(grouped.items(), key=lambda pair: pair[0])]


def choose_studies(
    studies: Sequence[Study], *, patient: str | None = None, study0: str | None = None, study1: str | None = None
) -> tuple[Study, Study]:
    """Return the earlier and the later study that are meant.

    Args:
        studies: what :func:`ct_studies` found.
        patient: PatientID.
        study0: StudyInstanceUID of the earlier study, or its date YYYYMMDD.
        study1: the same of the later one.

    Raises:
        BundleError: there are not two, more than two fit, one of the patient's cannot be read and both are not named,
            or their dates do not tell which is earlier.
    """
    fitting = [study for study in studies if study.is_usable and patient in (None, study.patient)]
    if patient is not None and not fitting:
        raise BundleError(f"no CT study of patient {patient!r} can be read", remedy="Check --patient.")
    named0, named1 = _named(fitting, study0, "--study0"), _named(fitting, study1, "--study1")
    if named0 is not None and named1 is not None:
        return named0, named1
    one = named0 or named1
    left = [study for study in fitting if study is not one and (one is None or study.patient == one.patient)]
    patients = {study.patient for study in left}
    if len(patients) > 1:
        raise BundleError(f"CT studies of {len(patients)} patients", remedy="Name one by --patient.")
    owners = patients if one is None else {one.patient}
    unread = [
        study.why_not
        for study in studies
        if not study.is_usable and patient in (None, study.patient) and (not owners or study.patient in owners)
    ]
    expected = 1 if one is not None else 2
    if len(left) != expected or unread:  # one that cannot be read may be the one that is meant
        count = len(left) + (one is not None)
        rejected = f", and {len(unread)} that cannot ({'; '.join(unread)})" if unread else ""
        raise BundleError(
            f"{count or 'no'} CT {'study' if count == 1 else 'studies'} that can be read{rejected}, expected two",
            remedy="Name two by --study0 and --study1."
            if count >= 2
            else "Give an export with both studies, or each scan by --t0 and --t1.",
        )
    if named0 is not None:
        return named0, left[0]
    if named1 is not None:
        return left[0], named1
    first, second = left
    if valid_date(first.date) is None or valid_date(second.date) is None or first.date == second.date:
        raise BundleError(
            f"the study dates ({first.date or 'none'}, {second.date or 'none'}) do not tell which is earlier",
            remedy="Name both by --study0 and --study1, with --interval_days.",
        )
    return first, second


def _named(studies: Sequence[Study], name: str | None, option: str) -> Study | None:
    if name is None:
        return None
    found = [study for study in studies if name in (study.uid, study.date)]
    if len(found) != 1:
        raise BundleError(
            f"{option} {name} is {'no' if not found else f'the name of {len(found)}'} readable CT "
            f"{'study' if len(found) < 2 else 'studies'} here",
            remedy="Give a StudyInstanceUID of the table.",
        )
    return found[0]
