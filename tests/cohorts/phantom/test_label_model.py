"""The label model draws what it says."""

import numpy as np
import pytest
from scipy.special import expit

from csfnet_bundle.cohorts.phantom.label_model import (
    DIAMETER_LIMITS,
    GROWTH_LIMITS,
    LARGEST_DIAMETER,
    doubling_days,
    draw_latents,
    malignancy_score,
    shift_for_prevalence,
)
from csfnet_bundle.core.errors import BundleError

MODEL_PREVALENCE = 0.515


@pytest.fixture(scope="module")
def latents():
    return draw_latents(50_000, np.random.default_rng(1), screens=4)


def test_prevalence_is_the_models_own(latents):
    assert latents["label"].mean() == pytest.approx(MODEL_PREVALENCE, abs=0.01)
    assert latents["label"].mean() == pytest.approx(expit(latents["score"]).mean(), abs=0.01)


def test_score_of_the_mean_subject_is_the_intercept(latents):
    row = latents.iloc[:1].assign(
        diameter_t1=np.exp(2.26), growth=0.57, spiculation_t1=0.46, attenuation=0, age_bin=1, sex=0, race=0, smoker=0,
        isolation=0,
    )  # fmt: skip
    assert malignancy_score(row) == pytest.approx([-0.33 - 0.95])
    changed = row.assign(attenuation=2, age_bin=3, sex=1, race=1, smoker=1, isolation=2)
    assert malignancy_score(changed) == pytest.approx([-0.33 + 0.95 - 1.2 + 2 * 0.855 + 0.57 + 0.3 + 1.2])


def test_ranges(latents):
    assert latents["diameter_t0"].between(*DIAMETER_LIMITS).all()
    assert latents["growth"].between(*GROWTH_LIMITS).all()
    assert latents[[f"spiculation_t{k}" for k in range(4)]].stack().between(0, 1).all()
    assert latents["diameter_t3"].max() == LARGEST_DIAMETER


def test_growth_is_a_volume_ratio_and_goes_on_per_year(latents):
    ratio = (latents["diameter_t1"] / latents["diameter_t0"]) ** 3
    np.testing.assert_allclose(np.log(ratio), latents["growth"], atol=1e-12)
    free = latents[latents["diameter_t3"] < LARGEST_DIAMETER]
    np.testing.assert_allclose(np.log((free["diameter_t3"] / free["diameter_t0"]) ** 3), 3 * free["growth"], atol=1e-12)


def test_doubling_time_doubles_the_volume():
    days = doubling_days(np.array([np.log(2), 2 * np.log(2), 0.0, -np.log(2)]))
    np.testing.assert_allclose(days, [365, 182.5, np.inf, -365])


def test_shares(latents):
    for name, shares in {
        "attenuation": (0.6, 0.2, 0.2),
        "age_bin": (0.4, 0.3, 0.2, 0.1),
        "race": (0.9, 0.06, 0.04),
        "isolation": (0.6, 0.25, 0.15),
    }.items():
        np.testing.assert_allclose(latents[name].value_counts(normalize=True).sort_index(), shares, atol=0.01)


def test_official_read_has_no_effect_of_its_own(latents):
    assert malignancy_score(latents.assign(result=0)) == pytest.approx(malignancy_score(latents.assign(result=2)))
    assert np.corrcoef(latents["result"], latents["diameter_t0"])[0, 1] > 0.4


def test_more_screens_change_nothing_of_the_first_two():
    two = draw_latents(5, np.random.default_rng(3), screens=2)
    four = draw_latents(5, np.random.default_rng(3), screens=4)
    np.testing.assert_array_equal(two, four[two.columns])


@pytest.mark.parametrize("prevalence", [0.04, 0.2])
def test_intercept_shift_gives_the_prevalence(prevalence):
    shifted = draw_latents(50_000, np.random.default_rng(2), intercept_shift=shift_for_prevalence(prevalence))
    assert shifted["label"].mean() == pytest.approx(prevalence, abs=0.01)


@pytest.mark.parametrize("prevalence", [0.0, 1.0, -3, 5])
def test_impossible_prevalence_is_refused(prevalence):
    with pytest.raises(BundleError, match=str(prevalence)):
        shift_for_prevalence(prevalence)


def test_slowing_growth_stays_within_the_roi():
    """At no screen of eight are more than a tenth of the nodules larger than the 16 mm that a ROI is high."""
    drawn = draw_latents(20_000, np.random.default_rng(1), screens=8, later_growth="slowing")
    for screen in range(8):
        assert (drawn[f"diameter_t{screen}"] > 16).mean() < 0.1
    for screen in range(2, 8):
        ratio = (drawn[f"diameter_t{screen}"] / drawn[f"diameter_t{screen - 1}"]) ** 3
        assert 0.25 < (ratio >= 1.25).mean() < 0.4
        assert 0.25 < (ratio <= 0.8).mean() < 0.4
    steady = draw_latents(20_000, np.random.default_rng(1), screens=5)
    assert (steady["diameter_t4"] > 16).mean() > 0.4
    assert drawn[["diameter_t1", "spiculation_t1", "label"]].equals(steady[["diameter_t1", "spiculation_t1", "label"]])
