from pathlib import Path

import numpy as np
import pytest
from helpers.whole_chest import make_whole_chest, write_nifti
from numpy.typing import NDArray

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.inputs.locating import LocatedScan
from csfnet_bundle.inputs.place_check import check_place
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
