"""Boxes become LPS points by the headers of their series."""

from dataclasses import replace

import numpy as np
import pydicom
import pytest
import SimpleITK
from helpers.nlst_files import nlstx_row, write_series

from csfnet_bundle.cohorts.nlst.nlstx import read_nlstx
from csfnet_bundle.cohorts.nlst.positions import find_series, instance_number, locate, movement_problem
from csfnet_bundle.cohorts.nlst.sighting import PixelBox, Sighting
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space


@pytest.fixture
def scan(tmp_path):
    write_series(tmp_path / "scan", "100001", 0)
    return tmp_path / "scan"


@pytest.fixture
def sighting(make_table):
    return lambda **changes: read_nlstx(make_table("nlstx", [nlstx_row("100001", 0, **changes)]))[0]


def test_a_box_becomes_the_lps_point_of_its_centre(scan, sighting):
    located = locate(sighting(box=(36, 46, 9, 7), number=12), scan)
    # Column 36 + 4, row 46 + 3, slice 12 of the files: origin (-38.4, -30, -30), pixels of 0.8 mm.
    assert located.point == Point((-6.4, 9.2, -30.0), Space.LPS)
    assert located.diameter_mm == 7.2
    middle = np.array([-38.4 + 47.5 * 0.8, -30 + 47.5 * 0.8, -2.5 * 12.5])
    np.testing.assert_allclose(located.offset_mm, np.array(located.point.coordinates) - middle, atol=1e-9)
    assert located.instance is not None
    assert located.instance.path.endswith("0012.dcm")


def test_the_order_of_slices_in_space_does_not_matter(scan, sighting):
    before = locate(sighting(number=3), scan).point
    for path in scan.iterdir():  # numbered from the feet up instead
        dataset = pydicom.dcmread(path)
        dataset.ImagePositionPatient[2] = -float(dataset.ImagePositionPatient[2])
        dataset.save_as(path)
    after = locate(sighting(number=3), scan).point
    assert after.coordinates[2] == -before.coordinates[2] == 7.5


@pytest.mark.parametrize("number", [0, 25])
def test_a_slice_number_that_no_slice_has_is_refused(scan, sighting, number):
    with pytest.raises(BundleError, match=f"slice number {number}: 0 slices") as error:
        locate(sighting(number=number), scan)
    assert "row 2, 100001/nodule, T0" in str(error.value)


def test_a_slice_number_that_two_slices_have_is_refused(scan, sighting):
    dataset = pydicom.dcmread(scan / "0011.dcm")
    dataset.InstanceNumber = 12
    dataset.save_as(scan / "0011.dcm")
    with pytest.raises(BundleError, match="2 slices"):
        locate(sighting(number=12), scan)


def test_slices_without_a_number_are_refused(scan, sighting):
    for path in scan.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.InstanceNumber = None
        dataset.save_as(path)
    assert instance_number(str(scan / "0001.dcm")) is None
    with pytest.raises(BundleError, match="0 slices"):
        locate(sighting(number=12), scan)


def test_a_box_that_leaves_the_image_is_refused(scan, sighting):
    with pytest.raises(BundleError, match="leaves the image of 96 x 96"):
        locate(sighting(box=(90, 46, 9, 9)), scan)


def test_another_series_in_the_folder_is_refused(scan, sighting):
    with pytest.raises(BundleError, match=r"SERIES_NOT_FOUND"):
        locate(sighting(uid="1.2.3"), scan)


def test_a_point_stays_as_it_is(scan, tmp_path):
    point = Point((6.4, -9.2, -30.0), Space.RAS)
    one = Sighting("100001", "1", "", point, 0, "19990102", 2)
    located = locate(one, scan)
    assert located.point is point
    np.testing.assert_allclose(located.offset_mm, [-6.0, 1.2, 1.25], atol=1e-9)
    volume = SimpleITK.Image(40, 40, 40, SimpleITK.sitkInt16)
    volume.SetOrigin((-20.0, -20.0, -45.0))
    SimpleITK.WriteImage(volume, tmp_path / "a.nii.gz")
    assert locate(one, tmp_path / "a.nii.gz").offset_mm is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"subject": "100002"}, "of patient '100002', the images are of patient '100001'"),
        ({"date": "19990103"}, "dated '19990103', the images are dated '19990102'"),
        ({"place": Point((6.4, -9.2, 300.0), Space.RAS)}, "POINT_OUTSIDE"),
    ],
)
def test_what_the_images_say_otherwise_is_rejected(scan, change, words):
    one = Sighting("100001", "1", "", Point((6.4, -9.2, -30.0), Space.RAS), 0, "19990102", 2)
    with pytest.raises(BundleError) as error:
        locate(replace(one, **change), scan)
    assert words in str(error.value)


def test_a_box_on_a_volume_file_is_refused(tmp_path, sighting):
    with pytest.raises(BundleError, match="needs the scan as DICOM"):
        locate(sighting(), tmp_path / "a.nii.gz")


def test_a_real_series_agrees_with_simpleitk(lidc_series):
    files = sorted(lidc_series("LIDC-IDRI-0001").rglob("*.dcm"))
    header = pydicom.dcmread(files[0], stop_before_pixels=True)
    names = SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(files[0].parent), header.SeriesInstanceUID)
    reader = SimpleITK.ImageFileReader()
    wanted = names[40]
    number = int(pydicom.dcmread(wanted, stop_before_pixels=True).InstanceNumber)
    box = PixelBox(number, 300, 350, 20, 11)
    one = Sighting(header.PatientID, "1", header.SeriesInstanceUID, box, 1, header.StudyDate, 2)
    located = locate(one, files[0].parent)
    reader.SetFileName(wanted)
    reader.ReadImageInformation()
    image = reader.Execute()
    expected = image.TransformContinuousIndexToPhysicalPoint((309.5, 355.0, 0.0))
    np.testing.assert_allclose(located.point.coordinates, expected, atol=1e-3)


def test_series_are_found_in_any_layout(tmp_path):
    ours, theirs = tmp_path / "100001" / "1.2.3", tmp_path / "nlst" / "100002" / "1.9" / "CT_1.2.4"
    for folder in (ours, theirs, tmp_path / ".partial" / "1.2.5", tmp_path / "100003" / "1.2.6"):
        folder.mkdir(parents=True)
    assert find_series(tmp_path, ["1.2.3", "1.2.4", "1.2.5", "1.2.7"]) == {"1.2.3": ours, "1.2.4": theirs}
    assert find_series(tmp_path / "none", ["1.2.3"]) == {}


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ((50, 10, 0), (60, 30, 40), None),
        ((10, 0, None), (-10, 0, None), None),
        ((-30, 0, 0), (25, 0, 0), "changed sides"),
        ((10, 0, 0), (10, 61, 0), "61 mm within the axial plane"),
        ((80, 0, 0), (80, 0, -76), "76 mm along the body"),
        ((80, 0, None), (80, 0, 200), None),
    ],
)
def test_movement(before, after, words):
    problem = movement_problem(before, after)
    assert problem is None if words is None else words in problem
