"""Cut the two ROIs of a follow-up pair, from DICOM folders or from NIfTI and MetaImage files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import BundleError, Refusal, RefusalCode
from csfnet_bundle.geometry import Roi
from csfnet_bundle.inputs.settings import RoiSettings
from csfnet_bundle.records import FollowUpPair, Scan
from csfnet_bundle.scans import dicom, volume_files


@dataclass(frozen=True)
class PairRois:
    """The ROIs of a follow-up pair.

    Attributes:
        array: HU, float32, shape (2, D, H, W); channel 0 is t0, channel 1 is t1.
        affines: (2, 4, 4) from (d, h, w, 1) of each ROI to LPS mm of its scan.
        findings: what the readers noticed and could live with, one sentence each.
    """

    array: NDArray[np.float32]
    affines: NDArray[np.float64]
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class LocatedScan:
    """A scan of a pair, found on disk; nothing of its pixels has been read.

    Attributes:
        scan: what the datalist says.
        path: its folder or file.
        series: the series chosen in the folder; None for NIfTI and MetaImage files.
    """

    scan: Scan
    path: Path
    series: dicom.Series | None

    def read_roi(self, settings: RoiSettings) -> Roi:
        """Cut the scan's ROI; raises Refusal."""
        if self.series is not None:
            return dicom.read_roi(self.series, self.scan.point, settings.size, settings.spacing)
        return volume_files.read_roi(self.path, self.scan.point, settings.size, settings.spacing)


FindSeries = Callable[[Path], list[dicom.Series]]
"""Finds the series in a folder: :func:`csfnet_bundle.scans.dicom.scan_folder`, or one that remembers."""


def read_pair(
    pair: FollowUpPair,
    folder: Path,
    settings: RoiSettings,
    *,
    repeat_missing_prior: bool = False,
    find_series: FindSeries = dicom.scan_folder,
) -> PairRois:
    """Read the two ROIs of a pair.

    Args:
        pair: the follow-up pair; its scan paths are relative to ``folder``.
        folder: the datalist's folder.
        settings: size and spacing of the ROI (the window is not applied here).
        repeat_missing_prior: show t1 in both channels where the pair has no t0, and say so in the findings; for
            networks that can do without (``Network.needs_prior``).
        find_series: how the series in a folder are found.

    Raises:
        Refusal: a scan cannot be read right, the two do not belong together (``PAIR_MISMATCH``), or t0 is absent
            (``NO_PRIOR``); the message names the pair.
        BundleError: a path that does not exist.
    """
    try:
        t0, t1 = locate_pair(pair, folder, one_scan=repeat_missing_prior, find_series=find_series)
        roi1 = t1.read_roi(settings)
        roi0 = roi1 if t0 is None else t0.read_roi(settings)
    except BundleError as error:
        raise error.for_record(f"pair {pair.name}") from None
    if t0 is None:
        findings = (*roi1.findings, "there is no t0 scan: t1 stands in both channels")
    else:
        findings = (*(f"t0: {text}" for text in roi0.findings), *(f"t1: {text}" for text in roi1.findings))
    return PairRois(np.stack([roi0.array, roi1.array]), np.stack([roi0.affine, roi1.affine]), findings)


def locate_pair(
    pair: FollowUpPair, folder: Path, *, one_scan: bool = False, find_series: FindSeries = dicom.scan_folder
) -> tuple[LocatedScan | None, LocatedScan]:
    """Find the scans of a pair and check by their headers that they belong together.

    Args:
        pair: the follow-up pair; its scan paths are relative to ``folder``.
        folder: the datalist's folder.
        one_scan: accept a pair without t0.
        find_series: how the series in a folder are found.

    Returns:
        t0 (None where the pair has none) and t1.

    Raises:
        Refusal: no series can be chosen, ``PAIR_MISMATCH``, or ``NO_PRIOR``.
        BundleError: a path that does not exist.
    """
    path1 = scan_path(pair.t1, folder)
    if pair.t0 is None:
        if not one_scan:
            raise Refusal(
                RefusalCode.NO_PRIOR,
                "the pair has no t0 scan and the network compares two",
                remedy="Give the earlier scan, or use a network that can do without: a one-scan system, or one trained "
                "with configs/prior_dropout.json.",
            )
        return None, _located(pair, pair.t1, path1, _series(pair.t1, path1, find_series))
    path0 = scan_path(pair.t0, folder)
    uid0, uid1 = pair.t0.series_uid, pair.t1.series_uid
    if path0.resolve() == path1.resolve() and (uid0 is None or uid0 == uid1):
        raise Refusal(RefusalCode.PAIR_MISMATCH, f"t0 and t1 are the same scan, {path0}")
    if path0.is_dir() and path1.is_dir():
        found0, found1 = find_series(path0), find_series(path1)
        series0: dicom.Series | None
        series1: dicom.Series | None
        series0, series1 = dicom.select_pair(found0, found1, uid0, uid1)
    else:
        series0, series1 = _series(pair.t0, path0, find_series), _series(pair.t1, path1, find_series)
    return _located(pair, pair.t0, path0, series0), _located(pair, pair.t1, path1, series1)


def scan_path(scan: Scan, folder: Path) -> Path:
    """Return the scan's absolute path; raise BundleError if there is nothing."""
    path = folder / scan.path
    if not path.exists():
        raise BundleError(
            f"{path} does not exist", remedy="Correct the path in the datalist (paths are relative to its folder)."
        )
    return path


def _series(scan: Scan, path: Path, find_series: FindSeries) -> dicom.Series | None:
    return dicom.select_series(find_series(path), uid=scan.series_uid) if path.is_dir() else None


def _located(pair: FollowUpPair, scan: Scan, path: Path, series: dicom.Series | None) -> LocatedScan:
    """Check the record against the images."""
    if series is None:
        return LocatedScan(scan, path, series)
    for what, recorded, found in (
        ("of patient", pair.subject, series.patient_id),
        ("dated", scan.date or series.study_date, series.study_date),
    ):
        if recorded != found:
            raise Refusal(
                RefusalCode.PAIR_MISMATCH,
                f"the record is {what} {recorded!r}, the images in {path} are {what} {found!r}",
                series=series.uid,
                figures={"record": recorded, "images": found},
                remedy="Correct the record, or its paths.",
            )
    return LocatedScan(scan, path, series)
