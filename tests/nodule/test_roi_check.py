import numpy as np
import pytest
from helpers.drawn_spheres import NETWORK, sphere_volume

from csfnet_bundle.core.alarm import is_alarm
from csfnet_bundle.geometry import Point, RoiGrid, Space
from csfnet_bundle.nodule.measurement import Measurement
from csfnet_bundle.nodule.reading import measure
from csfnet_bundle.nodule.roi_check import cut_finding, cut_share

CENTER = (2.0, 0.0, -1.0)


@pytest.fixture(scope="module")
def measurement() -> Measurement:
    return measure(sphere_volume(20.0, center=CENTER), Point(CENTER, Space.LPS), network=NETWORK)


def test_a_box_that_holds_the_nodule_is_no_finding(measurement: Measurement) -> None:
    grid = RoiGrid(CENTER, (32, 32, 32))
    assert cut_share(measurement, grid.affine, grid.size) == 0
    assert cut_finding("t1", measurement, grid.affine, grid.size) is None


def test_a_flat_box_cuts_both_caps_of_a_sphere(measurement: Measurement) -> None:
    """Two caps of 2 mm of a sphere of 20 mm: each pi h^2 (3 r - h) / 3."""
    grid = RoiGrid(CENTER, (16, 32, 32))
    caps = 2 * np.pi * 2**2 * (30 - 2) / 3 / (4 / 3 * np.pi * 10**3)
    assert cut_share(measurement, grid.affine, grid.size) == pytest.approx(caps, abs=0.025)
    finding = str(cut_finding("t1", measurement, grid.affine, grid.size))
    assert is_alarm(finding)
    assert finding.startswith("t1: ")
    assert "the nodule is larger than the ROI of 32 x 32 x 16 mm, which cuts it" in finding
    assert "on its centre" not in finding  # which would change nothing


def test_a_click_off_the_centre_is_told_as_such_with_the_centre_to_click(measurement: Measurement) -> None:
    """A box of 24 mm holds the sphere of 20 mm from its centre, but not from 7 mm to the right of it."""
    click = (CENTER[0] - 7, CENTER[1], CENTER[2] + 2)
    grid = RoiGrid(click, (24, 24, 24))
    finding = str(cut_finding("t0", measurement, grid.affine, grid.size))
    assert finding.startswith("t0: CHECK THE POINT: the nodule's centre lies ")
    assert float(finding.split("lies ")[1].split(" mm")[0]) == pytest.approx(np.hypot(7, 2), abs=0.6)
    assert "(7 mm left, 2 mm inferior)" in finding
    place = finding.split("LPS ")[1].rstrip(".")
    np.testing.assert_allclose([float(value) for value in place.split(",")], CENTER, atol=0.6)
    there = RoiGrid(tuple(float(value) for value in place.split(",")), (24, 24, 24))  # type: ignore[arg-type]
    assert cut_finding("t0", measurement, there.affine, there.size) is None


def test_a_large_nodule_clicked_beside_its_centre_tells_what_a_better_click_leaves(measurement: Measurement) -> None:
    grid = RoiGrid((CENTER[0] + 8, CENTER[1], CENTER[2]), (16, 32, 24))
    finding = str(cut_finding("t1", measurement, grid.affine, grid.size))
    outside, centered = (float(part.split("%")[0].split()[-1]) for part in finding.split("; ")[1].split(", ")[:2])
    assert 3 < centered < outside - 10  # 5.6 % lie in the caps above and below
    assert "% with the ROI on its centre (LPS " in finding


def test_a_box_beside_the_nodule_holds_nothing_of_it(measurement: Measurement) -> None:
    grid = RoiGrid((CENTER[0] + 40, CENTER[1], CENTER[2]), (16, 32, 32))
    assert cut_share(measurement, grid.affine, grid.size) == 1
