from pathlib import Path

import numpy as np
import pytest

from csfnet_bundle.inputs import read_pair
from csfnet_bundle.inputs.settings import RoiSettings
from csfnet_bundle.prediction.clicks import click_shifts, shifted_rois, span_finding
from csfnet_bundle.records import load_datalist
from csfnet_bundle.scans.dicom import scan_folder

SETTINGS = RoiSettings((16, 32, 32), (1.0, 1.0, 1.25), (-1000.0, 400.0))


def test_corners_lie_two_millimetres_away_and_the_click_is_among_them() -> None:
    distances = np.linalg.norm(click_shifts(), axis=1)
    assert len(distances) == 27
    assert distances.max() == pytest.approx(2)
    assert (distances == 0).sum() == 1
    np.testing.assert_allclose(click_shifts().sum(axis=0), 0, atol=1e-12)


def test_each_click_is_the_roi_that_would_be_read_there(small_cohort: Path) -> None:
    """Both scans moved by the same vector; the cohort's scans have the identity as affine (RAS)."""
    from dataclasses import replace

    from csfnet_bundle.geometry import Point, Space

    pair = load_datalist(small_cohort).section("test")[1]
    assert pair.t0 is not None
    rois = read_pair(pair, small_cohort, SETTINGS)
    made = shifted_rois(pair, small_cohort, rois.centers, SETTINGS, one_scan=False, find_series=scan_folder)
    assert made.shape == (27, 2, 16, 32, 32)
    np.testing.assert_allclose(made[13], rois.array, atol=1e-2)
    moved = [
        replace(scan, point=Point(tuple(center + click_shifts()[4]), Space.LPS))
        for scan, center in zip((pair.t0, pair.t1), rois.centers, strict=True)
    ]
    there = read_pair(replace(pair, t0=moved[0], t1=moved[1]), small_cohort, SETTINGS)
    np.testing.assert_allclose(made[4], there.array, atol=1e-2)


def test_only_a_wide_band_is_a_finding() -> None:
    assert span_finding(0.3, 0.5) is None
    assert "from 0.300 to 0.510" in str(span_finding(0.3, 0.51))
