from pathlib import Path

import numpy as np
import pytest
from helpers.whole_chest import Move, make_whole_chest, moved_chest, write_nifti

from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.scans.point_check import RED, check_points
from csfnet_bundle.scans.scan import OpenedScan, open_scan

NODULE = np.array([-62.0, 12.0, 25.0])
MOVE = Move()


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> tuple[OpenedScan, OpenedScan]:
    folder = tmp_path_factory.mktemp("scans")
    source = make_whole_chest(nodule=tuple(NODULE))
    paths = write_nifti(moved_chest(source, MOVE), folder / "t0.nii"), write_nifti(source, folder / "t1.nii")
    return open_scan(paths[0]), open_scan(paths[1])


def check(scans: tuple[OpenedScan, OpenedScan], place0: np.ndarray, place1: np.ndarray = NODULE) -> tuple[str, ...]:
    return check_points(*scans, Point(tuple(place0), Space.LPS), Point(tuple(place1), Space.LPS))


def test_points_of_one_nodule_give_no_finding(scans: tuple[OpenedScan, OpenedScan]) -> None:
    assert check(scans, MOVE.forward(NODULE) + np.array([0, 6, 8.0])) == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda p: p + np.array([0, 0, -22.0]), ["mm from where t1's is found"]),
        (lambda p: MOVE.forward(NODULE * [-1, 1, 1]), ["left lung, t1's in the right", "mm from where"]),
        (lambda p: p + np.array([-75.0, 0, 0]), ["mm from where"]),
    ],
    ids=["another place", "the other side", "in the chest wall"],
)
def test_what_speaks_against_a_point_is_told_in_red(scans: tuple[OpenedScan, OpenedScan], change, told) -> None:
    findings = check(scans, change(MOVE.forward(NODULE)))
    assert len(findings) == len(told)
    for finding, words in zip(findings, told, strict=True):
        assert finding.startswith(RED)
        assert words in finding


def test_scans_of_two_patients_are_told(scans: tuple[OpenedScan, OpenedScan], tmp_path: Path) -> None:
    other = open_scan(write_nifti(make_whole_chest(seed=7, size=0.78), tmp_path / "other.nii"))
    (finding,) = check((other, scans[1]), NODULE * 0.8)
    assert "do not look like one patient's" in finding


def test_where_no_lungs_show_nothing_is_checked(scans: tuple[OpenedScan, OpenedScan], tmp_path: Path) -> None:
    volume = scans[0].read_volume()
    affine = volume.affine.copy()
    affine[:3, 3] = (volume.affine @ [25, 30, 45, 1.0])[:3]
    box = type(volume)(volume.array[25:65, 30:80, 45:75], affine)
    cropped = open_scan(write_nifti(box, tmp_path / "box.nii"))
    inside = (affine @ [20, 25, 15, 1.0])[:3]
    assert check((cropped, scans[1]), inside) == ()
