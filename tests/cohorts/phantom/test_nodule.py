"""The nodule has the volume, the density and the spicules that its latents say."""

import numpy as np
import pytest

from csfnet_bundle.cohorts.phantom.nodule import SPICULES, Nodule, draw_shape

STEP = 0.3


def _draw(nodule):
    axis = np.arange(-nodule.reach, nodule.reach + STEP, STEP, dtype=np.float32)
    x, y = np.meshgrid(axis, axis)
    return nodule.draw(x, y, axis)


@pytest.mark.parametrize("diameter", [4.0, 9.0, 20.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_body_has_the_volume_of_its_diameter(seed, diameter):
    share, _ = _draw(Nodule(draw_shape(np.random.default_rng(seed)), diameter, 0.0, 0))
    assert share.sum() * STEP**3 == pytest.approx(np.pi / 6 * diameter**3, rel=0.03)


def test_nothing_lies_beyond_the_reach():
    nodule = Nodule(draw_shape(np.random.default_rng(3)), 8.0, 1.0, 0)
    axis = np.arange(-nodule.reach - 3, nodule.reach + 3, STEP, dtype=np.float32)
    x, y = np.meshgrid(axis, axis)
    share, _ = nodule.draw(x, y, axis)
    distance = np.sqrt((x**2 + y**2)[None] + (axis**2)[:, None, None])
    assert share[distance > nodule.reach].max() == 0


def test_spicules_grow_with_spiculation_in_number_and_reach():
    shape = draw_shape(np.random.default_rng(4))
    added = []
    for spiculation in (0.0, 0.1, 0.3, 0.6, 1.0):
        share, _ = _draw(Nodule(shape, 8.0, spiculation, 0))
        added.append(share.sum() * STEP**3)
    assert np.diff(added).min() > 0
    assert len(shape.spicules) == SPICULES


def test_attenuation_sets_the_density():
    shape = draw_shape(np.random.default_rng(5))
    means, centers = [], []
    for attenuation in range(3):
        share, hu = _draw(Nodule(shape, 12.0, 0.0, attenuation))
        means.append((share * hu).sum() / share.sum())
        middle = share.shape[0] // 2
        centers.append(hu[middle, middle, middle])
    assert 0 <= means[0] <= 70
    assert means[2] == pytest.approx(shape.ground_glass_hu, abs=1)
    assert means[2] + 20 < means[1] < -250  # a solid core of about half the diameter is an eighth of the volume
    assert centers[1] == pytest.approx(centers[0])


def test_shape_stays_when_the_nodule_grows():
    shape = draw_shape(np.random.default_rng(6))
    small, _ = Nodule(shape, 8.0, 0.0, 0).draw(*_plane(1.0))
    large, _ = Nodule(shape, 16.0, 0.0, 0).draw(*_plane(2.0))
    assert np.abs(small - large).mean() < 0.01


def _plane(scale):
    axis = (np.arange(-8, 8, 0.1) * scale).astype(np.float32)
    x, y = np.meshgrid(axis, axis)
    return x, y, np.array([0.0, 0.1], np.float32) * np.float32(scale)
