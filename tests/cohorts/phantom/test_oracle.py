"""The oracle has the AUCs that the label model was calibrated to."""

import numpy as np
import pytest

from csfnet_bundle.cohorts.phantom.label_model import draw_latents, shift_for_prevalence
from csfnet_bundle.cohorts.phantom.oracle import SUBSETS, oracle_aucs, oracle_scores, visible_latents
from csfnet_bundle.core.errors import BundleError

PUBLISHED = dict(zip(SUBSETS, (0.674, 0.733, 0.851, 0.901, 0.909, 0.945), strict=True))


def test_oracle_reproduces_the_calibrated_aucs():
    assert oracle_aucs(draws=20_000) == pytest.approx(PUBLISHED, abs=0.01)


def test_oracle_probabilities_are_calibrated_for_the_cohorts_prevalence():
    for prevalence in (None, 0.1):
        latents = draw_latents(20_000, np.random.default_rng(5), intercept_shift=shift_for_prevalence(prevalence))
        scores = oracle_scores(latents, "all", prevalence=prevalence)
        assert scores.mean() == pytest.approx(latents["label"].mean(), abs=0.01)


def test_t0_latents_do_not_show_t1():
    latents = draw_latents(50, np.random.default_rng(0))
    changed = latents.assign(diameter_t1=1.0, spiculation_t1=0.0, growth=0.0)
    np.testing.assert_array_equal(visible_latents(latents, "t0+clinical"), visible_latents(changed, "t0+clinical"))
    assert not np.array_equal(visible_latents(latents, "t1"), visible_latents(changed, "t1"))


def test_unknown_subset_is_refused():
    with pytest.raises(BundleError, match="t2"):
        visible_latents(draw_latents(2, np.random.default_rng(0)), "t2")
