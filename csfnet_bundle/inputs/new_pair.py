"""A follow-up pair of which nobody has written a record yet, from its scans as they lie on disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point
from csfnet_bundle.records import FollowUpPair, Scan
from csfnet_bundle.scans.dicom import Series, scan_folder, select_pair, select_series

PathAndPoint = tuple[str, Point]
"""Where a scan lies, relative to the folder of all, and where its nodule is."""


def describe_pair(
    folder: Path,
    *,
    t1: PathAndPoint,
    t0: PathAndPoint | None = None,
    nodule: str = "1",
    subject: str | None = None,
    default_subject: str | None = None,
    series0: str | None = None,
    series1: str | None = None,
    interval_days: float | None = None,
    clinical: Mapping[str, object] | None = None,
) -> FollowUpPair:
    """Return the pair of two scans, with the patient and the dates that DICOM headers tell.

    Args:
        folder: what the scans' paths are relative to; absolute paths stay as they are.
        t1: the later scan and its point.
        t0: the earlier one; None without a prior.
        nodule: the nodule's name.
        subject: PatientID; by default that of the t1 series.
        default_subject: where t1 is no DICOM, and ``subject`` is not given.
        series0: SeriesInstanceUID to read from the folder t0; by default the rule chooses.
        series1: the same for t1.
        interval_days: days between the scans; by default from the study dates.
        clinical: NLST codes by variable name.

    Raises:
        Refusal: no series can be chosen in a folder, or the two do not belong together.
        BundleError: nobody says who the patient is, or a value is none that a datalist may hold.
    """
    path0, path1 = None if t0 is None else folder / t0[0], folder / t1[0]
    found0: Series | None
    found1: Series | None
    # Two folders together, so that both reconstructions have one kernel where they can.
    if path0 is not None and path0.is_dir() and path1.is_dir():
        found0, found1 = select_pair(scan_folder(path0), scan_folder(path1), series0, series1)
    else:
        found0, found1 = _series(path0, series0), _series(path1, series1)
    earlier = None if t0 is None else _scan(t0, found0)
    later = _scan(t1, found1)
    name = subject
    if name is None:
        name = default_subject if found1 is None else found1.patient_id
    if name is None:
        raise BundleError(f"{path1} carries no PatientID", record="t1", remedy="Name the subject.")
    pair = FollowUpPair(
        subject=name,
        nodule=nodule,
        t0=earlier,
        t1=later,
        interval_days=_days(earlier, later) if interval_days is None else interval_days,
        clinical=dict(clinical or {}),
    )
    return FollowUpPair.from_record(pair.to_record())  # which checks it as a datalist's record


def _series(path: Path | None, uid: str | None) -> Series | None:
    return select_series(scan_folder(path), uid=uid) if path is not None and path.is_dir() else None


def _scan(found: PathAndPoint, series: Series | None) -> Scan:
    path, point = found
    if series is None:
        return Scan(path, point)
    return Scan(path, point, series_uid=series.uid, date=series.study_date or None)


def _days(t0: Scan | None, t1: Scan) -> float | None:
    return None if t0 is None or t0.day is None or t1.day is None else float((t1.day - t0.day).days)
