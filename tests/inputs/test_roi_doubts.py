import logging
from pathlib import Path

import numpy as np
import pytest

from csfnet_bundle.inputs import RoiCache, RoiSettings
from csfnet_bundle.inputs.roi_doubts import ALL_AIR, NO_LUNG, NO_NODULE, log_doubts, roi_doubt
from csfnet_bundle.records import load_datalist

SPACING = (1.0, 1.0, 1.0)


def lung(diameter: float = 0.0) -> np.ndarray:
    z, y, x = np.meshgrid(*(np.arange(n) - (n - 1) / 2 for n in (16, 32, 32)), indexing="ij")
    roi = np.random.default_rng(0).normal(-860, 30, (16, 32, 32))
    roi[np.sqrt(x**2 + y**2 + z**2) <= diameter / 2] = 40.0
    return roi.astype(np.float32)


@pytest.mark.parametrize(
    ("roi", "doubt"),
    [
        (lung(6.0), None),
        (lung(), NO_NODULE),
        (np.full((16, 32, 32), -1000.0, np.float32), ALL_AIR),
        (np.full((16, 32, 32), -90.0, np.float32), NO_LUNG),
    ],
)
def test_odd_rois_are_told(roi: np.ndarray, doubt: str | None) -> None:
    assert roi_doubt(roi, SPACING) == doubt


def test_a_cohort_is_counted_and_nothing_is_rejected(
    small_cohort: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pairs = load_datalist(small_cohort).section("test")
    cache = RoiCache(tmp_path, RoiSettings((16, 32, 32)))
    expected = sum(
        any(roi_doubt(roi, SPACING) is not None for roi in cache.read(pair, small_cohort).array) for pair in pairs
    )
    with caplog.at_level(logging.WARNING):
        found = log_doubts(pairs, small_cohort, cache)
    assert max(found.values(), default=0) <= expected <= sum(found.values())
    assert len(caplog.records) == len(found)
