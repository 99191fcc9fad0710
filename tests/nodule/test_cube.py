import numpy as np
import pytest
from helpers.drawn_spheres import LUNG_HU, sphere_volume

from csfnet_bundle.core.errors import Refusal
from csfnet_bundle.geometry import Point, Space, Volume
from csfnet_bundle.nodule.cube import SIZE, cube_of_volume


def lps(*values: float) -> Point:
    return Point(values, Space.LPS)


def test_the_click_is_in_the_middle_and_the_affine_leads_back_to_it() -> None:
    cube = cube_of_volume(sphere_volume(8.0, center=(3.0, -2.0, 1.0), noise=0), lps(3.0, -2.0, 1.0))
    assert cube.hu.shape == (SIZE,) * 3
    np.testing.assert_allclose(cube.affine @ [*cube.click_voxels, 1], [3.0, -2.0, 1.0, 1], atol=1e-9)
    dense = np.argwhere(cube.hu > LUNG_HU / 2)
    np.testing.assert_allclose(dense.mean(axis=0), cube.click_voxels, atol=0.05)
    assert cube.distance_mm().min() == pytest.approx(0.8 * np.sqrt(3) / 2)
    assert cube.inside.all()


def test_a_moved_click_moves_the_distances_alone() -> None:
    cube = cube_of_volume(sphere_volume(8.0), lps(0, 0, 0))
    moved = cube.clicked((0.8, 0.0, -1.6))
    assert moved.hu is cube.hu
    np.testing.assert_allclose(
        np.roll(cube.distance_mm(), (1, 0, -2), (0, 1, 2))[2:, :, :-2], moved.distance_mm()[2:, :, :-2]
    )


def test_what_lies_beyond_a_cut_out_volume_is_marked_and_continued_by_lung() -> None:
    whole = sphere_volume(10.0, noise=5)
    keep = slice(30, 41)  # 11 of 70 slices: the sphere has 10
    affine = whole.affine.copy()
    affine[2, 3] += 30
    part = Volume(whole.array[:, :, keep], affine)
    cube = cube_of_volume(part, lps(0, 0, 0))
    assert cube.inside.any(axis=(1, 2)).sum() == pytest.approx(11 / 0.8, abs=1)
    beyond = cube.hu[~cube.inside]
    assert beyond.max() < LUNG_HU / 2
    assert np.median(beyond) == pytest.approx(LUNG_HU, abs=10)
    untouched = cube.inside[:, 32, 32]
    same = cube_of_volume(whole, lps(0, 0, 0)).hu[untouched][2:-2]
    np.testing.assert_allclose(cube.hu[untouched][2:-2], same, atol=1e-3)


def test_oblique_and_reversed_axes_give_the_same_cube() -> None:
    volume = sphere_volume(12.0, center=(4.0, 0.0, 0.0), noise=0)
    flipped = volume.affine @ np.diag([-1.0, 1.0, -1.0, 1.0])
    flipped[:3, 3] = (volume.affine @ [volume.array.shape[0] - 1, 0, volume.array.shape[2] - 1, 1])[:3]
    other = Volume(volume.array[::-1, :, ::-1], flipped)
    one, two = (cube_of_volume(one, lps(4.0, 0.0, 0.0)).hu for one in (volume, other))
    np.testing.assert_allclose(one, two, atol=0.01)


def test_a_point_outside_is_refused() -> None:
    with pytest.raises(Refusal, match="POINT_OUTSIDE"):
        cube_of_volume(sphere_volume(8.0), lps(400, 0, 0))
