"""Panels as SVG and as pixels."""

import dataclasses

import numpy as np
import pytest

from csfnet_bundle.report.case_images import Plane
from csfnet_bundle.report.case_panels import map_panel, roi_panel
from csfnet_bundle.report.panel import OUTLINE, Label, Line, Panel, rectangle, window_grey
from csfnet_bundle.report.panel_raster import panel_pixels
from csfnet_bundle.report.panel_svg import panel_html


@pytest.fixture
def white():
    """A mark on white tissue."""
    lines = (Line(rectangle((15.0, 15.0), 20.0, 10.0), closed=True),)
    return Panel(np.full((30, 30), 255, np.uint8), 30.0, 30.0, "white <tissue>", lines=lines)


def test_marks_show_on_white_tissue(white):
    pixels = panel_pixels(white, 300).astype(int)
    assert pixels.min() == 0  # the dark rim
    inside = pixels[150, 150]
    assert (inside == 255).all()
    assert (pixels[100, 100:200] == 255).all(axis=1).any()  # the line itself is bright


def test_a_rectangle_has_its_size(white):
    dark = np.argwhere(panel_pixels(white, 300).sum(axis=2) < 200)
    (top, left), (bottom, right) = dark.min(axis=0), dark.max(axis=0)
    assert (bottom - top, right - left) == (pytest.approx(100, abs=6), pytest.approx(200, abs=6))


def test_the_svg_escapes_words_and_says_what_it_shows(white):
    labelled = dataclasses.replace(white, labels=(Label("<b>", 0.5, 0.5, "middle", "middle"),))
    html = str(panel_html(labelled))
    assert 'aria-label="white &lt;tissue&gt;"' in html
    assert "&lt;b&gt;" in html
    assert 'viewBox="0 0 30.00 30.00"' in html
    assert html.count("<path") == 2  # the rim, then the line


def test_the_lung_window_ends_in_black_and_white():
    assert window_grey(np.array([[-2000.0, -1350.0, -600.0, 150.0, 3000.0]])).tolist() == [[0, 0, 128, 255, 255]]


def test_a_map_colours_the_cell_that_was_looked_at(images):
    attention = np.full((2, 8, 8), 0.01)
    attention[:, 2, 6] = 1.0  # voxel 16 from the front, 48 from the right: upper right of the axial section
    focused = dataclasses.replace(images, attention=attention)
    shares = focused.attention_shares()
    overlay = map_panel(focused, shares, shares.max(), 1.0, Plane.AXIAL, "attention").overlay
    rows, columns = np.nonzero(overlay[..., 3] > 60)
    assert (rows.mean(), columns.mean()) == (pytest.approx(16, abs=1), pytest.approx(48, abs=1))


def test_other_sizes_and_spacings_keep_one_scale(images):
    flat = dataclasses.replace(images, image=images.image[:, :, 16:48, 16:48], spacing=(1.25, 0.7, 0.7), attention=None)
    panel = roi_panel("t1", flat, Plane.CORONAL)
    assert (panel.width_mm, panel.height_mm) == (pytest.approx(22.4), pytest.approx(20.0))
    height, width, _ = panel_pixels(panel, 280).shape
    assert height / width == pytest.approx(20 / 22.4, abs=0.01)
    assert OUTLINE not in {line.colour for line in panel.lines}
