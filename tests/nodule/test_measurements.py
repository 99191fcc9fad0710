"""What is measured of a nodule without a network."""

from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csfnet_bundle.inputs import RoiCache, RoiSettings
from csfnet_bundle.nodule.measurements import Measured, box_extents, recorded_diameter, sphere_densities
from csfnet_bundle.records import load_datalist

SPACING = (2.0, 1.0, 1.0)


def _nodule(radius: float, value: float = 30.0) -> np.ndarray:
    """A sphere of one density in lung, (16, 32, 32) at SPACING."""
    axes = [(np.arange(size) - (size - 1) / 2) * step for size, step in zip((16, 32, 32), SPACING, strict=True)]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    return np.where(z**2 + y**2 + x**2 <= radius**2, value, -850.0).astype(np.float32)


@settings(max_examples=20, deadline=None)
@given(st.floats(3.0, 14.0), st.floats(-700.0, 200.0))
def test_the_densities_are_those_of_the_sphere(radius: float, value: float) -> None:
    mean, deviation, low, high = sphere_densities(_nodule(radius, value), SPACING, 2 * radius)
    assert (mean, deviation, low, high) == pytest.approx((value, 0, value, value), abs=1e-2)
    wider = sphere_densities(_nodule(radius, value), SPACING, 3 * radius)
    assert wider[0] < mean
    assert wider[2] == -850.0


def test_padding_is_no_density() -> None:
    roi = _nodule(6.0)
    roi[:7] = roi[9:] = -1024.0
    assert sphere_densities(roi, SPACING, 12.0)[2] == 30.0
    assert sphere_densities(np.full_like(roi, -1024.0), SPACING, 12.0)[0] == -1024.0


def test_the_smallest_nodule_has_a_density() -> None:
    assert sphere_densities(_nodule(4.0), SPACING, 0.1)[0] == 30.0


def test_boxes_are_told_from_scans_by_their_size(tmp_path: Path) -> None:
    for name, size in (("box", (40, 44, 6)), ("scan", (300, 300, 120))):
        image = nib.Nifti1Image(np.full(size, -850, np.int16), np.diag([0.7, 0.7, 2.5, 1.0]))
        image.to_filename(tmp_path / f"{name}.nii")
    np.testing.assert_allclose(box_extents(tmp_path / "box.nii"), [28.0, 30.8, 15.0])
    assert np.isnan(box_extents(tmp_path / "scan.nii")).all()
    assert np.isnan(box_extents(tmp_path)).all()


def test_rows_follow_their_pairs(small_cohort: Path) -> None:
    datalist = load_datalist(small_cohort)
    pairs = [replace(pair, strata={"diameter_mm": 8.0}) for pair in datalist.section("test")[:3]]
    measured = Measured.of(pairs, datalist.folder, RoiCache(None, RoiSettings(size=(8, 16, 16))))
    assert (measured.images.shape, measured.densities.shape) == ((3, 14), (3, 4))
    np.testing.assert_allclose(measured.boxes, [[48, 48, 24]] * 3)
    turned = measured.of_pairs(pairs[::-1])
    np.testing.assert_array_equal(turned.densities, measured.densities[::-1])
    both = measured.joined(turned)
    assert [pair.name for pair in both.pairs] == [pair.name for pair in (*pairs, *pairs[::-1])]
    np.testing.assert_array_equal(both.images[3:], measured.images[::-1])


@pytest.mark.parametrize("value", [None, "large", 0.0, -1])
def test_a_diameter_is_a_positive_number(small_cohort: Path, value: object) -> None:
    pair = load_datalist(small_cohort).section("test")[0]
    assert recorded_diameter(replace(pair, strata={"diameter_mm": value})) is None
    assert recorded_diameter(replace(pair, strata={"diameter_mm": 7})) == 7.0
