"""Tubes fill the volume that their geometry says, wherever the grid lies."""

import numpy as np
import pytest

from csfnet_bundle.cohorts.phantom.tubes import Tubes, draw_tubes

STEP = 0.25
EDGE = 0.3


def _grid(extent=12.0, angle=0.0):
    axis = np.arange(-extent, extent, STEP, dtype=np.float32)
    x, y = np.meshgrid(axis, axis)
    turned = np.cos(angle) * x - np.sin(angle) * y, np.sin(angle) * x + np.cos(angle) * y
    return turned[0].astype(np.float32), turned[1].astype(np.float32), axis


def _volume(tubes, angle=0.0, smallest=0.3):
    return draw_tubes(tubes, *_grid(angle=angle), edge=EDGE, smallest_radius=smallest).sum() * STEP**3


def _tube(start, end, radius):
    return Tubes(np.array([start], float), np.array([end], float), np.array([[radius, radius]]))


@pytest.mark.parametrize("angle", [0.0, 0.4])
@pytest.mark.parametrize("direction", [(8, 0, 0), (0, 8, 0), (0, 0, 8), (4, -4, 4)])
def test_volume_of_a_capsule(direction, angle):
    tube = _tube((-1, 0.3, 0), np.array((-1, 0.3, 0)) + direction, 1.5)
    expected = np.pi * 1.5**2 * np.linalg.norm(direction) + 4 / 3 * np.pi * 1.5**3
    assert _volume(tube, angle) == pytest.approx(expected, rel=0.03)


def test_thin_tube_is_drawn_wider_with_the_same_cross_section():
    thin = _volume(_tube((-5, 0, 0), (5, 0, 0), 0.3), smallest=0.9)
    assert thin == pytest.approx(np.pi * 0.3**2 * 10, rel=0.25)  # the rounded ends are wider


def test_tapered_tube_is_wide_at_its_start():
    tube = Tubes(np.array([[0.0, 0, -6]]), np.array([[0.0, 0, 6]]), np.array([[3.0, 1.0]]))
    areas = draw_tubes(tube, *_grid(), edge=EDGE, smallest_radius=0.3).sum(axis=(1, 2)) * STEP**2
    _, _, z = _grid()
    assert areas[np.abs(z + 5).argmin()] == pytest.approx(np.pi * (3 - 2 / 12) ** 2, rel=0.06)
    assert areas[np.abs(z - 5).argmin()] == pytest.approx(np.pi * (1 + 2 / 12) ** 2, rel=0.06)


def test_tubes_off_the_grid_leave_it_empty():
    far = Tubes(np.full((2, 3), 40.0), np.full((2, 3), 44.0), np.ones((2, 2)))
    assert not draw_tubes(far, *_grid(), edge=EDGE, smallest_radius=0.3).any()
    none = Tubes(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros((0, 2)))
    assert not draw_tubes(none, *_grid(), edge=EDGE, smallest_radius=0.3).any()


def test_joined_tubes_draw_as_one_by_one():
    one, two = _tube((-5, 0, 0), (5, 0, 0), 1.0), _tube((0, -5, 2), (0, 5, -2), 1.4)
    single = [draw_tubes(tube, *_grid(), edge=EDGE, smallest_radius=0.3) for tube in (one, two)]
    both = draw_tubes(Tubes.joined([one, two]), *_grid(), edge=EDGE, smallest_radius=0.3)
    np.testing.assert_array_equal(both, np.maximum(*single))
