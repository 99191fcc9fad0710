"""The simple reference measures what is in the ROI."""

import numpy as np
import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.nodule.simple_reference import (
    FEATURES,
    clinical_features,
    nodule_features,
    nodule_of_roi,
    pair_features,
    simple_reference_scores,
)

LUNG, SOFT = -860.0, 30.0


def _roi(radius, hu=SOFT, *, vessel=False, spikes=False, seed=0, spacing=1.0):
    z, y, x = np.meshgrid(np.arange(16) - 7.5, np.arange(64) - 31.5, np.arange(64) - 31.5, indexing="ij")
    z, y, x = z * spacing, y * spacing, x * spacing
    distance = np.sqrt(z**2 + y**2 + x**2)
    roi = np.where(distance <= radius, hu, LUNG)
    if vessel:
        roi[(np.abs(z) < 1) & (np.abs(y) < 1) & (x > 0)] = SOFT
    if spikes:
        along = np.maximum(np.maximum(np.abs(x), np.abs(y)), np.abs(z))
        thin = np.sort(np.abs(np.stack([x, y, z])), axis=0)[1] < 1
        roi[thin & (along < radius + 6)] = SOFT
    roi[:, :, 60:] = SOFT  # a chest wall that does not touch
    return (roi + np.random.default_rng(seed).normal(0, 20, roi.shape)).astype(np.float32)


def _feature(roi, name):
    return nodule_features(roi)[FEATURES.index(name)]


@pytest.mark.parametrize("hu", [SOFT, -600.0])
@pytest.mark.parametrize("radius", [3.0, 5.0, 8.0])
def test_segmented_volume_follows_the_sphere(radius, hu):
    volume = np.exp(_feature(_roi(radius, hu), "log_volume"))
    larger = 4 / 3 * np.pi * (radius + 1) ** 3
    assert 4 / 3 * np.pi * (radius - 0.7) ** 3 < volume < larger


def test_a_vessel_is_cut_off():
    with_vessel, without = (_feature(_roi(5.0, vessel=vessel), "log_volume") for vessel in (True, False))
    assert with_vessel == pytest.approx(without, abs=0.15)


def test_wall_and_lung_do_not_count():
    with_wall = _roi(5.0)
    without = with_wall.copy()
    without[:, :, 60:] = LUNG
    assert _feature(with_wall, "log_volume") == pytest.approx(_feature(without, "log_volume"), abs=0.02)
    assert _feature(with_wall, "mean_hu") > SOFT - 250


def test_padding_is_neither_lung_nor_nodule():
    whole = _roi(5.0)
    padded = whole.copy()
    padded[:4] = padded[-3:] = -1024.0
    padded[:, :10] = -1024.0
    assert not (nodule_of_roi(padded, (1.0, 1.0, 1.0)).hu < LUNG - 150).any()
    np.testing.assert_allclose(nodule_features(padded), nodule_features(whole), rtol=0.15, atol=0.15)


def test_features_tell_solid_from_ground_glass_and_spiculated_from_smooth():
    solid, glass, spiculated = _roi(5.0), _roi(5.0, -600.0), _roi(5.0, spikes=True)
    assert _feature(solid, "solid_share") > 0.5 > 0.05 > _feature(glass, "solid_share")
    assert _feature(solid, "mean_hu") > _feature(glass, "mean_hu") + 200
    assert _feature(spiculated, "shell_density") > _feature(solid, "shell_density") + 0.01
    assert _feature(spiculated, "surface") > _feature(solid, "surface")


def test_empty_lung_and_full_soft_tissue_give_finite_features():
    for roi in (np.full((16, 64, 64), LUNG, np.float32), np.full((16, 64, 64), SOFT, np.float32)):
        assert np.isfinite(pair_features(roi, roi)).all()


def test_spacing_gives_millimetres():
    fine = nodule_features(_roi(5.0, spacing=0.5), spacing=(0.5, 0.5, 0.5))
    coarse = nodule_features(_roi(5.0))
    assert fine[0] == pytest.approx(coarse[0], abs=0.5)  # the blur by a voxel is half as wide


def test_clinical_features_take_missing_values():
    known = {"race": 3, "cigsmok": 1, "gender": 2, "age": 71, "scr_res0": 4, "scr_iso0": 3}
    rows = clinical_features([known, {}, {**known, "age": None}])
    assert rows.shape == (3, 14)
    np.testing.assert_array_equal(rows[0, :3], [1, 2, 71])
    assert rows[0, 3:].sum() == 3
    assert rows[1, 3:].sum() == 0
    assert rows[2, 2] == 61


def test_clinical_features_read_values_as_the_network_does():
    """Text is a number, ``.N`` is missing, and a code that is no answer is the reference level."""
    numbers = {"race": 3, "cigsmok": 1, "gender": 2, "age": 71, "scr_res0": 4, "scr_iso0": 3}
    text = {name: f" {value}" for name, value in numbers.items()}
    rows = clinical_features([numbers, text, {**text, "age": ".N"}, {**numbers, "age": None}, {"race": "99"}, {}])
    np.testing.assert_array_equal(rows[0], rows[1])
    np.testing.assert_array_equal(rows[2], rows[3])
    np.testing.assert_array_equal(rows[4], rows[5])
    with pytest.raises(BundleError, match="age = 'old'"):
        clinical_features([{"age": "old"}])


def test_scores_are_log_odds_that_rank():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200)
    features = labels[:, None] + rng.normal(0, 0.5, (200, 3))
    scores = simple_reference_scores(features[:100], labels[:100], features[100:])
    assert scores.min() < 0 < 1 < scores.max()
    probability = 1 / (1 + np.exp(-scores))
    assert probability[labels[100:] == 1].mean() > probability[labels[100:] == 0].mean() + 0.5
