"""A description of a training set that every pair is unlike."""

import numpy as np

from csfnet_bundle.inputs.roi_statistics import STATISTICS
from csfnet_bundle.inputs.training_domain import TrainingDomain


def strict_domain() -> TrainingDomain:
    count = len(STATISTICS)
    return TrainingDomain((4.0, 20.0), np.zeros(count), np.eye(count), 0.001, 100, 20, 1)
