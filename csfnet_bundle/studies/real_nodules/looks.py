"""What the nodule weights were trained on, as their answers compare it with what they are given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.inputs.roi_statistics import scan_statistics
from csfnet_bundle.inputs.training_domain import TrainingDomain, fit_scan_domain
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.studies.benchmark.splits import Split
from csfnet_bundle.studies.real_nodules.augmentation import WINDOW, middle
from csfnet_bundle.studies.real_nodules.targets import stratum
from csfnet_bundle.studies.real_nodules.volumes import FilledVolumes

SPACING = (1.0, 1.0, 1.0)
"""Of the filled volumes, mm."""


def nodule_domain(
    pairs: Sequence[FollowUpPair], splits: Sequence[Split], volumes: FilledVolumes, size: tuple[int, int, int]
) -> TrainingDomain:
    """Return sizes and looks of real nodules, one scan each.

    The uncropped filled volumes stand for the ROIs of whole scans. Padding would not do: nearly all of the boxes
    themselves, padded, are unlike their own filled volumes (docs/real_nodules.md).

    Args:
        pairs: all nodules that the weights were trained on.
        splits: the folds whose validation nodules choose the limit.
        volumes: of the cohort.
        size: (D, H, W) of the network's ROI in voxels of 1 mm.

    Raises:
        BundleError: too few nodules, or one without a diameter.
    """
    rows = {pair.name: row for row, pair in enumerate(pairs)}

    def of(part: Sequence[FollowUpPair]) -> NDArray[np.intp]:
        return np.array([rows[pair.name] for pair in part], dtype=np.intp)

    folds = [(of(split.training), of(split.validation)) for split in splits]
    return fit_scan_domain(nodule_looks(pairs, volumes, size), folds, [stratum(pair, "diameter_mm") for pair in pairs])


def nodule_looks(
    pairs: Sequence[FollowUpPair], volumes: FilledVolumes, size: tuple[int, int, int]
) -> NDArray[np.float64]:
    """Return the statistics of each nodule's ROI as the network sees it, (N, 10)."""
    found = []
    with progress_bar("looks of nodules", len(pairs)) as advance:
        for row in volumes.of(pairs):
            roi = middle(torch.from_numpy(volumes.array[row, 0].astype(np.float32)), size)
            found.append(scan_statistics(roi.clamp(*WINDOW).numpy(), SPACING))
            advance(1)
    return np.array(found)
