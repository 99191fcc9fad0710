"""Contact sheets show the box where it is on the slice; montages show both scans."""

import io

import matplotlib.image
import numpy as np
import pytest
from helpers.nlst_files import nlstx_row, write_series

from csfnet_bundle.cohorts.nlst import pictures
from csfnet_bundle.cohorts.nlst.nlstx import read_nlstx
from csfnet_bundle.cohorts.nlst.pictures import BoxOnSlice, contact_sheets, montage
from csfnet_bundle.cohorts.nlst.positions import locate


@pytest.fixture
def box_on_slice(tmp_path, make_table):
    write_series(tmp_path / "scan", "100001", 0)

    def make(box):
        (sighting,) = read_nlstx(make_table("nlstx", [nlstx_row("100001", 0, box=box)]))
        return BoxOnSlice("a", locate(sighting, tmp_path / "scan").instance, sighting.place)

    return make


def pixels(png):
    return matplotlib.image.imread(io.BytesIO(png), format="png")[..., :3]


def test_the_box_surrounds_the_bright_block_that_it_was_made_for(box_on_slice):
    (sheet,) = contact_sheets([box_on_slice((36, 46, 9, 9))])
    image = pixels(sheet)
    red = (image[..., 0] > 0.7) & (image[..., 1] < 0.4)
    rows, columns = np.flatnonzero(red.any(1)), np.flatnonzero(red.any(0))
    inside = image[rows[0] + 4 : rows[-1] - 3, columns[0] + 4 : columns[-1] - 3]
    beside = image[rows[0] : rows[-1], columns[-1] + 6 : columns[-1] + 10]
    assert inside.min() > 0.8  # the block is brighter than the window
    assert beside.max() < 0.6  # lung
    assert abs(len(range(rows[0], rows[-1])) - len(range(columns[0], columns[-1]))) <= 2


def test_a_box_of_a_wrong_base_shows(box_on_slice):
    (sheet,) = contact_sheets([box_on_slice((50, 46, 9, 9))])
    image = pixels(sheet)
    red = (image[..., 0] > 0.7) & (image[..., 1] < 0.4)
    rows, columns = np.flatnonzero(red.any(1)), np.flatnonzero(red.any(0))
    assert image[rows[0] + 4 : rows[-1] - 3, columns[0] + 4 : columns[-1] - 3].max() < 0.6


def test_pages(box_on_slice, monkeypatch):
    monkeypatch.setattr(pictures, "SHEET_ROWS", 1)
    one = box_on_slice((36, 46, 9, 9))
    assert len(list(contact_sheets([one] * (pictures.SHEET_COLUMNS + 1)))) == 2
    assert list(contact_sheets([])) == []


def test_a_montage_shows_t0_left_and_t1_right():
    rois = np.full((2, 16, 64, 64), -1350.0, np.float32)
    rois[1] = 150.0
    image = pixels(montage([("a", rois)]))
    dark, bright = (image < 0.02).all(-1), (image > 0.98).all(-1)
    columns = np.flatnonzero(dark.sum(0) > 30)
    assert len(columns) > 50
    assert bright[:, columns[-1] + 10].sum() > 50
