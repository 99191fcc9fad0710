"""A rendered scan shows the nodule where it says, the same vessels at both screens, and fresh noise."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from csfnet_bundle.cohorts.phantom.render import Region, render_pair, render_scan
from csfnet_bundle.cohorts.phantom.subject import Subject
from csfnet_bundle.geometry import RoiGrid, sample_grid

SUBJECT = Subject(0, 9)  # a solid nodule of 10 mm that grows to 16 mm


@pytest.fixture(scope="module")
def pair():
    return render_pair(SUBJECT, Region.PATCH)


def _around_nodule(scan, size=(16, 64, 64)):
    x, y, z = scan.nodule
    return sample_grid(scan.hu.transpose(2, 1, 0), scan.affine, RoiGrid((x, y, z), size))


def test_patch_covers_what_the_cohort_promises(pair):
    for scan in pair:
        slices, rows, columns = scan.hu.shape
        assert (rows, columns) == (192, 192)
        assert slices * scan.affine[2, 2] >= 64
        assert 1.25 <= scan.affine[2, 2] <= 2.5
        assert 0.6 <= scan.affine[0, 0] <= 0.8
        assert scan.hu.min() >= -1024
        assert scan.roi().array.min() > -1024  # the whole ROI lies inside


def test_point_is_a_click_on_the_nodule(pair):
    for scan in pair:
        assert 0 < np.linalg.norm(scan.point - scan.nodule) <= 1
        assert _around_nodule(scan)[7:9, 31:33, 31:33].mean() > -200


def test_density_grows_with_the_nodule(pair):
    """The growth is in the picture: more dense mass at the nodule's place, by about the added volume."""
    mass = []
    for scan in pair:
        roi = _around_nodule(scan, (17, 33, 33))
        z, y, x = np.ogrid[-8:9, -16:17, -16:17]
        inside = z**2 + y**2 + x**2 <= 10**2
        mass.append(((roi + 860) / 895)[inside].sum())
    volumes = [np.pi / 6 * SUBJECT.nodule(screen).diameter ** 3 for screen in (0, 1)]
    assert mass[1] - mass[0] == pytest.approx(volumes[1] - volumes[0], rel=0.2)


def test_vessels_stay_and_noise_is_fresh(pair):
    smooth = [gaussian_filter(_around_nodule(scan), 1) for scan in pair]
    far = np.ones_like(smooth[0], bool)
    far[:, 16:48, 16:48] = False
    assert np.corrcoef(smooth[0][far], smooth[1][far])[0, 1] > 0.8
    fine = [_around_nodule(scan) - coarse for scan, coarse in zip(pair, smooth, strict=True)]
    lung = far & (smooth[0] < -800) & (smooth[1] < -800)
    assert fine[0][lung].std() > 5
    assert abs(np.corrcoef(fine[0][lung], fine[1][lung])[0, 1]) < 0.5


def test_noise_has_the_scans_deviation_and_is_correlated_in_plane():
    scan = render_scan(SUBJECT, 0)
    roi = scan.hu.astype(float)
    muscle = (gaussian_filter(roi, 2) > 30) & (gaussian_filter(roi, 2) < 70)
    differences = {axis: np.diff(roi, axis=axis)[_inner(muscle, axis)].std() / np.sqrt(2) for axis in (0, 2)}
    assert differences[0] == pytest.approx(scan.acquisition.noise, rel=0.25)
    assert differences[2] < 0.9 * differences[0]


def _inner(mask, axis):
    return np.take(mask, range(1, mask.shape[axis]), axis) & np.take(mask, range(mask.shape[axis] - 1), axis)


def test_same_subject_gives_the_same_bytes(pair):
    again = render_scan(Subject(0, 9), 1)
    np.testing.assert_array_equal(again.hu, pair[1].hu)


def test_quick_roi_route_shows_what_the_patch_shows(pair):
    quick = render_scan(SUBJECT, 1, Region.ROI)
    assert quick.hu.size < pair[1].hu.size / 4
    smooth = [gaussian_filter(scan.roi().array, 1.5) for scan in (quick, pair[1])]
    assert np.corrcoef(smooth[0].ravel(), smooth[1].ravel())[0, 1] > 0.98


def test_second_kernel_is_sharper_and_noisier(pair):
    scan = pair[0]
    sharp = render_scan(SUBJECT, 0, scanner=scan.acquisition.scanner.with_other_kernel())
    np.testing.assert_array_equal(sharp.affine, scan.affine)
    assert np.diff(sharp.hu, axis=2).std() > 1.2 * np.diff(scan.hu, axis=2).std()


@pytest.mark.long
def test_full_chest_is_as_large_as_a_real_scan():
    scan = render_scan(SUBJECT, 0, Region.CHEST)
    assert scan.hu.shape[1:] == (512, 512)
    assert scan.hu.shape[0] * scan.affine[2, 2] >= 300
    assert _around_nodule(scan)[7:9, 31:33, 31:33].mean() > -200
    middle = scan.hu[len(scan.hu) // 2]
    assert (middle[:, :20] < -900).all()  # air beside the body
