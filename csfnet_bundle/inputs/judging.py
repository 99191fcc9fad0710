"""Whether studies and records can be used, judged before anything is trained or predicted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from csfnet_bundle.core.errors import BundleError, Refusal
from csfnet_bundle.geometry import Roi
from csfnet_bundle.geometry.inside import check_point_inside
from csfnet_bundle.inputs.locating import FindSeries, LocatedScan, choose_series, locate_pair, scan_path
from csfnet_bundle.inputs.pair_reader import check_two_scans
from csfnet_bundle.inputs.place_check import check_in_lungs, check_place
from csfnet_bundle.inputs.settings import RoiSettings
from csfnet_bundle.inputs.verdicts import (
    PairVerdict,
    Reason,
    SeriesVerdict,
    StudyVerdict,
    Verdict,
    describe_file,
    describe_series,
)
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.scans import dicom, volume_files
from csfnet_bundle.scans.dicom.pixel_check import check_pixels
from csfnet_bundle.scans.dicom.roi import plan_roi

FurtherChecks = Callable[[FollowUpPair, Path], tuple[str, ...]]
"""What else is checked of a record and the datalist's folder: returns findings, raises BundleError."""


def judge_study(series: list[dicom.Series], *, pixels: bool = False) -> StudyVerdict:
    """Judge the series of one study, as :func:`csfnet_bundle.scans.dicom.select_series` and ``read_volume`` would.

    Args:
        series: the series of one patient and study.
        pixels: read all pixels too.
    """
    reasons = {id(item): _reason(item, pixels=pixels) for item in series}
    chosen, problem = None, None
    try:
        chosen = dicom.select_series(series)
    except Refusal as refusal:
        problem = Reason.of(refusal)
    verdicts = []
    for item in series:
        reason = reasons[id(item)]
        # The choice comes back as a copy with a finding; its slices are the very same ones.
        is_chosen = chosen is not None and chosen.instances is item.instances
        if is_chosen:
            problem = reason
        state = Verdict.REFUSED if reason else Verdict.CHOSEN if is_chosen else Verdict.USABLE
        verdicts.append(describe_series(chosen if is_chosen and chosen else item, state, reason))
    first = series[0]
    return StudyVerdict(first.patient_id, first.study_uid, tuple(verdicts), problem)


def judge_file(path: Path, *, pixels: bool = False) -> SeriesVerdict:
    """Judge a NIfTI or MetaImage file, as :func:`csfnet_bundle.scans.volume_files.read_volume` would.

    Args:
        path: the file.
        pixels: read all voxels too.
    """
    reason = None
    if pixels:
        try:
            volume_files.read_volume(path)
        except BundleError as error:
            reason = Reason.of(error)
    return describe_file(path, None, Verdict.REFUSED if reason else Verdict.CHOSEN, reason)


def judge_pair(
    section: str,
    pair: FollowUpPair,
    folder: Path,
    settings: RoiSettings,
    *,
    one_scan: bool = False,
    pixels: bool = False,
    find_series: FindSeries = dicom.scan_folder,
    further: FurtherChecks | None = None,
) -> PairVerdict:
    """Judge a record of a datalist, as :func:`csfnet_bundle.inputs.read_pair` would.

    Args:
        section: the list that the record is in.
        pair: the record.
        folder: the datalist's folder.
        settings: the ROI.
        one_scan: accept a record without t0.
        pixels: read the ROIs too, and what lies around the points.
        find_series: how the series in a folder are found.
        further: with ``pixels``, what else is checked of a record that can be read.
    """
    try:
        t0, t1 = locate_pair(pair, folder, one_scan=one_scan, find_series=find_series)
    except BundleError as error:
        return PairVerdict(pair.name, section, _scans_alone(pair, folder, find_series), Reason.of(error))
    scans: dict[str, SeriesVerdict] = {}
    rois: list[Roi] = []
    first_reason = None
    for name, scan in (("t0", t0), ("t1", t1)):
        if scan is None:
            continue
        scans[name] = verdict = _judge_scan(scan, settings, rois if pixels else None)
        if verdict.reason and first_reason is None:
            problem = f"{name}: {verdict.reason.problem}"
            first_reason = Reason(verdict.reason.code, problem, verdict.reason.remedy, verdict.reason.figures)
    if len(rois) > 1:
        try:
            check_two_scans(*(roi.array for roi in rois))
        except Refusal as refusal:
            first_reason = Reason.of(refusal)
    findings: tuple[str, ...] = ()
    if pixels and further is not None and first_reason is None:
        try:
            findings = further(pair, folder)
        except BundleError as error:
            first_reason = Reason.of(error)
    return PairVerdict(pair.name, section, scans, first_reason, findings)


def _reason(series: dicom.Series, *, pixels: bool) -> Reason | None:
    refusal = series.refusal
    if refusal is None and pixels:
        try:
            check_pixels(series)
        except Refusal as found:
            refusal = found
    return None if refusal is None else Reason.of(refusal)


def _judge_scan(scan: LocatedScan, settings: RoiSettings, rois: list[Roi] | None) -> SeriesVerdict:
    """Judge one scan; where there is a list for it, the ROI is read and put there, and its place is checked."""
    reason: Reason | None = None
    places: tuple[str, ...] = ()
    try:
        if scan.scan.point is None:  # found when the pair is read, for which the whole scan is needed
            scan.opened.check()
        elif rois is not None:
            roi = scan.read_roi(settings)
            places = (*check_place(scan, roi.center), *check_in_lungs(scan, roi.center))
            rois.append(roi)
        elif scan.series is not None:
            plan_roi(scan.series, scan.scan.point, settings.size, settings.spacing)
        else:
            file = volume_files.open_volume_file(scan.path)
            check_point_inside(scan.scan.point, file.affine, file.shape, series=str(scan.path))
    except BundleError as error:
        reason = Reason.of(error)
    state = Verdict.REFUSED if reason else Verdict.CHOSEN
    if scan.series is not None:
        verdict = describe_series(scan.series, state, reason, str(scan.path))
    else:
        verdict = describe_file(scan.path, scan.scan, state, reason)
    return replace(verdict, findings=(*places, *verdict.findings))


def _scans_alone(pair: FollowUpPair, folder: Path, find_series: FindSeries) -> dict[str, SeriesVerdict]:
    """Describe the scans of a pair that is refused, each by itself: often only one of them is at fault."""
    scans = {}
    for name, scan in (("t0", pair.t0), ("t1", pair.t1)):
        if scan is None:
            continue
        try:
            path = scan_path(scan, folder)
            series = choose_series(path, scan.series_uid, find_series)
            if series is None:
                scans[name] = describe_file(path, scan, Verdict.USABLE)
                continue
            refusal = series.refusal
            reason = None if refusal is None else Reason.of(refusal)
            state = Verdict.REFUSED if reason else Verdict.USABLE
            scans[name] = describe_series(series, state, reason, str(path))
        except BundleError as error:
            scans[name] = SeriesVerdict(str(folder / scan.path), Verdict.REFUSED, Reason.of(error))
    return scans
