import numpy as np
import pytest

from csfnet_bundle.training.measure.drawn import draw, drawn_cube
from csfnet_bundle.training.measure.examples import CUBE, SCALE


@pytest.mark.parametrize("attenuation", [0, 1, 2])
def test_the_volume_is_exact_and_the_same_beside_a_vessel(attenuation: int) -> None:
    volumes = [draw(3, diameter_mm=9.0, attenuation=attenuation, beside=b).volume_mm3 for b in ("", "vessel")]
    assert volumes == pytest.approx([np.pi / 6 * 9.0**3] * 2, rel=0.03)


def test_the_density_follows_the_type_and_a_wall_cuts_the_nodule() -> None:
    free = {kind: draw(4, diameter_mm=14.0, attenuation=kind, beside="") for kind in (0, 1, 2)}
    means = [float(one.hu[one.body > 0.99].mean()) for one in free.values()]
    assert means[0] > means[1] + 100 > means[2] + 200
    walled = draw(4, diameter_mm=14.0, attenuation=0, beside="wall")
    assert 0.6 < walled.volume_mm3 / free[0].volume_mm3 <= 1
    assert (walled.hu > -200).mean() > (free[0].hu > -200).mean() + 0.05


def test_two_scans_differ_by_noise_and_slices_but_not_by_the_nodule() -> None:
    drawing = draw(5, diameter_mm=16.0, attenuation=0, beside="")
    one, two = (drawing.scanned(np.random.default_rng(seed)) for seed in (0, 1))
    assert one.shape == CUBE
    assert np.abs(one - two).mean() > 5
    core = drawing.share >= 1
    assert one[core].mean() == pytest.approx(two[core].mean(), abs=60)


def test_an_example_follows_from_its_seed() -> None:
    cube, example = drawn_cube(7)
    again, _ = drawn_cube(7)
    np.testing.assert_array_equal(cube, again)
    assert cube[2].sum() / SCALE * 0.8**3 == pytest.approx(np.pi / 6 * example.diameter_mm**3, rel=0.02)
    assert (cube[3] == SCALE).all()
