import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from csfnet_bundle.cohorts.phantom.render import Region, render_scan
from csfnet_bundle.cohorts.phantom.two_nodules import (
    LARGEST_DIAMETER_MM,
    OFFSET_MM,
    TwoNoduleSubject,
    draw_two_latents,
    two_nodule_oracle,
)


def test_the_side_is_worth_what_attention_could_gain():
    latents = draw_two_latents(20_000, np.random.default_rng(1))
    assert latents["label"].mean() == pytest.approx(0.47, abs=0.02)
    assert roc_auc_score(latents["label"], two_nodule_oracle(latents)) == pytest.approx(0.973, abs=0.005)
    assert roc_auc_score(latents["label"], two_nodule_oracle(latents, named=False)) == pytest.approx(0.815, abs=0.01)
    # The side alone says nothing, and neither does the other nodule.
    assert roc_auc_score(latents["label"], latents["isolation"]) == pytest.approx(0.5, abs=0.01)
    assert roc_auc_score(latents["label"], latents["other_growth"]) == pytest.approx(0.5, abs=0.02)


def test_both_nodules_keep_to_their_half():
    latents = draw_two_latents(5_000, np.random.default_rng(2))
    diameters = latents[[name for name in latents if "diameter" in name]]
    assert diameters.shape[1] == 4
    assert diameters.max().max() == LARGEST_DIAMETER_MM < 2 * OFFSET_MM
    np.testing.assert_allclose(
        latents["growth"], 3 * np.log(latents["diameter_t1"] / latents["diameter_t0"]), atol=1e-12
    )


class WithoutNamed(TwoNoduleSubject):
    """The same subject, the named nodule left out."""

    def nodules(self, screen):
        return super().nodules(screen)[1:]


@pytest.mark.parametrize("side", [0, 1])
def test_the_named_nodule_lies_on_the_side_that_the_record_names(side):
    number = next(number for number in range(200) if TwoNoduleSubject(5, number).side == side)
    subject = TwoNoduleSubject(5, number)
    assert subject.clinical["scr_iso0"] == (2, 3)[side]
    (named, place), (_, other) = subject.nodules(1)
    assert named.diameter == subject.latents["diameter_t1"]
    assert np.sign(place[0] - other[0]) == (1 if side else -1)  # LPS: x grows to the left
    whole, without = (
        render_scan(one, 1, Region.ROI, roi_extent=(16.0, 32.0, 32.0)).roi((16, 32, 32)).array
        for one in (subject, WithoutNamed(5, number))
    )
    change = np.abs(whole - without).sum(axis=(0, 1))  # by column, from the patient's right to the left
    assert change.sum() > 10_000
    assert (change[16:] if side else change[:16]).sum() > 0.9 * change.sum()


def test_a_subject_depends_on_seed_and_number_alone():
    first, again = TwoNoduleSubject(5, 3), TwoNoduleSubject(5, 3)
    assert first.latents.equals(again.latents)
    np.testing.assert_array_equal(first.nodules(0)[1][1], again.nodules(0)[1][1])
    assert not np.array_equal(first.shape.lobes, first.other_shape.lobes)
