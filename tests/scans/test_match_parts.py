"""The slices that a match asks for."""

from pathlib import Path

import numpy as np
import pytest
from helpers.chest_series import write_series
from helpers.whole_chest import Move, make_whole_chest, moved_chest, write_nifti
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.geometry import Point, RoiGrid, Space
from csfnet_bundle.scans.dicom.roi import plan_roi
from csfnet_bundle.scans.match_parts import Part, estimated_slices, match_by_parts, slices_around
from csfnet_bundle.scans.registration import match_point
from csfnet_bundle.scans.scan import OpenedScan, open_scan

NODULE = (-62.0, 12.0, 25.0)
POINT1 = Point(NODULE, Space.LPS)


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> tuple[OpenedScan, OpenedScan]:
    folder = tmp_path_factory.mktemp("parts")
    later = make_whole_chest(nodule=NODULE)
    write_series(moved_chest(later, Move()), folder / "t0", StudyDate="20200101")
    write_series(later, folder / "t1", StudyDate="20210101")
    return open_scan(folder / "t0"), open_scan(folder / "t1")


def test_the_match_is_that_of_whole_scans_and_asks_for_a_part_of_them(scans: tuple[OpenedScan, OpenedScan]) -> None:
    asked: list[Part] = []

    def fetch(part: Part) -> OpenedScan:
        asked.append(part)
        return scans[("t0", "t1").index(part.scan)]

    found, expected = match_by_parts(*scans, POINT1, fetch), match_point(*scans, POINT1)
    assert (found.point0, found.votes, found.findings) == (expected.point0, expected.votes, expected.findings)
    assert [part.label for part in asked] == ["t0, thinned for the match", "t1, thinned for the match",
                                              "t0, block", "t1, block"]  # fmt: skip
    thinned0, thinned1, block0, block1 = (part.numbers for part in asked)
    assert len(thinned0) == len(thinned1) == 50  # 100 slices of 2.5 mm, thinned to about 4
    assert 45 <= len(block0) <= 55  # 2 x 57 mm, stretched a little
    assert 30 <= len(block1) <= 33  # 2 x 37 mm
    assert max(map(len, (set(thinned0 + block0), set(thinned1 + block1)))) <= estimated_slices(100, 2.5, 1.0) + 3
    assert [part.grid is None for part in asked] == [True, True, False, False]


def test_of_files_that_are_at_hand_nothing_is_asked_for(scans: tuple[OpenedScan, OpenedScan], tmp_path: Path) -> None:
    write_nifti(moved_chest(make_whole_chest(nodule=NODULE), Move()), tmp_path / "t0.nii")
    asked: list[str] = []

    def fetch(part: Part) -> OpenedScan:
        asked.append(part.scan)
        return scans[1]

    match_by_parts(open_scan(tmp_path / "t0.nii"), scans[1], POINT1, fetch)
    assert asked == ["t1", "t1"]


def test_a_point_outside_is_told_before_anything_is_asked_for(scans: tuple[OpenedScan, OpenedScan]) -> None:
    def fetch(part: Part) -> OpenedScan:
        raise AssertionError(part)

    with pytest.raises(Refusal) as refusal:
        match_by_parts(*scans, Point((0.0, 0.0, 900.0), Space.LPS), fetch)
    assert refusal.value.code is RefusalCode.POINT_OUTSIDE


@given(st.floats(-120, 120), st.integers(1, 60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_block_has_all_slices_that_its_grid_reads(scans: tuple[OpenedScan, OpenedScan], z: float, half: int) -> None:
    series = scans[1].series
    assert series is not None
    grid = RoiGrid((0.0, 0.0, z), (2 * half + 1,) * 3)
    needed = plan_roi(series, Point(grid.center, Space.LPS), grid.size, grid.spacing).instances
    stack = series.check_volume()
    numbers = slices_around(series, grid)
    assert {item.sop_uid for item in needed} <= {stack.instances[k].sop_uid for k in numbers}
    assert list(numbers) == list(range(numbers[0], numbers[-1] + 1))
    nearest = int(np.abs(stack.offsets - z).argmin())
    assert {max(nearest - 5, 0), min(nearest + 5, 99)} <= set(numbers)
