"""How much the probability depends on where exactly the nodule was clicked."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from csfnet_bundle.core.alarm import CHECK_POINT
from csfnet_bundle.core.processor_time import share
from csfnet_bundle.geometry import RoiGrid
from csfnet_bundle.geometry.resample import sample_grid
from csfnet_bundle.inputs.locating import FindSeries, LocatedScan, locate_pair
from csfnet_bundle.inputs.settings import RoiSettings
from csfnet_bundle.records import FollowUpPair

CORNER_MM = 2.0
"""Distance of the grid's corners from the click: two readers' clicks on one nodule lie that far apart."""
LARGEST_SPAN = 0.2
"""Probabilities that span more depend on the click more than on the nodule."""


def click_shifts() -> NDArray[np.float64]:
    """Return the 27 shifts (x, y, z) of a 3x3x3 grid whose corners lie 2 mm from the click, (27, 3) mm."""
    step = CORNER_MM / np.sqrt(3)
    return np.array(list(product((-step, 0.0, step), repeat=3)))


@share("reading")
def shifted_rois(
    pair: FollowUpPair,
    folder: Path,
    centers: NDArray[np.float64],
    settings: RoiSettings,
    *,
    one_scan: bool,
    find_series: FindSeries,
) -> torch.Tensor:
    """Return the ROIs of a pair for the 27 clicks, t0 and t1 moved by the same vector.

    Each scan is read once, with a margin.

    Args:
        pair: the pair.
        folder: the datalist's folder.
        centers: (2, 3), where its points lie in t0 and t1, LPS mm.
        settings: size and spacing of the ROI.
        one_scan: accept a pair without t0; t1 then stands in both channels.
        find_series: how the series in a folder are found.

    Returns:
        HU, (27, 2, D, H, W) float32.

    Raises:
        Refusal: as reading the ROIs.
    """
    t0, t1 = locate_pair(pair, folder, one_scan=one_scan, find_series=find_series)
    later = _rois(t1, centers[1], settings)
    earlier = later if t0 is None else _rois(t0, centers[0], settings)
    return torch.from_numpy(np.stack([earlier, later], axis=1))


def _rois(scan: LocatedScan, center: NDArray[np.float64], settings: RoiSettings) -> NDArray[np.float32]:
    """Return one scan's 27 ROIs (27, D, H, W)."""
    margin = [2 * int(np.ceil(CORNER_MM / mm)) for mm in settings.spacing]
    depth, height, width = (size + more for size, more in zip(settings.size, margin, strict=True))
    x, y, z = center.tolist()
    block = scan.opened.read_block(RoiGrid((x, y, z), (depth, height, width), settings.spacing))
    return np.stack(
        [
            sample_grid(block.array, block.affine, settings.grid((x + dx, y + dy, z + dz)))
            for dx, dy, dz in click_shifts().tolist()
        ]
    )


def span_finding(lowest: float, highest: float) -> str | None:
    """Return what to say where the click matters; None where it does not."""
    if highest - lowest <= LARGEST_SPAN:
        return None
    return (
        f"{CHECK_POINT}: the click matters. {len(click_shifts())} clicks within {CORNER_MM:.0f} mm give "
        f"from {lowest:.3f} to {highest:.3f}."
    )
