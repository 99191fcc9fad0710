from pathlib import Path

import numpy as np
import pytest
from helpers.drawn_spheres import NETWORK, sphere_volume
from helpers.whole_chest import make_whole_chest, write_nifti

from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.nodule.reading import measure
from csfnet_bundle.report.case_images import Plane
from csfnet_bundle.report.scan_pictures import STEP_MM, VIEW_MM, ScanPictures, read_pictures
from csfnet_bundle.scans.scan import open_scan

NODULE = (-62.0, 12.0, 25.0)
ROI_MM = (16.0, 32.0, 32.0)


@pytest.fixture(scope="module")
def chest_path(tmp_path_factory) -> Path:
    return write_nifti(make_whole_chest(nodule=NODULE), tmp_path_factory.mktemp("chest") / "t1.nii")


@pytest.fixture(scope="module")
def pictures(chest_path) -> ScanPictures:
    return read_pictures(open_scan(chest_path), np.array(NODULE), ROI_MM)


def test_the_nodule_lies_where_the_whole_slice_says(pictures: ScanPictures) -> None:
    whole = pictures.whole
    x, y = whole.point_mm
    row, column = int(y / whole.height_mm * whole.hu.shape[0]), int(x / whole.width_mm * whole.hu.shape[1])
    assert whole.hu[row, column] > -200
    assert column < whole.hu.shape[1] / 2  # the patient's right is left
    assert whole.width_mm == pytest.approx(142 * 2.2, abs=3)
    assert pictures.slices == 100


def test_each_plane_has_the_nodule_in_its_middle(pictures: ScanPictures) -> None:
    for plane in Plane:
        shown = pictures.planes[plane]
        assert shown.hu.shape == (121, 121)
        middle = shown.hu.shape[0] // 2
        assert shown.hu[middle, middle] > -200
        assert shown.point_mm == (VIEW_MM / 2, VIEW_MM / 2)


def test_the_patients_right_is_left_and_the_head_is_up(chest_path) -> None:
    """At the right edge of the right lung the wall is to its right; near its top, above."""
    side = read_pictures(open_scan(chest_path), np.array([-105.0, 12.0, 25.0]), ROI_MM).planes
    for plane in (Plane.AXIAL, Plane.CORONAL):
        assert side[plane].hu[:, :10].mean() > side[plane].hu[:, -10:].mean() + 300
    top = read_pictures(open_scan(chest_path), np.array([-70.0, 0.0, 80.0]), ROI_MM).planes[Plane.CORONAL].hu
    assert top[:10].mean() > top[-10:].mean() + 300


def test_the_outline_goes_around_the_measured_nodule(tmp_path) -> None:
    center = (2.0, 0.0, -1.0)
    scan = open_scan(write_nifti(sphere_volume(14.0, center=center), tmp_path / "ball.nii"))
    measurement = measure(scan, Point(center, Space.LPS), network=NETWORK)
    made = read_pictures(scan, np.array(center), ROI_MM, measurement)
    for plane in Plane:
        (line,) = made.outlines[plane]
        radii = np.linalg.norm(line - VIEW_MM / 2 - STEP_MM / 2, axis=1)
        assert radii == pytest.approx(7.0, abs=1.6)
