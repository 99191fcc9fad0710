"""Whether the limits of error hold the true change of a nodule that was measured twice."""

from __future__ import annotations

import math

import pytest
from helpers.measuring_rows import Row, drawn

from csfnet_bundle.nodule.growth import FLOOR_OTHER_SCANNER, FLOOR_SAME_SCANNER
from csfnet_bundle.studies.measuring.change_limits import held_limits, measured_change


def clicked(number: int, times: float | None = 1.0, kind: str = "solid", **about: object) -> Row:
    """A drawn nodule of 500 mm3, clicked nine times, as which a nodule of its kind is measured."""
    one = drawn(number, kind, times, attenuation=kind, **about)
    return one | {"clicks_mm3": [500.0 * times] * 9 if times else []}


def test_the_change_is_that_of_the_methods_with_the_floor_of_the_type() -> None:
    change = measured_change(clicked(0), clicked(0, 1.4), 1.5)
    assert change is not None
    assert change.log_ratio == pytest.approx(math.log(1.4))
    assert change.true_log_ratio == pytest.approx(math.log(1.5))
    assert change.sigma == pytest.approx(FLOOR_SAME_SCANNER)
    glassy = measured_change(clicked(0, kind="part-solid"), clicked(0), 1.0)
    assert glassy is not None
    assert glassy.sigma == pytest.approx(FLOOR_OTHER_SCANNER)


def test_rows_without_clicks_or_methods_have_no_limits() -> None:
    assert measured_change(drawn(0, "solid"), clicked(0), 1.0) is None
    assert measured_change(clicked(0), clicked(0, None), 1.0) is None


def test_limits_that_hold_the_truth_are_counted() -> None:
    first = {number: clicked(number) for number in range(4)}
    later = [clicked(0, 1.1), clicked(1, 1.3), clicked(2, 1.5) | {"true_mm3": 750.0}, drawn(3, "solid")]
    assert held_limits(first, later) == (2, 3)  # ln 1.1 is within 1.96 x .1, ln 1.3 is not; 1.5 is the true ratio
