"""One test set of phantom ROIs that every fit of a benchmark scores, large enough to tell networks apart.

Phantoms are unlimited, so that power can come from the test side: nothing but the ROIs is rendered, and a fit is asked
about thousands of pairs that no training has seen.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from csfnet_bundle.cohorts.phantom.roi_set import RoiSet, RoiSetSettings, make_roi_set
from csfnet_bundle.core.code_book import MISSING
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.predictions import prediction_table, probability_log_odds
from csfnet_bundle.inputs.tensors import scale_window
from csfnet_bundle.prediction.data import data_description
from csfnet_bundle.prediction.predictor import Predictor
from csfnet_bundle.records import CLINICAL_VARIABLES, READS
from csfnet_bundle.studies.benchmark.protocol import Protocol

COMMON = "common test set"
FOLDER = "common_test"
SEED = 20_261_130
"""Of its subjects: no cohort of the documentation has it."""
NODULE = "1"


def check_common_test(protocol: Protocol) -> None:
    """Raise BundleError where a common test set is asked for and cannot be: for a cohort that is no phantom's."""
    data = data_description(protocol.dataset_dir)
    if protocol.common_test and (not data.phantom or data.patients_of == f"phantom, seed {SEED}"):
        raise BundleError(
            "a common test set is drawn from phantoms of another seed, and this is no such cohort",
            record=str(protocol.dataset_dir),
            remedy="Leave --common_test away.",
        )


def common_set(protocol: Protocol, *, workers: int = 1, show_progress: bool = False) -> RoiSet:
    """Return the set, rendering what is not there yet.

    Args:
        protocol: the benchmark; ROI and number of pairs are its own.
        workers: processes that render.
        show_progress: show progress and the time left on stderr.
    """
    roi = protocol.roi()
    settings = RoiSetSettings(protocol.common_test, SEED, size=roi.size, spacing=roi.spacing)
    return make_roi_set(protocol.out / FOLDER, settings, workers=workers, show_progress=show_progress)


def score_common_set(protocol: Protocol, predictor: Predictor, batch_size: int) -> pd.DataFrame:
    """Return a trained network's predictions table of the set."""
    pairs, checkpoint = common_set(protocol), predictor.checkpoint
    clinical = pairs.clinical.copy()  # (N, V)
    if protocol.without_reads:
        clinical[:, [name in READS for name in CLINICAL_VARIABLES]] = MISSING
    logits = []
    for rows in np.array_split(np.arange(len(clinical)), -(-len(clinical) // batch_size)):
        image = scale_window(torch.from_numpy(pairs.images[rows]).float(), checkpoint.roi.window)  # (B, 2, D, H, W)
        days = torch.from_numpy(pairs.interval_days[rows])
        logits.append(predictor.forward(image, torch.from_numpy(clinical[rows]), days).logit.numpy())
    return prediction_table(
        pairs.truth["subject"].tolist(),
        [NODULE] * len(clinical),
        np.concatenate(logits),
        pairs.labels.tolist(),
        temperature=checkpoint.decision.temperature,
        threshold=checkpoint.decision.threshold,
    )


def oracle_of_common_set(protocol: Protocol) -> pd.DataFrame:
    """Return the predictions of the best possible classifier on the set; it has no threshold."""
    truth = common_set(protocol).truth
    return prediction_table(
        truth["subject"].tolist(),
        [NODULE] * len(truth),
        probability_log_odds(truth["oracle_all"].to_numpy(np.float64)),
        truth["label"].tolist(),
    )
