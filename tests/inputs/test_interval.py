"""Intervals that the study dates contradict."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from csfnet_bundle.inputs import RoiSettings, read_pair
from csfnet_bundle.inputs.interval import interval_doubt
from csfnet_bundle.records import FollowUpPair

DAY0, DAY1 = date(2000, 1, 2), date(2001, 1, 1)


@pytest.mark.parametrize("days", [365, 300, 500])
def test_dates_that_keep_the_year_alone_are_no_contradiction(days: float) -> None:
    assert interval_doubt(days, DAY0, DAY1) == ""


@pytest.mark.parametrize("days", [36, 3650])
def test_an_interval_far_from_the_dates_is_doubted(days: float) -> None:
    assert f"given as {days} days, the study dates are 365 days apart" in interval_doubt(days, DAY0, DAY1)
    assert "are -365 days apart" in interval_doubt(days, DAY1, DAY0)
    assert interval_doubt(days, None, DAY1) == interval_doubt(days, DAY0, DAY0) == ""


def test_it_stands_among_a_pairs_findings(nifti_pair: tuple[FollowUpPair, Path]) -> None:
    pair, folder = nifti_pair
    assert pair.t0 is not None
    dated = replace(pair, t0=replace(pair.t0, date="20000102"), t1=replace(pair.t1, date="20010101"))
    for days, told in ((36.0, True), (371.0, False)):
        findings = read_pair(replace(dated, interval_days=days), folder, RoiSettings()).findings
        assert any("the interval is given as" in text for text in findings) is told
