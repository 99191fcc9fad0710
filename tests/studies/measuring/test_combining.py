"""Which of the methods' volumes to take: each rule, and how far it is ahead of the median."""

from __future__ import annotations

import pytest
from helpers.measuring_rows import Row, reader

from csfnet_bundle.nodule.segmentation import Method
from csfnet_bundle.studies.measuring.combining import CONFIRMED, MEDIAN, NETWORK, combining, combining_markdown
from csfnet_bundle.studies.measuring.evaluating import TAKEN

NAMES = (Method.NETWORK, Method.CLASSICAL, Method.NECK_CUTTING)


def volumes(name: str, network: float, classical: float, neck_cutting: float) -> Row:
    """A nodule of 100 mm3 as the three methods measure it."""
    found = {method.value: mm3 for method, mm3 in zip(NAMES, (network, classical, neck_cutting), strict=True) if mm3}
    return reader(name, 100.0) | {"volumes_mm3": found | {TAKEN: network or classical}, "patient": name}


ROWS = [
    volumes("first", 100, 70, 60),  # the median is 30 % off, the network right and confirmed
    volumes("second", 900, 100, 110),  # a leak
    volumes("third", 120, 60, 50),  # right, and confirmed by nobody within 1.5 times
    volumes("fourth", 0, 90, 160),  # the network finds nothing
    reader("fifth", 100.0, ratio=None) | {"patient": "fifth"},  # rejected
]


def test_each_rule_is_judged() -> None:
    figures = combining(ROWS)
    assert figures[MEDIAN]["within_25"] == pytest.approx(2 / 5)  # the second, and the fourth by its mean
    assert figures[NETWORK]["within_25"] == pytest.approx(3 / 5)
    assert figures[CONFIRMED]["within_25"] == pytest.approx(3 / 5)
    assert figures[NETWORK]["over_2"] == pytest.approx(1 / 5)
    assert figures[CONFIRMED]["over_2"] == 0
    assert figures[NETWORK]["under_half"] == figures[MEDIAN]["under_half"] == pytest.approx(1 / 5)
    assert figures[NETWORK]["ratio_median"] == 1.0


def test_the_lead_has_an_interval_over_patients() -> None:
    difference, low, high = combining(ROWS)[NETWORK]["ahead"]
    assert difference == pytest.approx(1 / 5)
    assert low < 0 < high  # five patients prove nothing
    table = combining_markdown({"summary": {"combining": combining(ROWS)}})
    assert "+20.0 (" in table
    assert table.count("(taken)") == 1


def test_a_rule_is_ahead_for_certain_where_many_patients_agree() -> None:
    rows = [volumes(str(number), 100, 70, 60) for number in range(40)] + [volumes("leak", 900, 100, 110)]
    difference, low, high = combining(rows)[NETWORK]["ahead"]
    assert 0 < low < difference < high
