"""A point outside of the lungs is accepted where the nodule measured there reaches them."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.drawn_spheres import NETWORK, sphere_cube
from helpers.whole_chest import make_whole_chest, write_nifti

from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.inputs.locating import LocatedScan
from csfnet_bundle.inputs.place_check import check_in_lungs
from csfnet_bundle.nodule.cube import cube_grid
from csfnet_bundle.nodule.measurement import Measurement, measure_cube
from csfnet_bundle.nodule.pair import PairMeasurements
from csfnet_bundle.prediction.input_checks import without_pleural
from csfnet_bundle.records import Scan

NODULE, WALL = (-62.0, 12.0, 25.0), (-137.0, 12.0, 25.0)
"""LPS mm, in the right lung of the made chest and in its wall."""


@pytest.fixture(scope="module")
def chest(tmp_path_factory: pytest.TempPathFactory) -> LocatedScan:
    path = write_nifti(make_whole_chest(nodule=NODULE), tmp_path_factory.mktemp("chest") / "t1.nii")
    return LocatedScan(Scan(str(path), Point(NODULE, Space.LPS)), path, None)


def _ball_in_wall(diameter: float) -> Measurement:
    one = measure_cube(sphere_cube(diameter), NETWORK)
    return replace(one, cube=replace(one.cube, affine=cube_grid(WALL).affine))


def test_only_a_nodule_that_reaches_the_lungs_takes_the_finding_back(chest: LocatedScan) -> None:
    place = np.array(WALL)
    (outside,) = check_in_lungs(chest, place)
    distance = float(outside.split("lies ")[1].split(" mm")[0])
    findings = (f"t1: {outside}", f"t0: {outside}", "t1: another")
    centers, scans = np.array([place, place]), (None, chest)
    for diameter, expected in ((2 * distance - 8, findings), (2 * distance + 4, findings[1:])):
        measured = PairMeasurements(t1=_ball_in_wall(diameter))
        assert without_pleural(findings, measured, scans, centers) == expected
    assert without_pleural(findings, PairMeasurements(), scans, centers) == findings
