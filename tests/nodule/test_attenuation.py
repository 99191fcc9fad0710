import numpy as np
import pytest
from helpers.drawn_spheres import LUNG_HU, sphere_cube

from csfnet_bundle.nodule.attenuation import Attenuation, measure_density


def ball(diameter: float) -> np.ndarray:
    return sphere_cube(diameter, noise=0).hu > LUNG_HU / 2


@pytest.mark.parametrize("diameter", [5.0, 8.0, 20.0])
def test_the_three_types(diameter: float) -> None:
    mask = ball(diameter)
    for hu, expected in ((30.0, Attenuation.SOLID), (-600.0, Attenuation.GROUND_GLASS)):
        density = measure_density(sphere_cube(diameter, hu=hu).hu, mask)
        assert density.attenuation is expected
        assert density.core_hu == pytest.approx(hu, abs=200 if diameter < 6 else 40)


def test_a_solid_core_in_ground_glass_is_part_solid() -> None:
    glass, core = sphere_cube(16.0, hu=-600), ball(9.0)
    density = measure_density(np.where(core, 20.0, glass.hu).astype(np.float32), ball(16.0))
    assert density.attenuation is Attenuation.PART_SOLID
    assert 0.1 < density.solid_share < 0.7
    assert -600 < density.mean_hu < 20


def test_a_mask_of_one_voxel_has_a_density() -> None:
    mask = np.zeros((64, 64, 64), bool)
    mask[32, 32, 32] = True
    hu = sphere_cube(10.0, hu=10.0).hu
    assert measure_density(hu, mask).mean_hu == pytest.approx(hu[32, 32, 32])
