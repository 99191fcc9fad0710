import numpy as np
import pytest
from helpers.chest_series import make_chest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import RoiGrid, Volume, sample_grid
from csfnet_bundle.nodule.nodule_mask import NoduleMask, segment_nodule


def segment(volume: Volume, point: np.ndarray) -> NoduleMask:
    return segment_nodule(sample_grid(volume.array, volume.affine, RoiGrid(tuple(point), (81, 81, 81))), 1.0)


def place(volume: Volume, offset: tuple[float, float, float]) -> np.ndarray:
    return volume.affine[:3, :3] @ ((np.array(volume.array.shape) - 1) / 2) + volume.affine[:3, 3] + offset


@pytest.mark.parametrize("diameter", [7.0, 12.0, 24.0])
@pytest.mark.parametrize("nodule_hu", [40.0, -550.0])
def test_a_ball_has_the_volume_of_a_ball(diameter: float, nodule_hu: float) -> None:
    chest = make_chest(diameter=diameter, nodule_hu=nodule_hu)
    mask = segment(chest, place(chest, (1.0, -1.0, 0.5)))
    assert mask.volume_mm3 == pytest.approx(np.pi / 6 * diameter**3, rel=0.2 if diameter < 10 else 0.12)
    np.testing.assert_allclose(mask.center, [40 - 0.5, 40 + 1.0, 40 - 1.0], atol=0.6)


def test_a_vessel_through_the_nodule_is_cut_off() -> None:
    offset = (-22.0, 10.0, 0.0)  # on the thicker vessel
    chest = make_chest(diameter=14, offset=offset)
    mask = segment(chest, place(chest, offset))
    assert mask.volume_mm3 == pytest.approx(np.pi / 6 * 14**3, rel=0.25)


def test_the_wall_beside_a_pleural_nodule_is_cut_off() -> None:
    offset = (38.0, 0.0, 0.0)  # 1 mm of its 7 mm radius in the wall
    chest = make_chest(diameter=14, offset=offset)
    mask = segment(chest, place(chest, offset))
    assert 0.6 < mask.volume_mm3 / (np.pi / 6 * 14**3) < 1.2
    assert not mask.lung[40, 40, -30]  # deep in the wall


def test_errors_say_what_was_found() -> None:
    chest = make_chest()
    with pytest.raises(BundleError, match=r"no nodule at the point: -8\d\d HU there"):
        segment(chest, place(chest, (15.0, 15.0, 0.0)))
    with pytest.raises(BundleError, match="no lung near"):
        segment_nodule(np.full((81, 81, 81), 40, np.float32), 1.0)
