import json

import numpy as np
import pytest
from helpers.drawn_spheres import LUNG_HU, NETWORK, ball_mm3, sphere_cube, sphere_volume

from csfnet_bundle.core.errors import Refusal
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.nodule.attenuation import Attenuation
from csfnet_bundle.nodule.cube import Cube
from csfnet_bundle.nodule.flags import FlagCode, click_spread, methods_disagree
from csfnet_bundle.nodule.measurement import measure_cube
from csfnet_bundle.nodule.reading import measure
from csfnet_bundle.nodule.segmentation import Method, Segmentation, taken_segmentation


@pytest.mark.parametrize("diameter", [8.0, 14.0])
def test_a_sphere_is_measured(diameter: float) -> None:
    volume = sphere_volume(diameter, center=(2.0, 0.0, -1.0))
    one = measure(volume, Point((2.5, 0.5, -1.5), Space.LPS), network=NETWORK)
    assert one.volume_mm3 == pytest.approx(ball_mm3(diameter), rel=0.15)
    assert one.equivalent_diameter_mm == pytest.approx(diameter, rel=0.05)
    assert one.long_axis_mm == pytest.approx(diameter, abs=1.2)
    assert one.long_axis_mm >= one.short_axis_mm
    assert one.attenuation is Attenuation.SOLID
    assert set(one.volumes_mm3) == set(Method)
    assert one.method is Method.NETWORK
    assert one.volume_mm3 == one.volumes_mm3[Method.NETWORK]
    np.testing.assert_array_equal(one.mask, one.masks[one.method])
    assert one.flags == ()
    assert json.loads(json.dumps(one.to_plain()))["volume_mm3"] == pytest.approx(one.volume_mm3, abs=0.1)


def test_ras_and_voxel_points_mean_the_same_place() -> None:
    volume = sphere_volume(9.0, center=(4.0, -3.0, 2.0))
    index = np.linalg.solve(volume.affine, [4.0, -3.0, 2.0, 1])[:3]
    points = [Point((4, -3, 2), Space.LPS), Point((-4, 3, 2), Space.RAS), Point(tuple(index), Space.VOXEL)]
    volumes = [measure(volume, point, network=NETWORK).volume_mm3 for point in points]
    assert volumes == pytest.approx([volumes[0]] * 3, rel=1e-3)


def test_no_nodule_is_a_rejection_that_names_the_scan() -> None:
    empty = sphere_cube(8.0)
    lung = np.random.default_rng(0).normal(LUNG_HU, 20, empty.hu.shape).astype(np.float32)
    with pytest.raises(Refusal, match=r"NO_NODULE: scan 7: 0 of 3 methods") as caught:
        measure_cube(Cube(lung, empty.inside, empty.affine), NETWORK, record="scan 7")
    assert caught.value.code == "NO_NODULE"


def codes(cube: Cube, **options: object) -> set[FlagCode]:
    return {flag.code for flag in measure_cube(cube, NETWORK, **options).flags}  # type: ignore[arg-type]


def test_flags_of_size_slices_density_and_neighbours() -> None:
    assert codes(sphere_cube(9.0)) == set()
    assert FlagCode.SMALL in codes(sphere_cube(4.4))
    thick = sphere_cube(9.0)
    assert codes(Cube(thick.hu, thick.inside, thick.affine, slice_spacing_mm=3.0)) == {FlagCode.THICK_SLICES}
    assert FlagCode.GROUND_GLASS in codes(sphere_cube(12.0, hu=-380.0))
    two = np.maximum(thick.hu, sphere_cube(8.0, offset=(0, 0, 16.0)).hu)
    flags = measure_cube(Cube(two, thick.inside, thick.affine), NETWORK).flags
    (told,) = (flag.text for flag in flags if flag.code is FlagCode.OTHER_STRUCTURE)
    assert "16 mm from the click (16 mm left): LPS 16.0,0.0,0.0." in told


def test_flags_of_what_is_cut() -> None:
    cube = sphere_cube(12.0)
    inside = cube.inside.copy()
    inside[34:] = False
    assert FlagCode.CUT_BY_SCAN in codes(Cube(cube.hu, inside, cube.affine))
    assert FlagCode.AT_CUBE_BORDER in codes(sphere_cube(16.0, offset=(0, 0, 20.0)).clicked((0, 0, 18.0)))


def test_methods_that_disagree_or_fail_are_flagged() -> None:
    cube = sphere_cube(10.0)
    half = sphere_cube(7.0, noise=0).hu > LUNG_HU / 2
    one = Segmentation(Method.CLASSICAL, half, ball_mm3(7.0))
    assert codes(cube, others={Method.CLASSICAL: one}) == {FlagCode.METHODS_DISAGREE, FlagCode.METHOD_FAILED}


def test_clicks_are_measured_on_request() -> None:
    one = measure_cube(sphere_cube(10.0), NETWORK, clicks=True)
    assert len(one.click_volumes_mm3) == 9
    assert click_spread(one.click_volumes_mm3) < 0.01
    assert click_spread((1.0, 1.0, 2.0, 3.0)) > 0.25
    assert click_spread(()) == 0


def test_the_network_is_taken_and_without_it_the_classical_method() -> None:
    mask = np.zeros((2, 2, 2), bool)
    volumes = {Method.NETWORK: 400.0, Method.CLASSICAL: 100.0, Method.NECK_CUTTING: 120.0}
    found = {method: Segmentation(method, mask, volume) for method, volume in volumes.items()}
    assert taken_segmentation(found) is found[Method.NETWORK]
    del found[Method.NETWORK]
    assert taken_segmentation(found) is found[Method.CLASSICAL]


@pytest.mark.parametrize(
    ("network", "classical", "neck_cutting", "expected"),
    [
        (108.0, 100.0, 100.0, False),  # as usual
        (161.0, 100.0, 100.0, False),
        (163.0, 100.0, 100.0, True),  # 1.08 x 1.5 times the classical volume
        (71.0, 100.0, 100.0, True),
        (108.0, 100.0, 215.0, False),
        (108.0, 100.0, 217.0, True),  # more than twice
        (108.0, 100.0, 53.0, True),
        (108.0, None, 100.0, False),
        (None, 100.0, 190.0, False),
        (None, 100.0, 210.0, True),
    ],
)
def test_methods_disagree_by_a_factor(
    network: float | None, classical: float | None, neck_cutting: float, expected: bool
) -> None:
    pairs = zip(
        (Method.NETWORK, Method.CLASSICAL, Method.NECK_CUTTING), (network, classical, neck_cutting), strict=True
    )
    assert methods_disagree({method: volume for method, volume in pairs if volume is not None}) is expected
