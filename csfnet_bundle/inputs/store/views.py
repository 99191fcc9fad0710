"""From stored values to the ROI that is asked for: cut out of the margin, or sampled again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.geometry import RoiGrid, Space, sample_grid
from csfnet_bundle.geometry.resample import EDGE_TOLERANCE, grid_index_bounds
from csfnet_bundle.inputs.pair_reader import PairRois
from csfnet_bundle.inputs.settings import RoiSettings
from csfnet_bundle.inputs.store.entry import StoredRoi
from csfnet_bundle.inputs.store.identity import PairIdentity
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.scans.dicom import SeriesSummary

CHANNELS = 2


def covers(entry: StoredRoi, settings: RoiSettings) -> bool:
    """Say whether a ROI of these settings around the stored point is a part of the stored values, voxel for voxel."""
    return entry.spacing == settings.spacing and all(
        stored >= asked and (stored - asked) % 2 == 0
        for stored, asked in zip(entry.shape[1:], settings.size, strict=True)
    )


def cut_out(entry: StoredRoi, values: NDArray[np.float32], settings: RoiSettings) -> PairRois:
    """Return the ROI around the stored point; the settings are covered."""
    start = [(stored - asked) // 2 for stored, asked in zip(entry.shape[1:], settings.size, strict=True)]
    part = values[:, *(slice(first, first + size) for first, size in zip(start, settings.size, strict=True))]
    affines = np.array(entry.affines)
    affines[:, :3, 3] += np.einsum("sij,j->si", affines[:, :3, :3], start)
    return _rois(entry, part, affines)


def sampled_again(
    entry: StoredRoi, values: NDArray[np.float32], pair: FollowUpPair, settings: RoiSettings
) -> PairRois | None:
    """Return a ROI around another point or of another spacing, interpolated from the stored one; None beyond it.

    Args:
        entry: of the same scans.
        values: its values.
        pair: whose points are asked for.
        settings: the ROI.
    """
    parts, affines = [], []
    scans = [scan for scan in (pair.t0, pair.t1) if scan is not None]
    asked = PairIdentity.of(pair).places
    for channel, (scan, place) in enumerate(zip(scans, entry.places, strict=True)):
        stored = np.array(entry.affines[channel])
        shape = np.array(entry.shape[1:])
        if place == asked[channel]:
            x, y, z = (stored @ [*(shape - 1) / 2, 1.0])[:3].tolist()
        elif scan.point is None or scan.point.space is Space.VOXEL:
            return None  # where that is, only the scan tells
        else:
            x, y, z = scan.point.lps(np.eye(4)).tolist()
        grid = RoiGrid((x, y, z), settings.size, settings.spacing)
        low, high = grid_index_bounds(stored, grid)
        if (low < -EDGE_TOLERANCE).any() or (high > shape - 1 + EDGE_TOLERANCE).any():
            return None
        parts.append(sample_grid(values[channel], stored, grid))
        affines.append(grid.affine)
    rois = _rois(entry, np.stack(parts), np.stack(affines))
    spacing = " x ".join(f"{mm:g}" for mm in entry.spacing)
    told = f"the ROI was interpolated from one of {spacing} mm in the ROI store, since the images are not here"
    return PairRois(rois.array, rois.affines, (*rois.findings, told), rois.series)


def _rois(entry: StoredRoi, part: NDArray[np.float32], affines: NDArray[np.float64]) -> PairRois:
    t0, t1 = (None if item is None else SeriesSummary.from_plain(item) for item in entry.series)
    if len(part) < CHANNELS:  # no t0: t1 stands in both channels
        part, affines = np.repeat(part, CHANNELS, axis=0), np.repeat(affines, CHANNELS, axis=0)
    return PairRois(np.array(part, np.float32), affines, entry.findings, (t0, t1))
