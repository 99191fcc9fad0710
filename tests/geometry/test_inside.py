import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.geometry.inside import bounds_lps, check_point_inside

# A scan on the patient's left front: x 50..149, y -120..-41, z 0..60 mm (voxel centres).
AFFINE = np.array([[1.0, 0, 0, 50], [0, 1.0, 0, -120], [0, 0, 2.5, 0], [0, 0, 0, 1]])
SHAPE = (100, 80, 25)


def refuse(coordinates: tuple[float, float, float], space: Space) -> Refusal:
    with pytest.raises(Refusal) as caught:
        check_point_inside(Point(coordinates, space), AFFINE, SHAPE, series="1.2.3", record="subject 7, t0")
    assert caught.value.code is RefusalCode.POINT_OUTSIDE
    return caught.value


def test_a_point_inside_comes_back_in_lps() -> None:
    for point in (
        Point((60, -100, 10), Space.LPS),
        Point((-60, 100, 10), Space.RAS),
        Point((10, 20, 4), Space.VOXEL),
    ):
        np.testing.assert_allclose(check_point_inside(point, AFFINE, SHAPE), [60, -100, 10])


def test_voxels_reach_half_their_size_beyond_their_centres() -> None:
    check_point_inside(Point((49.5, -120.5, -1.25), Space.LPS), AFFINE, SHAPE)
    refuse((49.4, -120, 0), Space.LPS)
    refuse((50, -120, -1.3), Space.LPS)
    low, high = bounds_lps(AFFINE, SHAPE)
    np.testing.assert_allclose(low, [49.5, -120.5, -1.25])
    np.testing.assert_allclose(high, [149.5, -40.5, 61.25])


def test_the_flipped_sign_is_named() -> None:
    refusal = refuse((-60, 100, 10), Space.LPS)
    assert refusal.figures["inside_as"] == ["RAS"]
    assert "RAS (x and y with the other sign)" in str(refusal)
    assert "subject 7, t0" in str(refusal)
    assert refuse((60, -100, 10), Space.RAS).figures["inside_as"] == ["LPS"]
    assert refuse((10, 20, 4), Space.LPS).figures["inside_as"] == ["voxel"]


def test_a_point_inside_in_no_space_gets_no_such_hint() -> None:
    refusal = refuse((500, 500, 500), Space.LPS)
    assert refusal.figures["inside_as"] == []
    assert "other sign" not in str(refusal)


@given(st.tuples(*[st.floats(-400, 400)] * 3), st.sampled_from(list(Space)))
def test_inside_agrees_with_the_box(coordinates: tuple[float, float, float], space: Space) -> None:
    point = Point(coordinates, space)
    low, high = bounds_lps(AFFINE, SHAPE)
    place = point.lps(AFFINE)
    if np.all(place > low) and np.all(place < high):
        np.testing.assert_array_equal(check_point_inside(point, AFFINE, SHAPE), place)
    elif np.any(place < low - 0.01) or np.any(place > high + 0.01):
        refuse(coordinates, space)
