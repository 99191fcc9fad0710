"""One test set of phantom ROIs that every fit of a benchmark scores, large enough to tell networks apart.

Phantoms are unlimited, so that power can come from the test side: nothing but the ROIs is rendered, and a fit is asked
about thousands of pairs that no training has seen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from csfnet_bundle.cohorts.phantom.records import follow_up_pairs
from csfnet_bundle.cohorts.phantom.roi_set import RoiSet, RoiSetSettings, make_roi_set
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.predictions import prediction_table
from csfnet_bundle.inputs.tensors import scale_window
from csfnet_bundle.prediction.data import data_description
from csfnet_bundle.prediction.predictor import Predictor
from csfnet_bundle.records import FollowUpPair, encode_clinical, without_reads_of
from csfnet_bundle.studies.benchmark.ablated_inputs import permute_clinical
from csfnet_bundle.studies.benchmark.protocol import Protocol

COMMON, COMMON_PERMUTED = "common test set", "common test set, clinical permuted"
"""What every fit predicts of the set: its pairs, and the first of them with the clinical values of other pairs."""
PERMUTED_PAIRS = 2000
"""A loss of area is paired, so that fewer pairs show it: these leave an interval of about .01 either way."""
FOLDER = "common_test"
SEED = 20_261_130
"""Of its subjects: no cohort of the documentation has it."""
PERMUTATION_SEED = 0


def check_common_test(protocol: Protocol) -> None:
    """Raise BundleError where a common test set is asked for and cannot be: for a cohort that is no phantom's."""
    if protocol.common_test:
        common_settings(protocol).check_both_labels("--common_test")
    data = data_description(protocol.dataset_dir)
    if protocol.common_test and (not data.phantom or data.patients_of == f"phantom, seed {SEED}"):
        raise BundleError(
            "a common test set is drawn from phantoms of another seed, and this is no such cohort",
            record=str(protocol.dataset_dir),
            remedy="Leave --common_test away.",
        )


def common_settings(protocol: Protocol) -> RoiSetSettings:
    """Return what the set depends on: ROI and number of pairs are the benchmark's own."""
    roi = protocol.roi()
    return RoiSetSettings(protocol.common_test, SEED, size=roi.size, spacing=roi.spacing)


def common_set(protocol: Protocol, *, workers: int = 1, show_progress: bool = False) -> RoiSet:
    """Return the set, rendering what is not there yet.

    Args:
        protocol: the benchmark.
        workers: processes that render.
        show_progress: show progress and the time left on stderr.
    """
    settings = common_settings(protocol)
    return make_roi_set(protocol.out / FOLDER, settings, workers=workers, show_progress=show_progress)


def common_pairs(protocol: Protocol) -> list[FollowUpPair]:
    """Return the set's records. They name no scan: there is none beside the ROIs."""
    settings = common_settings(protocol)
    nowhere = [np.zeros(3)] * 2
    pairs = []
    for number in range(settings.pairs):
        pairs += follow_up_pairs(settings.subject(number), nowhere, [("", None)] * 2)
    return [without_reads_of(pair) for pair in pairs] if protocol.without_reads else pairs


def score_common_set(protocol: Protocol, predictor: Predictor, batch_size: int) -> dict[str, pd.DataFrame]:
    """Return a trained network's predictions of :data:`COMMON` and :data:`COMMON_PERMUTED`."""
    images, pairs = common_set(protocol).images, common_pairs(protocol)
    permuted = permute_clinical(pairs[:PERMUTED_PAIRS], PERMUTATION_SEED)
    return {
        COMMON: _score(images, pairs, predictor, batch_size),
        COMMON_PERMUTED: _score(images, permuted, predictor, batch_size),
    }


def _score(
    images: NDArray[np.int16], pairs: Sequence[FollowUpPair], predictor: Predictor, batch_size: int
) -> pd.DataFrame:
    """Return the predictions table of pairs, whose ROIs are the first of ``images``, HU, (N, 2, D, H, W)."""
    checkpoint, logits = predictor.checkpoint, []
    for start in range(0, len(pairs), batch_size):
        batch = pairs[start : start + batch_size]
        rois = torch.from_numpy(images[start : start + len(batch)]).float()
        image = scale_window(rois, checkpoint.roi.window)  # (B, 2, D, H, W)
        clinical = torch.from_numpy(np.stack([encode_clinical(pair.clinical) for pair in batch]))  # (B, 6)
        days = torch.tensor([pair.days for pair in batch], dtype=torch.float32)
        logits.append(predictor.forward(image, clinical, days).logit.numpy())
    decision = checkpoint.decision
    return prediction_table(
        [pair.subject for pair in pairs],
        [pair.nodule for pair in pairs],
        np.concatenate(logits),
        [pair.label for pair in pairs],
        temperature=decision.temperature,
        threshold=decision.threshold,
    )
