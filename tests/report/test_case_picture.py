import dataclasses
import io

import matplotlib.image
import numpy as np
import pytest

from csfnet_bundle.report import CaseImages, write_case_picture
from csfnet_bundle.report.case_picture import column_png
from csfnet_bundle.report.panels import Column


def pixels(png):
    return matplotlib.image.imread(io.BytesIO(png), format="png")[..., :3]


def test_the_overlay_colours_the_cell_that_was_looked_at(images):
    attention = np.full((2, 8, 8), 0.01)
    attention[:, 2, 6] = 1.0  # voxel 16 from the front, 48 from the right: upper right of the axial section
    focused = dataclasses.replace(images, attention=attention)
    plain, coloured = pixels(column_png(Column.T1, focused)), pixels(column_png(Column.ATTENTION, focused))
    rows, columns = np.nonzero(np.abs(plain - coloured).max(axis=2) > 0.1)
    width = plain.shape[1]
    axial = rows < width  # the axial panel is square and comes first
    top = 0.2 * 200  # heading of the panel in pixels
    assert columns[axial].mean() / width * 64 == pytest.approx(48.5, abs=1)
    assert (rows[axial].mean() - top) / width * 64 == pytest.approx(16.5, abs=1)


def test_even_attention_colours_nothing(images):
    even = dataclasses.replace(images, attention=np.full((2, 8, 8), 1 / 128))
    np.testing.assert_allclose(
        pixels(column_png(Column.T1, even)), pixels(column_png(Column.ATTENTION, even)), atol=0.02
    )


def test_the_picture_is_written_and_repeats(tmp_path, case, images):
    for name in ("a.png", "b.png"):
        write_case_picture(tmp_path / name, case, images)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert pixels((tmp_path / "a.png").read_bytes()).std() > 0.1


def test_a_pair_without_prior_and_with_any_name_is_drawn(tmp_path, case, images):
    odd = dataclasses.replace(case, prior=False, date_t0=None, subject="$\\frac{", nodule="患者\n1", label=1)
    write_case_picture(tmp_path / "odd.png", odd, CaseImages(images.image))
    assert (tmp_path / "odd.png").stat().st_size > 10_000


def test_other_sizes_and_spacings_keep_one_scale(images):
    flat = CaseImages(images.image[:, :, 16:48, 16:48], spacing=(1.25, 0.7, 0.7))
    height, width, _ = pixels(column_png(Column.T1, flat)).shape
    panels = height - 3 * 0.2 * 200 - 2 * 0.06 * 200
    assert panels / width == pytest.approx((32 * 0.7 + 2 * 16 * 1.25) / (32 * 0.7), abs=0.02)
