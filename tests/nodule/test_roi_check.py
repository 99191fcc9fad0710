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
    assert "the ROI of 32 x 32 x 16 mm cuts the nodule" in finding


def test_a_box_beside_the_nodule_holds_nothing_of_it(measurement: Measurement) -> None:
    grid = RoiGrid((CENTER[0] + 40, CENTER[1], CENTER[2]), (16, 32, 32))
    assert cut_share(measurement, grid.affine, grid.size) == 1
