from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.series_edits import truncate
from helpers.synthetic_series import (
    AXIAL,
    COLUMNS,
    LANDMARK_INDICES,
    ORIENTATIONS,
    ROWS,
    SLICES,
    compress,
    landmarks_lps,
    make_affine,
    make_series,
    roi_landmark_error,
    write_series,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.geometry import Point, RoiGrid, Space, sample_grid
from csfnet_bundle.scans.dicom import pixels, read_roi, read_volume, scan_folder, select_series

SIZE = (13, 15, 14)
TILTED = [("axial", 15.0), ("axial", -8.0)]


@pytest.mark.parametrize(("name", "tilt"), [(name, 0.0) for name in ORIENTATIONS] + TILTED)
def test_landmarks_are_in_their_place_in_every_orientation(name: str, tilt: float, tmp_path: Path) -> None:
    orientation = ORIENTATIONS[name]
    affine = make_affine(orientation, tilt_degrees=tilt)
    series = select_series(scan_folder(write_series(tmp_path, make_series(affine, orientation=orientation))))
    volume = read_volume(series)
    for mark in landmarks_lps(affine):
        point = Point(tuple(mark), Space.LPS)
        roi = read_roi(series, point, SIZE)
        assert roi_landmark_error(roi, mark) < 0.1
        # The block read from a few slices gives what the whole volume gives.
        np.testing.assert_allclose(
            roi.array, sample_grid(volume.array, volume.affine, RoiGrid(tuple(mark), SIZE)), atol=0.01
        )


@pytest.fixture(scope="module")
def axial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_series(tmp_path_factory.mktemp("axial"), make_series())


def test_the_three_spaces_of_a_point_give_one_roi(axial: Path) -> None:
    series = select_series(scan_folder(axial))
    x, y, z = landmarks_lps(make_affine())[1]
    rois = [
        read_roi(series, point, SIZE).array
        for point in (
            Point((x, y, z), Space.LPS),
            Point((-x, -y, z), Space.RAS),
            Point(LANDMARK_INDICES[1], Space.VOXEL),
        )
    ]
    np.testing.assert_allclose(rois[1], rois[0], atol=1e-3)
    np.testing.assert_allclose(rois[2], rois[0], atol=1e-3)


def test_a_point_outside_is_refused_and_the_flipped_one_named(axial: Path) -> None:
    series = select_series(scan_folder(axial))
    x, y, z = landmarks_lps(make_affine())[1]
    with pytest.raises(Refusal) as caught:
        read_roi(series, Point((-x, -y, z), Space.LPS))
    assert caught.value.code is RefusalCode.POINT_OUTSIDE
    assert "other sign" in str(caught.value)


def test_only_the_slices_needed_are_read(axial: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    series = select_series(scan_folder(axial))
    opened = []
    read = pixels.read_bytes
    monkeypatch.setattr(pixels, "read_bytes", lambda item, *rest: opened.append(item.path) or read(item, *rest))
    read_roi(series, Point((20, 15, 7), Space.VOXEL), size=(4, 8, 8))
    assert sorted(Path(path).name for path in opened) == [f"slice{k:04d}.dcm" for k in (6, 7, 8)]


def test_beyond_the_scan_lies_air(axial: Path) -> None:
    series = select_series(scan_folder(axial))
    roi = read_roi(series, Point((0, 0, 0), Space.VOXEL), size=(9, 9, 9))
    assert (roi.array[:4] == -1024).all()
    assert (roi.array[:, :4] == -1024).all()
    assert (np.abs(roi.array[4:, 4:, 4:] + 1000) < 30).all()


MISSING = 5


@pytest.fixture(scope="module")
def gapped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    series = make_series()
    del series[MISSING]
    return write_series(tmp_path_factory.mktemp("gapped"), series)


def test_a_gap_elsewhere_is_a_finding(gapped: Path, axial: Path) -> None:
    series, whole = (select_series(scan_folder(folder)) for folder in (gapped, axial))
    point = Point(tuple(landmarks_lps(make_affine())[2]), Space.LPS)
    roi = read_roi(series, point, size=(9, 15, 15))
    np.testing.assert_allclose(roi.array, read_roi(whole, point, size=(9, 15, 15)).array, atol=0.01)
    assert any("SLICE_GAP" in finding for finding in roi.findings)
    assert series.refusal is not None
    assert series.refusal.code is RefusalCode.SLICE_GAP


@given(k=st.floats(0, SLICES - 1), depth=st.integers(1, 12))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_roi_is_refused_exactly_where_it_needs_the_missing_slice(
    gapped: Path, axial: Path, k: float, depth: int
) -> None:
    """A grid between z0 and z1 needs every slice next to it; slices beyond the scan's ends are air, not missing."""
    affine = make_affine()
    point = Point(tuple((affine @ [20, 15, k, 1])[:3]), Space.LPS)
    half = (depth - 1) / 2 / affine[2, 2]
    low, high = k - half, k + half
    needed = high > MISSING - 1 and low < MISSING + 1 and not (low == high and low in (MISSING - 1, MISSING + 1))
    series, whole = (select_series(scan_folder(folder)) for folder in (gapped, axial))
    if needed:
        with pytest.raises(Refusal) as caught:
            read_roi(series, point, size=(depth, 5, 5))
        assert caught.value.code is RefusalCode.SLICE_GAP
    else:
        roi = read_roi(series, point, size=(depth, 5, 5))
        np.testing.assert_allclose(roi.array, read_roi(whole, point, size=(depth, 5, 5)).array, atol=0.01)


def test_a_grid_that_ends_on_a_slice_does_not_need_the_next(tmp_path: Path) -> None:
    series = make_series(make_affine(step=1.0))
    del series[MISSING]
    scanned = select_series(scan_folder(write_series(tmp_path, series)))
    for k in (MISSING - 2, MISSING + 2):
        x, y, z = (make_affine(step=1.0) @ [20, 15, k, 1])[:3].tolist()
        assert read_roi(scanned, Point((x, y, z), Space.LPS), size=(3, 5, 5)).array.shape == (3, 5, 5)


def test_a_voxel_point_counts_the_slices_that_exist(gapped: Path) -> None:
    series = select_series(scan_folder(gapped))
    i, j, k = LANDMARK_INDICES[2]
    by_voxel = read_roi(series, Point((i, j, k - 1), Space.VOXEL), (*SIZE[:1], 9, 9))
    by_place = read_roi(series, Point(tuple(landmarks_lps(make_affine())[2]), Space.LPS), (*SIZE[:1], 9, 9))
    np.testing.assert_allclose(by_voxel.array, by_place.array, atol=0.01)


@pytest.mark.parametrize("length", [-100, 700, 420])
def test_an_unreadable_slice_is_refused_only_where_the_roi_needs_it(length: int, tmp_path: Path) -> None:
    """Cut off in the pixels, after the series UID, and before it."""
    write_series(tmp_path, make_series())
    truncate(tmp_path / "slice0005.dcm", length)
    series = select_series(scan_folder(tmp_path))
    roi = read_roi(series, Point((20, 15, 10), Space.VOXEL), size=(4, 9, 9))
    assert any("UNREADABLE_SLICE" in finding for finding in roi.findings)
    x, y, z = (make_affine() @ [20, 15, 5, 1])[:3]
    with pytest.raises(Refusal) as caught:
        read_roi(series, Point((x, y, z), Space.LPS), size=(4, 9, 9))
    assert caught.value.code in (RefusalCode.UNREADABLE_SLICE, RefusalCode.SLICE_GAP)


@pytest.mark.parametrize("length", [-100, 700, 420])
def test_a_roi_at_the_end_is_refused_where_the_last_slice_is_unreadable(length: int, tmp_path: Path) -> None:
    write_series(tmp_path, make_series())
    truncate(tmp_path / f"slice{SLICES - 1:04d}.dcm", length)
    series = select_series(scan_folder(tmp_path))
    with pytest.raises(Refusal) as caught:
        read_roi(series, Point((20, 15, SLICES - 2), Space.VOXEL), size=(9, 9, 9))
    assert caught.value.code is RefusalCode.UNREADABLE_SLICE


def test_copies_are_compared_where_the_roi_needs_them(tmp_path: Path) -> None:
    series = make_series()
    write_series(tmp_path, series)
    series[4].PixelData = b"\1\0" + series[4].PixelData[2:]
    write_series(tmp_path / "copy", series[4:5])
    scanned = select_series(scan_folder(tmp_path))
    read_roi(scanned, Point((20, 15, 10), Space.VOXEL), size=(4, 9, 9))
    with pytest.raises(Refusal) as caught:
        read_roi(scanned, Point((20, 15, 4), Space.VOXEL), size=(4, 9, 9))
    assert caught.value.code is RefusalCode.DUPLICATE_POSITION


def test_lossy_pixels_are_read_when_allowed(axial: Path, tmp_path: Path) -> None:
    from pydicom.uid import JPEGLSLossless, JPEGLSNearLossless

    series = make_series()
    compress(series, JPEGLSLossless)  # a lossless stream is a near-lossless one without error
    write_series(tmp_path, series, syntax=JPEGLSNearLossless)
    scanned = select_series(scan_folder(tmp_path))
    point = Point((20, 15, 7), Space.VOXEL)
    with pytest.raises(Refusal) as caught:
        read_roi(scanned, point, SIZE)
    assert caught.value.code is RefusalCode.TRANSFER_SYNTAX
    expected = read_roi(select_series(scan_folder(axial)), point, SIZE)
    np.testing.assert_array_equal(read_roi(scanned, point, SIZE, allow_lossy=True).array, expected.array)
    assert read_volume(scanned, allow_lossy=True).array.shape == (COLUMNS, ROWS, SLICES)


def test_a_sheared_stack_is_refused_to_those_who_need_boxes(tmp_path: Path) -> None:
    affine = make_affine(AXIAL, tilt_degrees=15)
    series = select_series(scan_folder(write_series(tmp_path, make_series(affine))))
    assert any("tilted by 15.0 degrees" in finding for finding in read_volume(series).findings)
    with pytest.raises(Refusal) as caught:
        read_volume(series, rectangular=True)
    assert caught.value.code is RefusalCode.SHEARED_STACK


def test_small_pixels_can_be_averaged(tmp_path: Path) -> None:
    affine = make_affine(spacing=(0.45, 0.5), step=2.0)
    series = select_series(scan_folder(write_series(tmp_path, make_series(affine))))
    point = Point(tuple((affine @ [22, 17, 6.5, 1])[:3]), Space.LPS)
    averaged = read_roi(series, point, (5, 6, 7), area_average=True)
    fine = read_roi(series, point, (5, 18, 14), (1.0, 1 / 3, 0.5)).array
    np.testing.assert_allclose(averaged.array, fine.reshape(5, 6, 3, 7, 2).mean(axis=(2, 4)), atol=0.01)
    np.testing.assert_array_equal(averaged.affine, read_roi(series, point, (5, 6, 7)).affine)
