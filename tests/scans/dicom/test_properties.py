"""What must hold for every series: the order of files means nothing, and every landmark is in its place."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path

import numpy as np
import pytest
from helpers.synthetic_series import landmarks_lps, make_affine, make_series, roi_landmark_error, write_series
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.valuerep import format_number_as_ds

from csfnet_bundle.core.errors import RefusalCode
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.scans.dicom import read_roi, read_volume, scan_folder, select_series
from csfnet_bundle.scans.dicom.scan import FolderContents, group_series, list_files, read_headers
from csfnet_bundle.scans.dicom.tolerances import POSITION_TOLERANCE_MM

SHAPE = (30, 26, 9)
MARK = np.array([[14.4, 12.3, 4.2]])
"""One landmark amid the stack, (i, j, k)."""

unit = st.floats(-1, 1)


@st.composite
def orientations(draw: st.DrawFn) -> tuple[float, ...]:
    """Two unit vectors at a right angle, from a random rotation."""
    matrix = np.array(draw(st.lists(unit, min_size=9, max_size=9))).reshape(3, 3)
    if abs(np.linalg.det(matrix)) < 1e-2:
        matrix = matrix + 2 * np.eye(3)
    rotation, _ = np.linalg.qr(matrix)
    return tuple(rotation[:, 0].tolist()) + tuple(rotation[:, 1].tolist())


@given(
    orientation=orientations(),
    tilt=st.sampled_from([0.0, 0.0, 12.0, -25.0]),
    step=st.floats(0.5, 2.5),
    origin=st.tuples(*[st.floats(-300, 300)] * 3),
)
@settings(max_examples=25, deadline=None)
def test_a_landmark_is_in_its_place_in_every_orientation(
    orientation: tuple[float, ...], tilt: float, step: float, origin: tuple[float, float, float]
) -> None:
    affine = make_affine(orientation, origin, step, tilt)
    mark = (affine @ [*MARK[0], 1.0])[:3]
    series = make_series(affine, SHAPE, orientation=orientation, marks=mark[None])
    with tempfile.TemporaryDirectory() as folder:
        scanned = select_series(scan_folder(write_series(Path(folder), series)))
        roi = read_roi(scanned, Point(tuple(mark), Space.LPS), (5, 5, 5))
        volume = read_volume(scanned)
    # The affine takes the landmark's index to its place; the header gives positions to ten digits.
    k = MARK[0, 2] if volume.affine[:3, 2] @ affine[:3, 2] > 0 else SHAPE[2] - 1 - MARK[0, 2]
    np.testing.assert_allclose((volume.affine @ [*MARK[0, :2], k, 1.0])[:3], mark, atol=1e-3)
    # And the ROI, cut by those who know the place alone, has its brightest voxel in its middle, or beside it where the
    # scan's own voxels, up to 2.5 mm apart and oblique, lie so.
    brightest = np.array(np.unravel_index(roi.array.argmax(), roi.array.shape))
    assert np.abs(brightest - 2).max() <= 1


@pytest.fixture(scope="module")
def sound() -> list[Dataset]:
    return make_series(shape=(30, 26, 11))


@given(order=st.permutations(range(11)), numbers=st.permutations(range(11)), names=st.permutations(range(11)))
@settings(max_examples=25, deadline=None)
def test_order_names_and_instance_numbers_mean_nothing(
    sound: list[Dataset], order: list[int], numbers: list[int], names: list[int]
) -> None:
    series = copy.deepcopy(sound)
    for data, number in zip(series, numbers, strict=True):
        data.InstanceNumber = number
        data.SliceLocation = float(number)
    with tempfile.TemporaryDirectory() as folder:
        expected = read_volume(select_series(scan_folder(write_series(Path(folder) / "sound", sound))))
        shuffled = [series[index] for index in order]
        edited = write_series(Path(folder) / "edited", shuffled, names=[f"{name:02d}.dcm" for name in names])
        found = read_volume(select_series(scan_folder(edited)))
    np.testing.assert_array_equal(found.array, expected.array)
    np.testing.assert_array_equal(found.affine, expected.affine)
    assert found.findings == expected.findings


@given(order=st.permutations(range(15)))
@settings(max_examples=10, deadline=None)
def test_the_order_in_which_a_folder_lists_its_files_means_nothing(plain_folder: Path, order: list[int]) -> None:
    contents = read_headers(sorted(map(str, list_files(plain_folder))))
    shuffled = FolderContents([contents.instances[index] for index in order], contents.skipped)
    assert group_series(shuffled) == group_series(contents)


@pytest.fixture(scope="module")
def plain_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_series(tmp_path_factory.mktemp("plain"), make_series())


def test_positions_rounded_to_a_tenth_of_a_millimetre_are_read(tmp_path: Path) -> None:
    series = make_series(make_affine(step=0.625))
    for data in series:
        data.ImagePositionPatient = [round(float(mm), 1) for mm in data.ImagePositionPatient]
    volume = read_volume(select_series(scan_folder(write_series(tmp_path, series))))
    for k, data in enumerate(series):
        place = (volume.affine @ [0, 0, k, 1])[:3]
        assert np.linalg.norm(place - np.array(data.ImagePositionPatient)) <= POSITION_TOLERANCE_MM + 1e-9


@given(index=st.integers(1, 9), off=st.floats(0.0, 1.0), sign=st.sampled_from([-1, 1]), axis=st.integers(0, 2))
@settings(max_examples=25, deadline=None)
def test_a_slice_out_of_place_is_refused_above_the_tolerance_and_read_below(
    sound: list[Dataset], index: int, off: float, sign: int, axis: int
) -> None:
    assume(abs(off - POSITION_TOLERANCE_MM) > 1e-6)
    series = copy.deepcopy(sound)
    position = [float(mm) for mm in series[index].ImagePositionPatient]
    position[axis] += sign * off
    series[index].ImagePositionPatient = [format_number_as_ds(mm) for mm in position]
    with tempfile.TemporaryDirectory() as folder:
        scanned = select_series(scan_folder(write_series(Path(folder), series)))
    if off < POSITION_TOLERANCE_MM:
        assert scanned.refusal is None
    else:
        assert scanned.refusal is not None
        expected = RefusalCode.SLICE_GAP if axis == 2 else RefusalCode.INCONSISTENT_GEOMETRY
        assert scanned.refusal.code is expected


def test_rois_hold_landmarks_to_a_tenth_of_a_millimetre(plain_folder: Path) -> None:
    series = select_series(scan_folder(plain_folder))
    for mark in landmarks_lps(make_affine()):
        assert roi_landmark_error(read_roi(series, Point(tuple(mark), Space.LPS), (13, 15, 15)), mark) < 0.1
