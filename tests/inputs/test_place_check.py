from pathlib import Path

import numpy as np
import pytest
from helpers.whole_chest import make_whole_chest, write_nifti
from numpy.typing import NDArray

from csfnet_bundle.core.alarm import is_alarm
from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.geometry import Point, Space, Volume
from csfnet_bundle.inputs.cropped import NOT_CHECKED, is_cropped
from csfnet_bundle.inputs.locating import LocatedScan
from csfnet_bundle.inputs.place_check import check_in_lungs, check_place
from csfnet_bundle.records import Scan

NODULE = (-62.0, 12.0, 25.0)
"""LPS mm, in the right lung of the made chest."""


@pytest.fixture(scope="module")
def chest(tmp_path_factory: pytest.TempPathFactory) -> LocatedScan:
    path = write_nifti(make_whole_chest(nodule=NODULE), tmp_path_factory.mktemp("chest") / "t1.nii")
    return LocatedScan(Scan(str(path), Point(NODULE, Space.LPS)), path, None)


def test_a_nodule_raises_no_doubt(chest: LocatedScan) -> None:
    assert check_place(chest, np.array(NODULE)) == ()


def test_lung_without_a_nodule_is_told(chest: LocatedScan) -> None:
    (finding,) = check_place(chest, np.add(NODULE, (0, 0, 22)))
    assert "nothing like a nodule is there" in finding


def test_air_outside_of_the_body_is_rejected(chest: LocatedScan) -> None:
    volume = chest.opened.read_volume()
    place = (volume.affine @ [3, 3, volume.array.shape[2] // 2, 1])[:3]
    with pytest.raises(Refusal, match="lies in air") as caught:
        check_place(chest, place)
    assert caught.value.code is RefusalCode.NO_LUNG_AT_POINT


def test_a_point_in_the_chest_wall_lies_outside_of_the_lungs(chest: LocatedScan) -> None:
    assert check_in_lungs(chest, np.array(NODULE)) == ()
    (finding,) = check_in_lungs(chest, np.add(NODULE, (-75, 0, 0)))
    assert is_alarm(finding)
    assert "mm outside of the lungs" in finding


def test_a_measured_nodule_that_reaches_the_lungs_lies_in_them(chest: LocatedScan) -> None:
    """The wall's point of before, as the centre of a ball: one that is too small, too large an off-set, or large."""
    wall = np.add(NODULE, (-75, 0, 0))
    (alone,) = check_in_lungs(chest, wall)
    distance = float(alone.split("lies ")[1].split(" mm")[0])
    line = np.arange(-distance - 5, distance + 6, 2.0)
    grid = np.stack(np.meshgrid(line, line, line, indexing="ij"), axis=-1).reshape(-1, 3)

    def ball(radius: float) -> NDArray[np.float64]:
        return wall + grid[np.linalg.norm(grid, axis=1) <= radius]

    assert check_in_lungs(chest, wall, ball(distance - 4), distance - 4) == (alone,)
    assert check_in_lungs(chest, wall, ball(distance + 4), distance - 4) == (alone,)  # leaked along the wall
    assert check_in_lungs(chest, wall, ball(distance + 4), distance + 4) == ()


def test_a_scan_cropped_around_a_nodule_is_not_rejected_for_lack_of_lung(tmp_path: Path) -> None:
    """A tight box holds the nodule alone: nothing is known of what lies around it."""
    array = np.full((30, 30, 24), 30.0, np.float32)
    array[:2] = -1000.0
    path = write_nifti(Volume(array, np.diag([0.7, 0.7, 1.0, 1.0])), tmp_path / "box.nii")
    box = LocatedScan(Scan(str(path), Point((10.0, 10.0, 12.0), Space.LPS)), path, None)
    assert is_cropped(box.opened)
    findings = check_place(box, np.array([10.0, 10.0, 12.0]))
    assert "no lung within 30 mm of it in the cropped scan" in findings[0]
    assert check_in_lungs(box, np.array([10.0, 10.0, 12.0])) == (NOT_CHECKED,)


def test_a_whole_scan_without_lung_is_rejected(tmp_path: Path) -> None:
    array = np.full((120, 120, 60), 30.0, np.float32)
    array[:12] = -1000.0
    path = write_nifti(Volume(array, np.diag([2.5, 2.5, 3, 1])), tmp_path / "a.nii")
    scan = LocatedScan(Scan(str(path), Point((150.0, 150.0, 90.0), Space.LPS)), path, None)
    with pytest.raises(Refusal, match="no lung within 30 mm") as caught:
        check_place(scan, np.array([150.0, 150.0, 90.0]))
    assert caught.value.code is RefusalCode.NO_LUNG_AT_POINT
    (note,) = check_in_lungs(scan, np.array([150.0, 150.0, 90.0]))
    assert "was not checked" in note


def _doubts(scan: LocatedScan, place: NDArray[np.float64]) -> list[str]:
    """Return what a place is rejected for, or what is told of it."""
    try:
        return list(check_place(scan, place))
    except Refusal as refusal:
        return [str(refusal.code)]


@pytest.mark.parametrize("patient", ["LIDC-IDRI-0001", "LIDC-IDRI-0003"])
def test_readers_nodules_pass_and_wrong_places_of_real_scans_do_not(patient, lidc_series, shared_data: Path) -> None:
    """Every nodule that readers marked, and places that a slip of the mouse or of the space could name."""
    import json

    from csfnet_bundle.scans.scan import open_scan

    opened = open_scan(lidc_series(patient))
    scan = LocatedScan(Scan(str(opened.path), Point((0, 0, 0), Space.LPS)), opened.path, opened.series)
    document = json.loads((shared_data / "lidc_dicom" / "nodules.json").read_text())[patient]
    for nodule in document["nodules"]:
        row, column, k = np.mean(np.reshape(nodule["centroid_row_col_slice"], (-1, 3)), axis=0)
        assert check_place(scan, (opened.affine @ [column, row, k, 1])[:3]) == ()
    columns, rows, slices = opened.shape
    middle = slices // 2
    for wrong in ((20, 20, middle), (columns / 2, 15, middle), (60, rows / 2, middle), (columns / 2, rows * 0.45, 3)):
        assert _doubts(scan, (opened.affine @ [*wrong, 1])[:3]), wrong
