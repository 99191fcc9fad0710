import numpy as np
import pytest

from csfnet_bundle.medst.projected_radiographs import (
    AIR,
    LEAST_COVERED,
    WATER_ATTENUATION,
    WHITE,
    covered_share,
    project_radiographs,
)


def test_water_lets_through_what_beer_and_lambert_say() -> None:
    block = np.full((4, 10, 20), AIR)
    block[:, :, :5] = 0.0  # water: 10 voxels of 2 mm along y, 5 along x
    pictures = project_radiographs(block, spacing=2.0)
    frontal = 1 - np.exp(-WATER_ATTENUATION * 20)
    assert pictures["frontal"][0, :5] / WHITE == pytest.approx(frontal, abs=1e-4)
    assert not pictures["frontal"][:, 5:].any()
    assert pictures["lateral"] / WHITE == pytest.approx(1 - np.exp(-WATER_ATTENUATION * 10), abs=1e-4)


def test_the_head_is_up_and_each_view_has_its_axes() -> None:
    block = np.full((6, 7, 8), AIR)
    block[5, 2, 3] = 1000.0  # z grows towards the head
    pictures = project_radiographs(block, spacing=1.0)
    assert pictures["frontal"].shape == (6, 8)
    assert pictures["lateral"].shape == (6, 7)
    assert np.argwhere(pictures["frontal"]).tolist() == [[0, 3]]
    assert np.argwhere(pictures["lateral"]).tolist() == [[0, 2]]


def test_less_than_air_is_air_and_metal_is_white() -> None:
    assert not project_radiographs(np.full((2, 3, 3), -1024.0), 1.0)["frontal"].any()
    assert project_radiographs(np.full((2, 200, 3), 3000.0), 1.0)["frontal"].min() == WHITE


def test_what_a_scan_covers_is_told_along_its_shortest_axis() -> None:
    block = np.full((10, 20, 20), AIR)
    block[2:6, 5:, :] = -850.0
    block[3, 6] = AIR  # air within the scan
    assert covered_share(block) == 0.4
    assert covered_share(block[2:6]) == 0.75
    below_the_top = np.full((64, 4, 4), AIR)
    below_the_top[26:] = 0.0  # a nodule in the middle, 6 mm below the scan's top
    assert covered_share(below_the_top) >= LEAST_COVERED
    below_the_top[26] = AIR
    assert covered_share(below_the_top) < LEAST_COVERED
