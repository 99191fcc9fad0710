"""Nodules of packed series become cases; follow-ups of those with a consensus have known ratios."""

from pathlib import Path

import numpy as np
import pytest
from helpers.drawn_spheres import ball_mm3
from helpers.packed_series import write_packed

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.studies.measuring.whole_series import FOLLOWUP_PART, PART, RATIOS, series_cases


def test_cases_and_follow_ups_of_a_packed_series(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    cases = series_cases(write_packed(tmp_path / "data"), tmp_path / "work")
    series = [case for case in cases if case.part == PART]
    assert [(case.name, case.about["readers"]) for case in series] == [("P1_0", 4), ("P1_1", 1)]
    assert np.isnan(float(str(series[1].about["consensus_mm3"])))
    followups = [case for case in cases if case.part == FOLLOWUP_PART]
    assert [(case.about["nodule"], case.about["ratio"]) for case in followups] == [("P1_0", ratio) for ratio in RATIOS]
    assert all(case.clicks for case in cases)
    before = series[0].load()
    assert before.true_volume_mm3 == pytest.approx(ball_mm3(12.0), rel=0.01)
    doubled = next(case for case in followups if case.about["ratio"] == 2.0).load()
    assert doubled.true_volume_mm3 == pytest.approx(2 * before.true_volume_mm3)
    dense = [float((loaded.cube.hu[loaded.cube.distance_mm() < 11] > -400).sum()) for loaded in (before, doubled)]
    assert dense[1] / dense[0] == pytest.approx(2.0, rel=0.2)
    again = next(case for case in followups if case.about["ratio"] == 2.0).load()
    np.testing.assert_array_equal(again.cube.hu, doubled.cube.hu)


def test_a_folder_without_nodules_is_told(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"no nodules\.json"):
        series_cases(tmp_path, tmp_path)
