import numpy as np
import pytest
from helpers.chest_series import make_chest
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.cohorts.phantom.followup import SimulatedNodule, followup_slices, simulate_nodule, volume_ratio
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import RoiGrid, Volume, sample_grid

RATIO_TOLERANCE = 0.10
REAL_RATIOS = (2.0, 1.6, 0.5, 0.6, 3.0)
HAZE = "LIDC-IDRI-0003-0"
RIM_MM = 1.0
"""Readers outline a nodule's rim one voxel closer or further."""


def center_of(volume: Volume, offset: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> NDArray[np.float64]:
    middle = (np.array(volume.array.shape) - 1) / 2
    return volume.affine[:3, :3] @ middle + volume.affine[:3, 3] + offset


def follow(volume: Volume, point: NDArray[np.float64], ratio: float) -> tuple[SimulatedNodule, Volume]:
    nodule = simulate_nodule(volume, point, ratio)
    slices = followup_slices(volume, nodule.growth, np.random.default_rng(7))
    return nodule, Volume(np.stack(list(slices), axis=-1), volume.affine)


def ball_volume(volume: Volume, point: NDArray[np.float64], threshold: float = -420.0) -> float:
    """mm^3 of what is above the threshold and hangs together around the point."""
    labels, _ = ndimage.label(volume.array > threshold)
    i, j, k = np.rint((np.linalg.inv(volume.affine) @ [*point, 1])[:3]).astype(int)
    assert labels[i, j, k] > 0
    return float((labels == labels[i, j, k]).sum() * abs(np.linalg.det(volume.affine[:3, :3])))


def test_volume_ratio_follows_the_doubling_time() -> None:
    assert volume_ratio(365, 365) == 2.0
    assert volume_ratio(-365, 730) == 0.25
    assert volume_ratio(200, 100) == pytest.approx(2**0.5)


@pytest.mark.parametrize(("doubling", "interval"), [(0, 365), (400, 0), (400, -3), (np.nan, 365), (30, 365)])
def test_what_cannot_be_simulated_is_refused(doubling: float, interval: float) -> None:
    with pytest.raises(BundleError):
        volume_ratio(doubling, interval)


@pytest.mark.parametrize("ratio", [0.4, 1.3, 4.0])
def test_the_measured_ratio_is_the_one_asked_for(ratio: float) -> None:
    before = make_chest(offset=(4.0, -3.0, 5.0))
    point = center_of(before, (4.0, -3.0, 5.0))
    nodule, after = follow(before, point + np.array([0.8, -0.6, 1.0]), ratio)
    volume0, volume1 = ball_volume(before, point), ball_volume(after, point)
    assert nodule.volume_mm3 == pytest.approx(volume0, rel=0.1)
    assert volume1 / volume0 == pytest.approx(ratio, rel=RATIO_TOLERANCE)


def test_a_ground_glass_nodule_grows_too() -> None:
    before = make_chest(diameter=18, nodule_hu=-550, noise=12)
    point = center_of(before)
    _, after = follow(before, point, 2.0)
    measured = ball_volume(after, point, -705) / ball_volume(before, point, -705)
    assert measured == pytest.approx(2.0, rel=RATIO_TOLERANCE)


@pytest.mark.long
def test_a_tilted_oblique_scan_grows_as_a_straight_one() -> None:
    turn = np.linalg.qr(np.array([[1.0, 0.2, 0.1], [-0.2, 1.0, 0.15], [0.1, -0.1, 1.0]]))[0]
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.array([[-0.9, 0, 0], [0, 0.9, 0.5], [0, 0, 2.0]])
    before = make_chest(affine=affine)
    point = center_of(before)
    _, after = follow(before, point, 3.0)
    assert ball_volume(after, point) / ball_volume(before, point) == pytest.approx(3.0, rel=RATIO_TOLERANCE)


def test_the_wall_stays_and_the_far_lung_too() -> None:
    offset = (30.0, 0.0, 0.0)  # 7 mm of lung between the nodule and the wall
    before = make_chest(offset=offset, noise=0.0)
    point = center_of(before, offset)
    _, after = follow(before, point, 2.5)
    assert ball_volume(after, point) / ball_volume(before, point) == pytest.approx(2.5, rel=RATIO_TOLERANCE)
    wall, _ = ndimage.label(before.array > -420)
    wall_after, _ = ndimage.label(after.array > -420)
    changed = (wall == wall[0, 0, 0]) != (wall_after == wall_after[0, 0, 0])
    assert changed.sum() < 0.002 * (wall == wall[0, 0, 0]).sum()
    far = np.abs(after.array - before.array)[:40]  # the other side of the lung, 45 mm away
    assert far.max() < 1.0


@pytest.mark.long  # two whole series are unpacked; the tests above show the same on drawn nodules
def test_real_nodules_grow_as_asked_by_two_independent_measures(real_nodules: list) -> None:
    """What the readers outlined, carried along; and a threshold, an opening and the component at the point.

    For the second, the wall is what was tissue before and no reader outlined. It is not asked of the ground glass in
    touch with a solid mass, which one of four readers outlined: no threshold tells it from vessels and mass.
    """
    outline, threshold = {}, {}
    for real, ratio in zip(real_nodules, REAL_RATIOS, strict=True):
        nodule, after = follow(real.volume, real.point, ratio)
        grid = RoiGrid(tuple(real.point), (81, 81, 81), (1.0, 1.0, 1.0))
        outlined = sample_grid(real.consensus.astype(np.float32), real.volume.affine, grid, fill=0) > 0.5
        outline[real.name] = carried_ratio(nodule, outlined, grid) / ratio
        if real.name != HAZE:
            hu0, hu1 = (sample_grid(volume.array, volume.affine, grid) for volume in (real.volume, after))
            measured = threshold_volumes(hu0, hu1, outlined)
            threshold[real.name] = measured[1] / measured[0] / ratio
    assert outline == pytest.approx(dict.fromkeys(outline, 1.0), abs=RATIO_TOLERANCE)
    assert threshold == pytest.approx(dict.fromkeys(threshold, 1.0), abs=RATIO_TOLERANCE)
    assert len(threshold) == 4


def carried_ratio(nodule: SimulatedNodule, outlined: NDArray[np.bool_], grid: RoiGrid) -> float:
    """How much volume the outlined voxels gain: the deformation's determinants there, by central differences."""
    voxels = np.vstack([np.argwhere(outlined).T, np.ones(outlined.sum())])
    places = (grid.affine @ voxels)[:3]
    step = 0.25
    columns = [
        (nodule.growth.forward(places + step * axis) - nodule.growth.forward(places - step * axis)) / (2 * step)
        for axis in np.eye(3)[:, :, None]
    ]
    return float(np.linalg.det(np.stack(columns, axis=-1).transpose(1, 0, 2)).mean())


def threshold_volumes(
    hu0: NDArray[np.float32], hu1: NDArray[np.float32], outlined: NDArray[np.bool_]
) -> tuple[float, float]:
    level = (np.median(hu0[38:43, 38:43, 38:43]) - 850) / 2
    distance = ndimage.distance_transform_edt(~outlined)
    tissue0, tissue1 = hu0 > level, hu1 > level
    nodule0 = at_center(opened(tissue0 & (distance <= RIM_MM)))
    nodule1 = at_center(opened(tissue1 & ~(tissue0 & (distance > RIM_MM))))
    return float(nodule0.sum()), float(nodule1.sum())


def opened(mask: NDArray[np.bool_], radius: float = 1.0) -> NDArray[np.bool_]:
    eroded = ndimage.distance_transform_edt(mask) > radius
    return mask & (ndimage.distance_transform_edt(~eroded) <= radius)


def at_center(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    labels, _ = ndimage.label(mask)
    middle = labels[35:46, 35:46, 35:46]
    return labels == np.bincount(middle[middle > 0]).argmax()


def test_padding_and_air_at_the_lower_limit_stay() -> None:
    before = make_chest()
    padded = before.array.copy()
    padded[:12] = -2048.0
    _, after = follow(Volume(padded, before.affine), center_of(before), 2.0)
    np.testing.assert_allclose(after.array[:8], -2048, atol=0.1)
    assert after.array[16:].min() >= before.array.min()


def test_the_same_seed_gives_the_same_scan() -> None:
    before = make_chest(shape=(100, 96, 40))
    growth = simulate_nodule(before, center_of(before), 1.5).growth
    first, second = (np.stack(list(followup_slices(before, growth, np.random.default_rng(7)))) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("offset", "words"),
    [((15.0, 15.0, 0.0), "no nodule at the point"), ((46.0, 0.0, 0.0), "chest wall|no nodule")],
)
def test_a_point_without_a_nodule_is_refused(offset: tuple[float, float, float], words: str) -> None:
    chest = make_chest()
    with pytest.raises(BundleError, match=words):
        simulate_nodule(chest, center_of(chest, offset), 2.0)


def test_a_nodule_that_the_scan_cuts_off_is_refused() -> None:
    offset = (0.0, 0.0, 42.0)
    chest = make_chest(offset=offset)
    with pytest.raises(BundleError, match="out of the scan"):
        simulate_nodule(chest, center_of(chest, offset), 2.0)


def test_a_nodule_that_outgrows_the_box_is_refused() -> None:
    chest = make_chest(diameter=40)
    with pytest.raises(BundleError, match="does not fit"):
        simulate_nodule(chest, center_of(chest), 20.0)
