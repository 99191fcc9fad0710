"""Whether a series has arrived whole."""

from dataclasses import replace

import pydicom
import pytest
from helpers.nlst_files import SLICES, write_series
from pydicom.uid import RLELossless

from csfnet_bundle.cohorts.nlst.arrival import arrival_problem
from csfnet_bundle.cohorts.nlst.index import IndexedSeries


@pytest.fixture
def folder(tmp_path):
    write_series(tmp_path / "series", "100001", 0)
    return tmp_path / "series"


@pytest.fixture
def series(folder):
    uid = pydicom.dcmread(folder / "0001.dcm").SeriesInstanceUID
    return IndexedSeries("100001", "19990102", "1.1", uid, "", "GE", "", SLICES, 1.0, (), "CC BY 4.0", "s3://b/a/*")


def test_a_whole_series(folder, series):
    assert arrival_problem(folder, series) is None


def test_nothing_arrived(tmp_path, series):
    assert arrival_problem(tmp_path / "none", series) == "0 instances arrived, the index says 24"


def test_an_instance_is_missing(folder, series):
    (folder / "0007.dcm").unlink()
    assert arrival_problem(folder, series) == "23 instances arrived, the index says 24"


def test_one_too_many(folder, series):
    assert "index says 23" in str(arrival_problem(folder, replace(series, instances=23)))


def test_an_instance_came_twice(folder, series):
    (folder / "0007.dcm").write_bytes((folder / "0008.dcm").read_bytes())
    assert "0008.dcm is an instance that has arrived" in str(arrival_problem(folder, series))


@pytest.mark.parametrize("keep", [0, 100, 700, -200])
def test_a_file_that_was_cut_off(folder, series, keep):
    path = folder / "0007.dcm"
    path.write_bytes(path.read_bytes()[:keep])
    assert "0007.dcm" in str(arrival_problem(folder, series))


def test_a_file_that_is_no_dicom(folder, series):
    (folder / "0007.dcm").write_text("<Error>slow down</Error>" * 100)
    assert "0007.dcm does not open as DICOM" in str(arrival_problem(folder, series))


@pytest.mark.parametrize(("tag", "value"), [("PatientID", "100002"), ("SeriesInstanceUID", "1.2.3")])
def test_a_file_of_another_series(folder, series, tag, value):
    dataset = pydicom.dcmread(folder / "0007.dcm")
    setattr(dataset, tag, value)
    dataset.save_as(folder / "0007.dcm")
    assert value in str(arrival_problem(folder, series))


def test_a_file_without_pixels(folder, series):
    dataset = pydicom.dcmread(folder / "0007.dcm")
    del dataset.PixelData
    dataset.save_as(folder / "0007.dcm")
    assert arrival_problem(folder, series) == "0007.dcm does not open: a CT image without pixel data"


def test_compressed_files_whole_and_cut_off(folder, series):
    for path in folder.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.compress(RLELossless, generate_instance_uid=False)
        dataset.save_as(path)
    assert arrival_problem(folder, series) is None
    path = folder / "0007.dcm"
    path.write_bytes(path.read_bytes()[:-600])
    assert arrival_problem(folder, series) == "0007.dcm is cut off within its compressed pixels"
