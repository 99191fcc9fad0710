"""The chest has lungs with air, vessels and a wall, and the nodule lies in lung."""

import numpy as np
import pytest

from csfnet_bundle.cohorts.phantom.anatomy import (
    TILE_SIZE,
    TILE_STEP,
    draw_chest,
    draw_outline,
    parenchyma,
    surroundings,
)
from csfnet_bundle.cohorts.phantom.streams import Purpose, stream


@pytest.fixture(scope="module")
def chests(outlines):
    return [draw_chest(outline, np.random.default_rng(0)) for outline in outlines[:2]]


@pytest.fixture(scope="module")
def outlines():
    return [draw_outline(stream(0, number, Purpose.ANATOMY)) for number in range(20)]


def _plane(x_range, y_range, step=2.0):
    x, y = np.meshgrid(np.arange(*x_range, step, dtype=np.float32), np.arange(*y_range, step, dtype=np.float32))
    return x, y


def test_nodule_lies_in_lung_away_from_heart_and_wall(outlines):
    for outline in outlines:
        x, y = (np.full((1, 1), value, np.float32) for value in outline.nodule[:2])
        _, lung = surroundings(outline, x, y, outline.nodule[2:].astype(np.float32))
        assert lung.item() == 1
        assert outline.lobe in ((1, 2, 3) if outline.nodule[0] < 0 else (4, 6))


def test_axial_plane_has_air_outside_fat_muscle_bone_and_two_lungs(outlines):
    x, y = _plane((-220, 220), (-160, 160))
    for outline in outlines[:4]:
        hu, lung = surroundings(outline, x, y, np.array([60.0], np.float32))
        assert (hu[:, 0] == -1000).all()  # beside the body
        assert {-95.0, 50.0, 330.0} <= set(np.unique(hu))
        assert lung[0, :, x[0] < -40].max() == lung[0, :, x[0] > 40].max() == 1
        assert lung[0, :, np.abs(x[0]) < 10].max() == 0


def test_lung_density_and_texture(chests):
    x, y = _plane((-120, -40), (-60, 60))
    for chest in chests:
        hu = parenchyma(chest, x, y, np.arange(-20, 20, 2, dtype=np.float32))
        assert -920 < hu.mean() < -800
        assert hu[:, :10].mean() < hu[:, -10:].mean()  # denser at the back
        detrended = hu - hu.mean(axis=(0, 2), keepdims=True)
        assert 8 < detrended.std() < 40


def test_texture_is_a_seamless_tile(chests):
    period = TILE_SIZE * TILE_STEP
    x, y = _plane((0, 20), (0, 20))
    z = np.array([0.0, 5.0], np.float32)
    here, there = (parenchyma(chests[0], x + np.float32(shift), y, z) for shift in (0, period))
    np.testing.assert_allclose(here, there, atol=0.05)
