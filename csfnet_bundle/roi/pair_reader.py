"""Cut the two ROIs of a follow-up pair, from DICOM folders or from NIfTI and MetaImage files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle import dicom, volume_files
from csfnet_bundle.errors import BundleError, Refusal, RefusalCode
from csfnet_bundle.geometry import Roi
from csfnet_bundle.pairs import FollowUpPair, Scan
from csfnet_bundle.roi.settings import RoiSettings


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


def read_pair(
    pair: FollowUpPair, folder: Path, settings: RoiSettings, *, repeat_missing_prior: bool = False
) -> PairRois:
    """Read the two ROIs of a pair.

    Args:
        pair: the follow-up pair; its scan paths are relative to ``folder``.
        folder: the datalist's folder.
        settings: size and spacing of the ROI (the window is not applied here).
        repeat_missing_prior: show t1 in both channels where the pair has no t0, and say so in the findings; for
            one-scan systems only.

    Raises:
        Refusal: a scan cannot be read right, the two do not belong together (``PAIR_MISMATCH``), or t0 is absent
            (``NO_PRIOR``); the message names the pair.
        BundleError: a path that does not exist.
    """
    try:
        if pair.t0 is None:
            return _one_scan(pair, folder, settings, repeat_missing_prior)
        roi0, roi1 = _two_scans(pair, pair.t0, folder, settings)
    except BundleError as error:
        raise error.for_record(f"pair {pair.name}") from None
    findings = tuple(f"t0: {text}" for text in roi0.findings) + tuple(f"t1: {text}" for text in roi1.findings)
    return PairRois(np.stack([roi0.array, roi1.array]), np.stack([roi0.affine, roi1.affine]), findings)


def scan_path(scan: Scan, folder: Path) -> Path:
    """Return the scan's absolute path; raise BundleError if there is nothing."""
    path = folder / scan.path
    if not path.exists():
        raise BundleError(
            f"{path} does not exist", remedy="Correct the path in the datalist (paths are relative to its folder)."
        )
    return path


def _one_scan(pair: FollowUpPair, folder: Path, settings: RoiSettings, repeat: bool) -> PairRois:
    if not repeat:
        raise Refusal(
            RefusalCode.NO_PRIOR,
            "the pair has no t0 scan and the network compares two",
            remedy="Give the earlier scan, or use a one-scan system.",
        )
    path = scan_path(pair.t1, folder)
    series = _series(pair.t1, path) if path.is_dir() else None
    if series is not None:
        _check_patient(pair, series)
    roi = _read_scan(pair.t1, path, series, settings)
    findings = (*roi.findings, "there is no t0 scan: t1 stands in both channels")
    return PairRois(np.stack([roi.array, roi.array]), np.stack([roi.affine, roi.affine]), findings)


def _two_scans(pair: FollowUpPair, t0: Scan, folder: Path, settings: RoiSettings) -> tuple[Roi, Roi]:
    path0, path1 = scan_path(t0, folder), scan_path(pair.t1, folder)
    if path0.resolve() == path1.resolve() and (t0.series_uid is None or t0.series_uid == pair.t1.series_uid):
        raise Refusal(RefusalCode.PAIR_MISMATCH, f"t0 and t1 are the same scan, {path0}")
    series0 = series1 = None
    if path0.is_dir() and path1.is_dir():
        series0, series1 = _series(t0, path0), _series(pair.t1, path1)
        _check_patient(pair, series0)
        _check_patient(pair, series1)
    elif path0.is_dir():
        series0 = _series(t0, path0)
    elif path1.is_dir():
        series1 = _series(pair.t1, path1)
    return _read_scan(t0, path0, series0, settings), _read_scan(pair.t1, path1, series1, settings)


def _series(scan: Scan, path: Path) -> dicom.Series:
    return dicom.select_series(dicom.scan_folder(path), uid=scan.series_uid)


def _read_scan(scan: Scan, path: Path, series: dicom.Series | None, settings: RoiSettings) -> Roi:
    if series is not None:
        return dicom.read_roi(series, scan.point, settings.size, settings.spacing)
    return volume_files.read_roi(path, scan.point, settings.size, settings.spacing)


def _check_patient(pair: FollowUpPair, series: dicom.Series) -> None:
    if series.patient_id != pair.subject:
        raise Refusal(
            RefusalCode.PAIR_MISMATCH,
            f"the record is of patient {pair.subject!r}, the images of {series.patient_id!r}",
            series=series.uid,
            remedy="Correct the record's subject, or its paths.",
        )
