from pathlib import Path

import numpy as np
import pytest
from helpers.chest_series import make_chest, write_series
from helpers.whole_chest import write_nifti

from csfnet_bundle.core.errors import BundleError, Refusal, RefusalCode
from csfnet_bundle.geometry import Point, RoiGrid, Space, Volume, sample_grid
from csfnet_bundle.scans.scan import OpenedScan, open_pair, open_scan

POINT = Point((-5.0, 40.0, -260.0), Space.LPS)


@pytest.fixture(scope="module")
def volume() -> Volume:
    chest = make_chest()
    return Volume(np.rint(chest.array), chest.affine)


@pytest.fixture(scope="module", params=["dicom", "nii", "nii.gz"])
def scan(request: pytest.FixtureRequest, volume: Volume, tmp_path_factory: pytest.TempPathFactory) -> OpenedScan:
    folder = tmp_path_factory.mktemp("scan")
    if request.param == "dicom":
        write_series(volume, folder / "ct")
        return open_scan(folder / "ct")
    return open_scan(write_nifti(volume, folder / f"ct.{request.param}"))


def test_geometry_and_voxels_are_the_files(scan: OpenedScan, volume: Volume) -> None:
    assert scan.shape == volume.array.shape
    np.testing.assert_allclose(scan.affine, volume.affine, atol=1e-4)
    np.testing.assert_array_equal(scan.read_volume().array, volume.array)


def test_a_roi_of_any_size_and_spacing(scan: OpenedScan, volume: Volume) -> None:
    roi = scan.read_roi(POINT, (9, 21, 33), (0.8, 0.5, 0.25))
    expected = sample_grid(volume.array, volume.affine, RoiGrid(POINT.coordinates, (9, 21, 33), (0.8, 0.5, 0.25)))
    np.testing.assert_allclose(roi.array, expected, atol=0.05)


def test_a_block_holds_the_scans_own_voxels_around_the_grid(scan: OpenedScan, volume: Volume) -> None:
    block = scan.read_block(RoiGrid(POINT.coordinates, (31, 31, 31)))
    start = np.rint((np.linalg.inv(volume.affine) @ block.affine[:, 3])[:3]).astype(int)
    stop = start + block.array.shape
    own = volume.array[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))]
    np.testing.assert_array_equal(block.array, own)
    low = (np.linalg.inv(block.affine) @ [*(np.array(POINT.coordinates) - 15), 1])[:3]
    high = (np.linalg.inv(block.affine) @ [*(np.array(POINT.coordinates) + 15), 1])[:3]
    assert (low >= -1e-6).all()
    assert (high <= np.array(block.array.shape) - 1 + 1e-6).all()


def test_thinned_is_the_whole_scan_at_4_mm(scan: OpenedScan, volume: Volume) -> None:
    thinned = scan.read_thinned()
    voxels = sample_grid(np.clip(volume.array, -1000, 200), volume.affine, thinned.grid)
    assert np.median(np.abs(thinned.array - voxels)) < 20  # the noise of single voxels
    assert thinned.array.shape == tuple(
        int((n - 1) * mm / 4) + 1 - (mm < 2) for n, mm in zip(volume.array.shape[::-1], (2.0, 0.9, 0.9), strict=True)
    )


def test_what_is_no_scan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="does not exist"):
        open_scan(tmp_path / "nothing")
    (tmp_path / "text.txt").write_text("no scan")
    with pytest.raises(Refusal) as caught:
        open_scan(tmp_path / "text.txt")
    assert caught.value.code == RefusalCode.NO_DICOM


def test_a_pair_is_of_one_patient_and_of_two_scans(volume: Volume, tmp_path: Path) -> None:
    for name, patient, date in (("a", "1", "20000101"), ("b", "1", "20010101"), ("c", "2", "20010101")):
        write_series(volume, tmp_path / name, PatientID=patient, StudyDate=date)
    t0, t1 = open_pair(tmp_path / "a", tmp_path / "b")
    assert (t0.path.name, t1.path.name) == ("a", "b")
    for pair in (("a", "c"), ("b", "a"), ("a", "a")):
        with pytest.raises(Refusal) as caught:
            open_pair(*(tmp_path / name for name in pair))
        assert caught.value.code == RefusalCode.PAIR_MISMATCH
    file = write_nifti(volume, tmp_path / "v.nii")
    with pytest.raises(Refusal) as caught:
        open_pair(file, file)
    assert caught.value.code == RefusalCode.PAIR_MISMATCH
