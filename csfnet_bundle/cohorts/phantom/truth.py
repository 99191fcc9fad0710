"""Reading a phantom cohort's truth: what the best possible classifier would say of each of its pairs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

TRUTH_NAME = "truth.csv"


def read_oracle(folder: Path, subjects: Sequence[str], subset: str = "all") -> NDArray[np.float64] | None:
    """Return the oracle's probability for each subject's pair, shape (N,).

    Args:
        folder: the phantom cohort.
        subjects: PatientIDs in the order wanted.
        subset: inputs that the oracle sees, see :data:`csfnet_bundle.cohorts.phantom.oracle.SUBSETS`.

    Returns:
        None where the cohort has no truth for these subjects, no oracle of that subset (two nodules), or where a
        subject has several pairs (more than two screens): the truth table holds the oracle of the first pair alone.
    """
    path = folder / TRUTH_NAME
    if not path.is_file() or len(set(subjects)) != len(subjects):
        return None
    truth = pd.read_csv(path, dtype={"subject": str}).set_index("subject")
    if not set(subjects) <= set(truth.index) or f"oracle_{subset}" not in truth.columns:
        return None
    return truth.loc[list(subjects), f"oracle_{subset}"].to_numpy(np.float64)
