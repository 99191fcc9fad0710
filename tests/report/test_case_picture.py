import dataclasses
import io

import matplotlib.image
import numpy as np
import pytest

from csfnet_bundle.errors import BundleError
from csfnet_bundle.report import CaseImages, write_case_picture
from csfnet_bundle.report.case_images import Plane, section
from csfnet_bundle.report.case_picture import column_png
from csfnet_bundle.report.drawing import printable
from csfnet_bundle.report.panels import Column


def pixels(png):
    return matplotlib.image.imread(io.BytesIO(png), format="png")[..., :3]


def test_sections_are_what_a_radiologist_expects():
    z, y, x = np.meshgrid(*(np.arange(n, dtype=float) for n in (4, 6, 8)), indexing="ij")
    np.testing.assert_allclose(section(z, Plane.AXIAL), 1.5)  # through the centre, between slices 1 and 2
    np.testing.assert_allclose(section(y, Plane.AXIAL)[:, 0], np.arange(6))  # posterior below
    np.testing.assert_allclose(section(x, Plane.AXIAL)[0], np.arange(8))  # the patient's left on the right
    np.testing.assert_allclose(section(z, Plane.CORONAL)[:, 0], [3, 2, 1, 0])  # superior above
    np.testing.assert_allclose(section(y, Plane.CORONAL), 2.5)
    np.testing.assert_allclose(section(y, Plane.SAGITTAL)[0], np.arange(6))  # anterior on the left
    np.testing.assert_allclose(section(x, Plane.SAGITTAL), 3.5)


def test_an_odd_size_is_cut_at_its_middle_voxel():
    volume = np.zeros((5, 7, 9))
    volume[2, 3, 4] = 1
    for plane in Plane:
        assert section(volume, plane).max() == 1


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


def test_letters_without_a_glyph_are_replaced():
    assert printable("Ωμέγα 12") == "Ωμέγα 12"
    assert printable("患\n1\N{NO-BREAK SPACE}%") == "??1 %"


@pytest.mark.parametrize(
    ("image", "attention", "message"),
    [
        (np.zeros((1, 4, 4, 4)), None, r"image has shape \(1, 4, 4, 4\)"),
        (np.zeros((2, 16, 64, 64)), np.ones((8, 8)), r"attention has shape \(8, 8\)"),
        (np.zeros((2, 16, 64, 64)), -np.ones((2, 8, 8)), "attention is negative"),
        (np.zeros((2, 16, 64, 64)), np.full((2, 8, 8), np.nan), "not finite"),
        (np.zeros((2, 16, 64, 64)), np.ones((2, 5, 8)), "by halving"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(image, attention, message):
    with pytest.raises(BundleError, match=message):
        CaseImages(image, attention)
