from collections.abc import Callable

import numpy as np
import pytest
from helpers.whole_chest import make_whole_chest

from csfnet_bundle.cohorts.phantom.motion import Motion, MotionLevel, draw_settings, make_motion
from csfnet_bundle.geometry import RoiGrid, Volume
from csfnet_bundle.scans.lungs import find_lungs
from csfnet_bundle.scans.thinned import kept_slices, thin, thinning

Make = Callable[[MotionLevel, int], Motion]


@pytest.fixture(scope="module")
def lungs() -> tuple[np.ndarray, RoiGrid]:
    chest: Volume = make_whole_chest()
    kept = kept_slices(chest.array.shape[2], thinning(chest.affine)[2])
    scan = thin((chest.array[:, :, k] for k in kept), chest.affine, kept[0])
    return find_lungs(scan).mask, scan.grid


@pytest.fixture(scope="module")
def make(lungs: tuple[np.ndarray, RoiGrid]) -> Make:
    def make(level: MotionLevel, seed: int) -> Motion:
        rng = np.random.default_rng(seed)
        return make_motion(draw_settings(level, rng), *lungs, rng)

    return make


def places(lungs: tuple[np.ndarray, RoiGrid], count: int = 200) -> np.ndarray:
    mask, grid = lungs
    index = np.argwhere(mask)[:: max(1, int(mask.sum()) // count)]
    return grid.affine[:3, :3] @ index.T + grid.affine[:3, 3:]


@pytest.mark.parametrize("level", MotionLevel)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_there_and_back_is_the_same_place(make: Make, lungs: tuple, level: MotionLevel, seed: int) -> None:
    motion, points = make(level, seed), places(lungs)
    np.testing.assert_allclose(motion.backward(motion.forward(points)), points, atol=0.05)  # worst where lungs slide


def test_a_mild_motion_is_less_than_the_others(make: Make, lungs: tuple) -> None:
    points = places(lungs)
    moved = {
        level: np.median([np.linalg.norm(make(level, seed).forward(points) - points, axis=0) for seed in range(5)])
        for level in MotionLevel
    }
    assert moved[MotionLevel.MILD] < 0.6 * min(moved[MotionLevel.WHOLE_BODY], moved[MotionLevel.SLIDING])


def test_ribs_stay_where_lungs_slide(make: Make, lungs: tuple) -> None:
    """Beside the lungs, and not under them, nothing but the rigid part moves the chest wall."""
    wall = np.array([[-142.0, 142.0, -142.0], [0.0, 0.0, 10.0], [0.0, 20.0, 60.0]])
    for seed in range(3):
        np.testing.assert_array_equal(make(MotionLevel.SLIDING, seed).displacement(wall), 0)
        assert np.abs(make(MotionLevel.WHOLE_BODY, seed).displacement(wall)).max() > 0.5


def test_the_motion_is_rigid_but_for_its_field(make: Make) -> None:
    rotation = make(MotionLevel.WHOLE_BODY, 3).rotation
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1)
