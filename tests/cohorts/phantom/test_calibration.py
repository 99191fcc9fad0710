"""The phantom is neither trivial nor out of reach."""

import pytest

from csfnet_bundle.cohorts.phantom.calibration import measure_phantom

EASY_MARGIN = 0.05


@pytest.mark.long
def test_every_figure_is_measured():
    figures = measure_phantom((4, 8), test=6, workers=1, show_progress=False)
    assert set(figures["simple_reference"]) == {"4", "8"}
    assert all(0 <= auc <= 1 for row in figures["simple_reference"].values() for auc in row.values())
    assert figures["volume_correlation"] > 0.6


@pytest.mark.long
def test_mean_and_maximum_stay_under_the_oracle_and_the_reference_comes_near():
    figures = measure_phantom((128, 256), test=250, show_progress=False)
    oracle = figures["oracle"]
    assert figures["mean_and_maximum"] < oracle["t0+t1"] - EASY_MARGIN
    assert figures["mean_and_maximum_clinical"] < oracle["all"] - EASY_MARGIN
    reference = figures["simple_reference"]["256"]
    assert oracle["all"] - 0.1 < reference["all"] < oracle["all"]
    assert figures["volume_change_alone"] == pytest.approx(0.82, abs=0.06)
