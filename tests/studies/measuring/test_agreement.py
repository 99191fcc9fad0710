"""How one method's volumes agree with the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from helpers.measuring_rows import reader

from csfnet_bundle.nodule.segmentation import Method
from csfnet_bundle.studies.measuring.agreement import agreement, share_of, volume_of
from csfnet_bundle.studies.measuring.evaluating import TAKEN, THRESHOLD

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


def test_agreement_counts_what_is_close_far_and_not_found() -> None:
    ratios = (1.0, 1.24, 0.76, 1.3, 2.1, 0.49, None)
    rows = [reader(f"{n}", 100.0 + n, ratio, dice=0.9 - 0.1 * n) for n, ratio in enumerate(ratios)]
    found = agreement(rows, TAKEN)
    assert found["ratio_median"] == pytest.approx(1.0)
    assert found["within_25"] == pytest.approx(3 / 7)
    assert found["over_2"] == pytest.approx(1 / 7)
    assert found["under_half"] == pytest.approx(2 / 7)  # what is not found has volume 0
    assert found["not_found"] == pytest.approx(1 / 7)
    assert found["dice_median"] == pytest.approx(0.6)
    assert found["dice_low"] == pytest.approx(2 / 7)
    assert agreement([], TAKEN) == {}
    assert agreement(rows, THRESHOLD)["over_2"] == 1.0


def test_the_diameters_correlate_as_the_volumes_do() -> None:
    rows = [reader(f"{n}", float(volume)) for n, volume in enumerate((60, 150, 700, 3000))]
    assert agreement(rows, TAKEN)["r_diameter"] == pytest.approx(1.0)
    rows[0]["volumes_mm3"][TAKEN] = 3000.0
    assert agreement(rows, TAKEN)["r_diameter"] < 0.7


def test_of_nothing_there_is_no_share() -> None:
    assert agreement([], NETWORK) == {}
    assert math.isnan(share_of(np.zeros(0, bool)))
    assert share_of(np.array([True, False])) == 0.5
