"""How one method's volumes agree with the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from helpers.measuring_rows import reader

from csfnet_bundle.nodule.segmentation import Method
from csfnet_bundle.studies.measuring.agreement import agreement, share_of, volume_of

NETWORK = Method.NETWORK.value


def test_what_a_method_does_not_find_counts_as_nothing() -> None:
    rows = [reader("right", 100.0), reader("large", 200.0, ratio=2.5), reader("lost", 300.0, ratio=None)]
    figures = agreement(rows, NETWORK)
    assert figures["within_25"] == pytest.approx(1 / 3)
    assert figures["over_2"] == pytest.approx(1 / 3)
    assert figures["under_half"] == figures["not_found"] == pytest.approx(1 / 3)
    assert figures["ratio_median"] == 1.0
    assert figures["dice_low"] == pytest.approx(1 / 3)
    assert volume_of(rows[2], NETWORK) == 0.0


def test_diameters_that_are_right_correlate_fully() -> None:
    rows = [reader(str(true), true) for true in (100.0, 300.0, 900.0)]
    assert agreement(rows, NETWORK)["r_diameter"] == pytest.approx(1.0)
    assert "r_diameter" not in agreement(rows[:2], NETWORK)


def test_of_nothing_there_is_no_share() -> None:
    assert agreement([], NETWORK) == {}
    assert math.isnan(share_of(np.zeros(0, bool)))
    assert share_of(np.array([True, False])) == 0.5
