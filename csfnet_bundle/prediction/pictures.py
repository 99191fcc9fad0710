"""What a report shows of the two scans of a pair."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.processor_time import share
from csfnet_bundle.inputs import RoiSettings, locate_pair
from csfnet_bundle.inputs.locating import FindSeries
from csfnet_bundle.nodule.pair import PairMeasurements
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.report.scan_pictures import ScanPictures, read_pictures


@share("page")
def pair_pictures(
    pair: FollowUpPair,
    folder: Path,
    centers: NDArray[np.float64],
    roi: RoiSettings,
    measured: PairMeasurements | None,
    *,
    one_scan: bool,
    find_series: FindSeries,
) -> dict[str, ScanPictures]:
    """Return the pictures of t0 (where there is one) and t1, by name.

    Args:
        pair: the pair.
        folder: the datalist's folder.
        centers: (2, 3), where its points lie in t0 and t1, LPS mm.
        roi: the ROI, for its box.
        measured: the nodule as it was measured, for its outline.
        one_scan: accept a pair without t0.
        find_series: how the series in a folder are found.

    Raises:
        Refusal: as reading a ROI there; the message names the pair.
    """
    depth, height, width = (n * mm for n, mm in zip(roi.size, roi.spacing, strict=True))
    outlines = (None, None) if measured is None else (measured.t0, measured.t1)
    try:
        scans = locate_pair(pair, folder, one_scan=one_scan, find_series=find_series)
        return {
            name: read_pictures(scan.opened, center, (depth, height, width), outline)
            for name, scan, center, outline in zip(("t0", "t1"), scans, centers, outlines, strict=True)
            if scan is not None
        }
    except BundleError as error:
        raise error.for_record(f"pair {pair.name}") from None
