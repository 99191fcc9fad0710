"""Cut the two ROIs of a follow-up pair, from DICOM folders or from NIfTI and MetaImage files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import BundleError, Refusal, RefusalCode
from csfnet_bundle.core.processor_time import share
from csfnet_bundle.geometry import Point, Roi
from csfnet_bundle.inputs.interval import interval_findings
from csfnet_bundle.inputs.locating import FindSeries, LocatedScan, locate_pair
from csfnet_bundle.inputs.matching import checked_scan, match_findings, matched_scan
from csfnet_bundle.inputs.settings import RoiSettings
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.scans import dicom
from csfnet_bundle.scans.dicom import SeriesSummary
from csfnet_bundle.scans.dicom.series import SKIPPED
from csfnet_bundle.scans.scan import OpenedScan

SAME_SCAN_HU = 0.5
"""Largest difference of two ROIs of one scan: that of two writers' rounding to whole HU. The noise of two scans differs
by ten times as much everywhere."""


@dataclass(frozen=True)
class PairRois:
    """The ROIs of a follow-up pair.

    Attributes:
        array: HU, float32, shape (2, D, H, W); channel 0 is t0, channel 1 is t1.
        affines: (2, 4, 4) from (d, h, w, 1) of each ROI to LPS mm of its scan.
        findings: what the readers noticed and could live with, one sentence each.
        series: the series that t0 and t1 were read from; None where there is none, or the scan is no DICOM.
    """

    array: NDArray[np.float32]
    affines: NDArray[np.float64]
    findings: tuple[str, ...] = ()
    series: tuple[SeriesSummary | None, SeriesSummary | None] = (None, None)

    @property
    def centers(self) -> NDArray[np.float64]:
        """Where the points lie in t0 and t1, (2, 3), LPS mm: the ROIs' middles."""
        middle = (np.array(self.array.shape[1:]) - 1) / 2
        return np.asarray(np.einsum("sij,j->si", self.affines, [*middle, 1.0])[:, :3])


@share("reading")
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
        Refusal: a scan cannot be read right, the two do not belong together or are one scan (``PAIR_MISMATCH``), or t0
            is absent (``NO_PRIOR``); the message names the pair.
        BundleError: a path that does not exist.
    """
    try:
        t0, t1 = locate_pair(pair, folder, one_scan=repeat_missing_prior, find_series=find_series)
        if t0 is not None:
            t0 = with_point(t0, t1)
        roi1 = _read_roi("t1", t1, settings)
        roi0 = roi1 if t0 is None else _read_roi("t0", t0, settings)
        if t0 is not None:
            check_two_scans(roi0.array, roi1.array)
            if t0.series is None and t1.series is None:
                check_two_files(t0.opened, t1.opened, roi1)
    except BundleError as error:
        raise error.for_record(f"pair {pair.name}") from None
    if t0 is None:
        findings = (*roi1.findings, "there is no t0 scan: t1 stands in both channels")
    else:
        findings = (*interval_findings(pair), *match_findings(t0.scan), *_by_scan(t0, t1, roi0, roi1))
    series = tuple(None if scan is None or scan.series is None else SeriesSummary.of(scan.series) for scan in (t0, t1))
    return PairRois(
        np.stack([roi0.array, roi1.array]),
        np.stack([roi0.affine, roi1.affine]),
        findings,
        series,  # type: ignore[arg-type]  # two, as given
    )


def match_prior(pair: FollowUpPair, folder: Path, *, find_series: FindSeries = dicom.scan_folder) -> FollowUpPair:
    """Return the pair with a point in t0: found from t1's, or the record's own after a check of both points.

    What the match or the check had to say stands among the findings when the pair is read.

    Raises:
        Refusal: the scans cannot be read right or do not belong together, or the place is not found for sure.
        BundleError: a path that does not exist.
    """
    if pair.t0 is None:
        return pair
    try:
        t0, t1 = locate_pair(pair, folder, find_series=find_series)
        assert t0 is not None
        if t0.scan.point is None:
            return replace(pair, t0=with_point(t0, t1).scan)
        return replace(pair, t0=checked_scan(t0.scan, t0.opened, t1.opened, t1.scan.known_point))
    except BundleError as error:
        raise error.for_record(f"pair {pair.name}") from None


def with_point(t0: LocatedScan, t1: LocatedScan) -> LocatedScan:
    """Return t0 with a point: its record's own, or the one found from t1's; raises Refusal where it is not found."""
    if t0.scan.point is not None:
        return t0
    return replace(t0, scan=matched_scan(t0.scan, t0.opened, t1.opened, t1.scan.known_point))


def _read_roi(name: str, scan: LocatedScan, settings: RoiSettings) -> Roi:
    try:
        return scan.read_roi(settings)
    except BundleError as error:
        raise error.for_record(name) from None


def _by_scan(t0: LocatedScan, t1: LocatedScan, roi0: Roi, roi1: Roi) -> list[str]:
    """Return what was noticed in both scans, each with its name; what is said of a folder with both, once."""
    both = [text for text in roi0.findings if t0.path == t1.path and text in roi1.findings and text.startswith(SKIPPED)]
    named = [
        f"{name}: {text}" for name, roi in (("t0", roi0), ("t1", roi1)) for text in roi.findings if text not in both
    ]
    return [*both, *named]


def check_two_files(scan0: OpenedScan, scan1: OpenedScan, roi1: Roi) -> None:
    """Refuse a copied NIfTI or MetaImage file as the other scan, wherever its own point lies.

    Args:
        scan0: t0.
        scan1: t1.
        roi1: of t1, anywhere; the same place is read in t0.

    Raises:
        Refusal: PAIR_MISMATCH.
    """
    if scan0.series is not None or scan1.series is not None or scan0.shape != scan1.shape:
        return
    if np.allclose(scan0.affine, scan1.affine):
        depth, height, width = roi1.array.shape
        d, h, w = np.linalg.norm(roi1.affine[:3, :3], axis=0).tolist()
        roi0 = scan0.read_roi(Point.at_lps(roi1.center), (depth, height, width), (d, h, w))
        check_two_scans(roi0.array, roi1.array)


def check_two_scans(t0: NDArray[np.float32], t1: NDArray[np.float32]) -> None:
    """Refuse one scan given as t0 and as t1: a file copied, or a series de-identified twice.

    Voxels of one value (air, padding) may be equal by chance.

    Args:
        t0: HU around the nodule, (D, H, W).
        t1: the same of the other scan.

    Raises:
        Refusal: PAIR_MISMATCH.
    """
    if np.ptp(t1) > SAME_SCAN_HU and float(np.abs(t1 - t0).max()) <= SAME_SCAN_HU:
        raise Refusal(
            RefusalCode.PAIR_MISMATCH,
            "t0 and t1 show the same voxels around the nodule: they are one scan, stored twice",
            remedy="Give two scans; for one scan alone leave t0 out.",
        )
