import numpy as np
import pytest
from helpers.drawn_spheres import LUNG_HU, ball_mm3, sphere_cube

from csfnet_bundle.nodule.classical import segment_classical
from csfnet_bundle.nodule.cube import Cube


def with_hu(cube: Cube, hu: np.ndarray) -> Cube:
    return Cube(hu.astype(np.float32), cube.inside, cube.affine, slice_spacing_mm=1.0)


@pytest.mark.parametrize(("diameter", "hu", "offset"), [(6, 0, 0.0), (10, 40, 2.0), (20, 0, 4.0), (12, -600, 1.0)])
def test_the_volume_of_a_sphere(diameter: float, hu: float, offset: float) -> None:
    cube = sphere_cube(diameter, hu=hu, offset=(0, offset, 0))
    mask = segment_classical(cube)
    assert mask is not None
    assert mask.sum() * cube.voxel_mm3 == pytest.approx(ball_mm3(diameter), rel=0.25)


def test_a_vessel_is_cut_off_and_a_touching_sphere_parted() -> None:
    alone = sphere_cube(10.0)
    _, h, w = np.meshgrid(*[(np.arange(64) - 31.5) * 0.8] * 3, indexing="ij")
    d = np.meshgrid(*[(np.arange(64) - 31.5) * 0.8] * 3, indexing="ij")[0]
    vessel = (np.hypot(d, h) < 1.2) & (w > 0)
    neighbour = np.sqrt((h - 10.5) ** 2 + d**2 + w**2) < 5.0
    expected = segment_classical(alone)
    assert expected is not None
    for structure in (vessel, neighbour):
        mask = segment_classical(with_hu(alone, np.where(structure, 20.0, alone.hu)))
        assert mask is not None
        assert mask.sum() == pytest.approx(expected.sum(), rel=0.2)


def test_a_nodule_at_the_chest_wall_is_measured_without_the_wall() -> None:
    cube = sphere_cube(10.0)
    walled = cube.hu.copy()
    walled[:, 37:] = 40.0  # 4.4 mm from the centre: the wall takes a slice of the sphere
    mask = segment_classical(with_hu(cube, walled))
    assert mask is not None
    assert not mask[:, 42:].any()
    assert mask.sum() * cube.voxel_mm3 == pytest.approx(ball_mm3(10.0), rel=0.3)


def test_lung_alone_and_tissue_alone_hold_no_nodule() -> None:
    cube = sphere_cube(8.0)
    for level in (LUNG_HU, 40.0):
        noise = np.random.default_rng(0).normal(level, 20, cube.hu.shape)
        assert segment_classical(with_hu(cube, noise)) is None


def test_what_lies_beyond_the_scan_is_no_nodule() -> None:
    cube = sphere_cube(12.0)
    inside = cube.inside.copy()
    inside[32:] = False
    mask = segment_classical(Cube(cube.hu, inside, cube.affine))
    assert mask is not None
    assert not (mask & ~inside).any()
    assert mask.sum() * cube.voxel_mm3 == pytest.approx(ball_mm3(12.0) / 2, rel=0.25)
