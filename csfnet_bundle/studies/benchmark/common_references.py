"""The common test set as references without a network see it, and the best that any classifier can say of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from csfnet_bundle.cohorts.phantom.roi_set import BLOCK
from csfnet_bundle.core.files import atomic_path
from csfnet_bundle.core.processes import map_over_processes
from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.evaluation.predictions import prediction_table, probability_log_odds
from csfnet_bundle.nodule.measurements import Measured, measure_rois, recorded_diameter
from csfnet_bundle.nodule.simple_reference import FEATURES
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.studies.benchmark.common_test import FOLDER, common_pairs, common_set
from csfnet_bundle.studies.benchmark.protocol import Protocol
from csfnet_bundle.studies.benchmark.references import ORACLES

IMAGE_FEATURES = 2 * len(FEATURES)


def measured_common_set(protocol: Protocol, *, workers: int = 1) -> Measured:
    """Measure every pair of the set, with a progress bar; what is measured stays beside the ROIs.

    Args:
        protocol: the benchmark, whose set is rendered already.
        workers: processes.
    """
    pairs = common_pairs(protocol)
    images = common_set(protocol).images  # (N, 2, D, H, W)
    folder, spacing = protocol.out / FOLDER, protocol.roi().spacing
    blocks = [slice(start, min(start + BLOCK, len(pairs))) for start in range(0, len(pairs), BLOCK)]
    left = [block for block in blocks if not _path(folder, block).is_file()]
    work = [(_path(folder, block), images[block], pairs[block]) for block in left]
    with progress_bar("measuring nodules", len(blocks)) as advance:
        advance(len(blocks) - len(left))
        for _ in map_over_processes(partial(_measure_block, spacing), work, workers):
            advance(1)
    features = np.concatenate([np.load(_path(folder, block)) for block in blocks])  # (N, 18)
    boxes = np.full((len(pairs), 3), np.nan)
    return Measured(tuple(pairs), features[:, :IMAGE_FEATURES], features[:, IMAGE_FEATURES:], boxes)


def oracles_of_common_set(protocol: Protocol) -> dict[str, pd.DataFrame]:
    """Return what the best possible classifier says of the set, by inputs; it has no threshold."""
    truth, pairs = common_set(protocol).truth, common_pairs(protocol)
    return {
        name: prediction_table(
            [pair.subject for pair in pairs],
            [pair.nodule for pair in pairs],
            probability_log_odds(truth[f"oracle_{subset}"].to_numpy(np.float64)),
            [pair.label for pair in pairs],
        )
        for name, subset in ORACLES.items()
    }


def _measure_block(
    spacing: tuple[float, float, float], block: tuple[Path, NDArray[np.int16], Sequence[FollowUpPair]]
) -> None:
    path, images, pairs = block
    rows = [
        np.concatenate(measure_rois(rois.astype(np.float32), spacing, recorded_diameter(pair)))
        for rois, pair in zip(images, pairs, strict=True)
    ]
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.save(file, np.stack(rows))


def _path(folder: Path, block: slice) -> Path:
    """The file of a block's measurements; a block that grew has another."""
    return folder / f"measured_{block.start:06d}_{block.stop:06d}.npy"
