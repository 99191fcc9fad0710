"""What sets apart the nodules that had no room to grow."""

from dataclasses import replace

import numpy as np
import pytest

from csfnet_bundle.records import load_datalist
from csfnet_bundle.studies.benchmark.splits import labelled_pairs
from csfnet_bundle.studies.real_nodules.grown_choice import describe_choice
from csfnet_bundle.studies.real_nodules.grown_nodules import GrownNodules

DIAMETERS = (4.0, 6.0, 8.0, 10.0, 20.0, 30.0)
LABELS = (0, 1, 0, 1, 1, 0)


@pytest.fixture(scope="module")
def pairs(boxed_cohort):
    some = labelled_pairs(load_datalist(boxed_cohort))[: len(LABELS)]
    return [
        replace(pair, label=label, strata={"diameter_mm": mm})
        for pair, label, mm in zip(some, LABELS, DIAMETERS, strict=True)
    ]


def _grown(pairs, log_ratio):
    images = np.zeros((len(pairs), 2, 1, 1, 1), np.int16)
    return GrownNodules(tuple(pair.name for pair in pairs), images, np.array(log_ratio))


def test_the_left_out_are_counted_and_the_kept_are_ranked(pairs):
    said = describe_choice(pairs, _grown(pairs[:4], [0.1, 0.2, 0.3, 0.4]))
    assert said["left_out"] == {"nodules": 2, "malignant": 1, "median_diameter_mm": 25.0}
    assert said["ratio_rank_correlation"]["diameter_mm"] == pytest.approx(1)
    assert 0 < said["ratio_rank_correlation"]["label"] < 1


def test_none_may_be_left_out(pairs):
    said = describe_choice(pairs, _grown(pairs, np.arange(6.0)))
    assert said["left_out"] == {"nodules": 0, "malignant": 0, "median_diameter_mm": None}
