"""A place told to a reader is the place that the same words give to the command line."""

import re
from pathlib import Path

import numpy as np
import pytest
from helpers.synthetic_series import make_series, write_series
from helpers.whole_chest import make_whole_chest, write_nifti
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csfnet_bundle.core.point_words import read_pixel, read_point
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.scans.dicom.image_point import ImagePoint
from csfnet_bundle.scans.place_words import offset_words, place_words
from csfnet_bundle.scans.scan import OpenedScan, open_scan


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> OpenedScan:
    made = make_series()
    for number, dataset in enumerate(made):  # not in the order of space
        dataset.InstanceNumber = 100 + (number * 7) % len(made)
    folder = tmp_path_factory.mktemp("numbered")
    write_series(folder, made)
    return open_scan(folder)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(index=st.tuples(*[st.floats(0, 1)] * 3))
def test_image_and_pixel_are_the_voxel_that_holds_the_place(
    scan: OpenedScan, index: tuple[float, float, float]
) -> None:
    place = (scan.affine @ [*(np.array(index) * (np.array(scan.shape) - 1)), 1.0])[:3]
    words = place_words(scan, place)
    image, pixel, lps = re.fullmatch(r"image (\d+), pixel (\S+); LPS (\S+)", words).groups()  # type: ignore[union-attr]
    np.testing.assert_allclose(read_point(lps).numbers, place, atol=0.051)
    assert scan.series is not None
    given_back = ImagePoint(int(image), *read_pixel(pixel)).in_series(scan.series).coordinates
    half_voxel = np.linalg.norm(scan.affine[:3, :3], axis=0) / 2
    off = np.linalg.solve(scan.affine[:3, :3], np.array(given_back) - place) * 2 * half_voxel
    assert (np.abs(off) <= half_voxel + 1e-6).all()


def test_a_number_that_two_slices_share_is_not_given(tmp_path: Path) -> None:
    made = make_series()
    for number, dataset in enumerate(made):
        dataset.InstanceNumber = number // 2
    write_series(tmp_path / "twice", made)
    twice = open_scan(tmp_path / "twice")
    place = (twice.affine @ [3, 4, 5, 1])[:3]
    assert place_words(twice, place) == place_words(None, place)


def test_a_place_in_a_file_is_told_by_its_voxel(tmp_path: Path) -> None:
    scan = open_scan(write_nifti(make_whole_chest(nodule=(-62.0, 12.0, 25.0)), tmp_path / "t1.nii"))
    place = scan.lps(Point((20, 31, 12), Space.VOXEL))
    assert place_words(scan, place).startswith("voxel 20,31,12; LPS ")


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        ((9.2, -3.1, 0.2), "9 mm left, 3 mm anterior"),
        ((-1.0, 2.0, -3.0), "1 mm right, 2 mm posterior, 3 mm inferior"),
        ((0.1, 0.0, 0.0), "0 mm"),
    ],
)
def test_an_offset_is_told_by_the_patients_directions(offset: tuple[float, float, float], words: str) -> None:
    assert offset_words(np.array(offset)) == words
