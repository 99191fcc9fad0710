"""What is odd about the ROIs of a training set, told from the ROIs alone: counted and logged, nothing is rejected."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.inputs.cache import RoiCache
from csfnet_bundle.inputs.place_check import AIR_HU, AIR_PERCENTILE, LUNG_HU, LUNG_SPREAD_HU
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.scans.presence import CORE_MM, LEAST_CONTRAST_HU, LUNG_BELOW_HU, SEARCH_MM

logger = logging.getLogger(__name__)

ALL_AIR, NO_LUNG, NO_NODULE = "all air", "no lung in the ROI", "nothing like a nodule at the point"


def roi_doubt(roi: NDArray[np.float32], spacing: tuple[float, float, float]) -> str | None:
    """Return what is odd about a ROI; None if nothing is.

    Args:
        roi: HU, (D, H, W).
        spacing: mm along (D, H, W).
    """
    if float(np.percentile(roi, AIR_PERCENTILE)) < AIR_HU:
        return ALL_AIR
    values = roi.astype(np.float64)
    mean = ndimage.uniform_filter(values, 3, mode="nearest")
    spread = np.sqrt(np.maximum(ndimage.uniform_filter(values**2, 3, mode="nearest") - mean**2, 0))
    if not ((mean > LUNG_HU[0]) & (mean < LUNG_HU[1]) & (spread < LUNG_SPREAD_HU)).any():
        return NO_LUNG
    axes = [(np.arange(size) - (size - 1) / 2) * mm for size, mm in zip(roi.shape, spacing, strict=True)]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    near = np.sqrt(x**2 + y**2 + z**2) <= SEARCH_MM
    core = ndimage.uniform_filter(values, [max(1, round(2 * CORE_MM / mm)) for mm in spacing], mode="nearest")
    around = float(np.median(values[values < LUNG_BELOW_HU])) if (values < LUNG_BELOW_HU).any() else LUNG_BELOW_HU
    return NO_NODULE if float(core[near].max()) - around < LEAST_CONTRAST_HU else None


def log_doubts(pairs: Sequence[FollowUpPair], folder: Path, cache: RoiCache) -> Counter[str]:
    """Count odd ROIs among cached pairs, log the counts and return them.

    Args:
        pairs: the pairs, all in the cache.
        folder: the datalist's folder.
        cache: their ROIs.
    """
    found: Counter[str] = Counter()
    for pair in pairs:
        rois = cache.read(pair, folder).array
        doubts = {roi_doubt(roi, cache.settings.spacing) for roi in (rois if pair.t0 is not None else rois[1:])}
        found.update(doubt for doubt in doubts if doubt is not None)
    for doubt, count in sorted(found.items()):
        logger.warning("%d of %d pairs: %s; `csfnet check DATALIST --pixels` names them", count, len(pairs), doubt)
    return found
