import numpy as np
import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.report import CaseImages
from csfnet_bundle.report.case_images import Plane, section


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
