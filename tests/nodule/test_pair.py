import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.drawn_spheres import NETWORK, Thresholding, ball_mm3, sphere_volume
from helpers.whole_chest import write_nifti

from csfnet_bundle.nodule.flags import Flag, FlagCode
from csfnet_bundle.nodule.growth import Change
from csfnet_bundle.nodule.network import NoduleNetwork
from csfnet_bundle.nodule.pair import GROWTH_COLUMNS, PairMeasurements, measure_pair
from csfnet_bundle.scans.scan import OpenedScan, open_scan

CENTER = (2.0, 0.0, -1.0)


class Shrunk(Thresholding):
    """Sees a nodule 3 mm smaller in radius than it is."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return -torch.nn.functional.max_pool3d(-super().forward(inputs), 7, stride=1, padding=3)


SHRUNK = NoduleNetwork(Shrunk(), "stand-in")


def _scan(folder: Path, diameter: float) -> OpenedScan:
    return open_scan(write_nifti(sphere_volume(diameter, center=CENTER), folder / f"{diameter}.nii"))


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> PairMeasurements:
    folder = tmp_path_factory.mktemp("spheres")
    return measure_pair([_scan(folder, 9.0), _scan(folder, 14.0)], np.array([CENTER, CENTER]), 200.0, network=NETWORK)


def test_both_scans_and_growth(measured: PairMeasurements) -> None:
    assert measured.t0 is not None
    assert measured.t1 is not None
    assert measured.growth is not None
    assert measured.t0.volume_mm3 == pytest.approx(ball_mm3(9.0), rel=0.25)
    assert measured.t1.volume_mm3 == pytest.approx(ball_mm3(14.0), rel=0.25)
    assert len(measured.t1.click_volumes_mm3) == 9
    assert measured.growth.change is Change.GROWTH
    expected = 200 * np.log(2) / np.log(ball_mm3(14.0) / ball_mm3(9.0))
    assert measured.growth.doubling_time_days == pytest.approx(expected, rel=0.25)
    assert measured.notes == ()


def test_a_doubtful_volume_makes_growth_and_guidelines_doubtful(measured: PairMeasurements, tmp_path: Path) -> None:
    assert measured.doubt == ""
    assert measured.t1 is not None
    flags = (Flag(FlagCode.METHODS_DISAGREE, "x"), Flag(FlagCode.GROUND_GLASS, "y"))
    doubted = replace(measured, t1=replace(measured.t1, flags=flags))
    told = "Growth and guideline groups are doubtful, since the volume is: in t1 the methods disagree."
    assert doubted.doubt == told
    made = measure_pair([None, _scan(tmp_path, 14.0)], np.array([CENTER, CENTER]), 200.0, network=SHRUNK)
    assert made.notes == (told.replace("Growth and guideline groups", "Guideline groups"),), "one scan has no growth"


def test_its_columns_and_json_say_the_same(measured: PairMeasurements) -> None:
    cells, plain = measured.columns(), json.loads(json.dumps(measured.to_plain()))
    assert cells["t1_volume_mm3"] == plain["t1"]["volume_mm3"]
    assert cells["volume_ratio"] == pytest.approx(plain["growth"]["volume_ratio"], abs=1e-3)
    assert cells["growth"] == "growth"
    assert set(GROWTH_COLUMNS) < set(cells)
    assert set(PairMeasurements().columns()) == set(cells)
    assert set(PairMeasurements().columns().values()) == {None}


def test_what_cannot_be_measured_is_told(tmp_path: Path) -> None:
    sphere = sphere_volume(9.0, center=CENTER)
    empty = replace(sphere, array=np.random.default_rng(0).normal(-850, 20, sphere.array.shape))
    scans = [open_scan(write_nifti(empty, tmp_path / "t0.nii")), _scan(tmp_path, 9.0)]
    made = measure_pair(scans, np.array([CENTER, CENTER]), 200.0, network=NETWORK)
    assert (made.t0, made.growth) == (None, None)
    assert made.t1 is not None
    assert made.notes == ("t0 was not measured: 0 of 3 methods find a nodule at the point (NO_NODULE).",)
    alone = measure_pair([None, scans[1]], np.array([CENTER, CENTER]), None, network=NETWORK)
    assert (alone.t0, alone.growth, alone.notes) == (None, None, ())
    undated = measure_pair([scans[1], scans[1]], np.array([CENTER, CENTER]), None, network=NETWORK)
    assert undated.notes == ("No growth is given: the days between the scans are not known.",)
