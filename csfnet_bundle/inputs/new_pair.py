"""A follow-up pair of which nobody has written a record yet, from its scans as they lie on disk."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.processor_time import share
from csfnet_bundle.inputs.given_point import GivenPoint, place_in
from csfnet_bundle.inputs.locating import FindSeries, check_kind, choose_pair, choose_series
from csfnet_bundle.records import CHOICE, FollowUpPair, Scan, check_pair
from csfnet_bundle.records.rows import NAME, NAME_WORDS
from csfnet_bundle.scans.dicom import Series, scan_folder
from csfnet_bundle.scans.dicom.pairing import valid_date
from csfnet_bundle.scans.dicom.selection import CHOSEN_BY_RULE, PASSED_OVER

PathAndPoint = tuple[str, GivenPoint | None]
"""Where a scan lies, relative to the folder of all, and where its nodule is; None for a t0 to be matched."""


@share("reading")
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
    studies: tuple[str | None, str | None] = (None, None),
    interval_days: float | None = None,
    clinical: Mapping[str, object] | None = None,
    find_series: FindSeries = scan_folder,
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
        studies: StudyInstanceUID of t0 and of t1, where a folder holds several.
        interval_days: days between the scans; by default from the study dates.
        clinical: NLST codes by variable name.
        find_series: how the series in a folder are found.

    Raises:
        Refusal: no series can be chosen in a folder, or the two do not belong together.
        BundleError: nobody says who the patient is, or a value is none that a datalist may hold.
    """
    if not NAME.fullmatch(nodule):
        raise BundleError(f"is {nodule!r}, expected {NAME_WORDS}", record="nodule")
    if interval_days is not None and not (math.isfinite(interval_days) and interval_days > 0):
        raise BundleError(f"is {interval_days:g}, expected a number of days above 0", record="interval_days")
    path0, path1 = None if t0 is None else folder / t0[0], folder / t1[0]
    found0: Series | None = None
    found1: Series | None
    for path in (path0, path1):
        if path is not None:
            check_kind(path)
    if path0 is not None:
        found0, found1 = choose_pair(path0, path1, series0, series1, interval_days, find_series, studies=studies)
    else:
        found1 = choose_series(path1, series1, find_series)
    earlier = None if t0 is None else _scan(t0, found0, "point0")
    later = _scan(t1, found1, "point1")
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
    return check_pair(pair)


def _scan(found: PathAndPoint, series: Series | None, name: str) -> Scan:
    path, given = found
    point = None if given is None else place_in(given, series, path, name)
    if series is None:
        return Scan(path, point)
    date = series.study_date if valid_date(series.study_date) else None
    choices = [finding for finding in series.findings if finding.startswith((CHOSEN_BY_RULE, PASSED_OVER))]
    return Scan(path, point, series_uid=series.name, date=date, extra={CHOICE: " ".join(choices)} if choices else {})


def _days(t0: Scan | None, t1: Scan) -> float | None:
    if t0 is None or t0.day is None or t1.day is None or t0.day == t1.day:
        return None
    return float((t1.day - t0.day).days)
