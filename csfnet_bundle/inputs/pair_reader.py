"""Cut the two ROIs of a follow-up pair, from DICOM folders or from NIfTI and MetaImage files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import BundleError, Refusal, RefusalCode
from csfnet_bundle.geometry import Roi
from csfnet_bundle.inputs.locating import FindSeries, locate_pair
from csfnet_bundle.inputs.settings import RoiSettings
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.scans import dicom
from csfnet_bundle.scans.dicom import SeriesSummary

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
        roi1 = t1.read_roi(settings)
        roi0 = roi1 if t0 is None else t0.read_roi(settings)
        if t0 is not None:
            check_two_scans(roi0, roi1)
    except BundleError as error:
        raise error.for_record(f"pair {pair.name}") from None
    if t0 is None:
        findings = (*roi1.findings, "there is no t0 scan: t1 stands in both channels")
    else:
        findings = (*(f"t0: {text}" for text in roi0.findings), *(f"t1: {text}" for text in roi1.findings))
    series = tuple(None if scan is None or scan.series is None else SeriesSummary.of(scan.series) for scan in (t0, t1))
    return PairRois(
        np.stack([roi0.array, roi1.array]),
        np.stack([roi0.affine, roi1.affine]),
        findings,
        series,  # type: ignore[arg-type]  # two, as given
    )


def check_two_scans(t0: Roi, t1: Roi) -> None:
    """Refuse one scan given as t0 and as t1: a file copied, or a series de-identified twice.

    ROIs of one value (air, padding) may be equal by chance.

    Raises:
        Refusal: PAIR_MISMATCH.
    """
    if np.ptp(t1.array) > SAME_SCAN_HU and float(np.abs(t1.array - t0.array).max()) <= SAME_SCAN_HU:
        raise Refusal(
            RefusalCode.PAIR_MISMATCH,
            "t0 and t1 show the same voxels around the nodule: they are one scan, stored twice",
            remedy="Give two scans; for one scan alone leave t0 out.",
        )
