import numpy as np
import pytest
from helpers.whole_chest import SHAPE, Move, make_whole_chest, moved_chest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.geometry import Volume
from csfnet_bundle.scans.lungs import CLOSING_MM, Lungs, _closed, find_lungs
from csfnet_bundle.scans.thinned import THINNED_MM, ThinnedScan, kept_slices, thin, thinning

TRUE_ML = 2 * 4 / 3 * np.pi * 55 * 75 * 105 / 1000


def thinned(volume: Volume) -> ThinnedScan:
    kept = kept_slices(volume.array.shape[2], thinning(volume.affine)[2])
    return thin((volume.array[:, :, k] for k in kept), volume.affine, kept[0])


def lungs_of(array: NDArray[np.float32], affine: NDArray[np.float64]) -> tuple[ThinnedScan, Lungs]:
    scan = thinned(Volume(array, affine))
    return scan, find_lungs(scan)


@pytest.fixture(scope="module")
def chest() -> Volume:
    return make_whole_chest(nodule=(-62.0, 12.0, 25.0))


def test_lungs_have_their_volume_and_hold_vessels_and_nodules(chest: Volume) -> None:
    scan, lungs = lungs_of(chest.array, chest.affine)
    assert lungs.ml == pytest.approx(TRUE_ML, rel=0.06)
    index = np.rint(np.linalg.inv(scan.grid.affine) @ [-62.0, 12.0, 25.0, 1.0]).astype(int)[:3]
    assert lungs.mask[tuple(index)]
    np.testing.assert_allclose(lungs.centroid, 0, atol=2)


def test_air_beside_the_body_and_bowel_gas_are_no_lung(chest: Volume) -> None:
    array = chest.array.copy()
    array[66:76, 40:50, 3:8] = -1000  # gas below the lungs, amid the body
    _, lungs = lungs_of(array, chest.affine)
    _, without = lungs_of(chest.array, chest.affine)
    np.testing.assert_array_equal(lungs.mask, without.mask)


def test_a_scan_that_ends_within_the_lungs_keeps_them_to_its_end(chest: Volume) -> None:
    _, lungs = lungs_of(chest.array[:, :, :60], chest.affine)
    assert lungs.mask[-1].any()
    assert lungs.ml < 0.75 * TRUE_ML


def test_a_field_of_view_that_cuts_the_lungs_open_shows_none(chest: Volume) -> None:
    with pytest.raises(Refusal) as caught:
        lungs_of(chest.array[25:65, 30:80, 30:70], chest.affine)
    assert caught.value.code == RefusalCode.NO_LUNGS
    assert caught.value.figures["needed_ml"] == 800


def test_tilted_scans_lose_no_lung_where_a_plane_leaves_them(chest: Volume) -> None:
    """In a sheared stack an axial plane may leave the scan above or below: that is not air beside the body."""
    affine = chest.affine.copy()
    affine[1, 2] = affine[2, 2] * np.tan(np.radians(20))
    affine[1, 3] -= affine[1, 2] * SHAPE[2] / 2
    tilted = moved_chest(chest, Move(0.0, (0.0, 0.0, 0.0), 0.0), affine)
    _, lungs = lungs_of(tilted.array, tilted.affine)
    assert lungs.ml == pytest.approx(TRUE_ML, rel=0.08)


@given(seed=st.integers(0, 2**32 - 1), size=st.tuples(*[st.integers(8, 18)] * 3))
def test_what_is_computed_around_the_lungs_alone_is_what_the_whole_scan_gives(
    seed: int, size: tuple[int, int, int]
) -> None:
    rng = np.random.default_rng(seed)
    mask = np.zeros(size, bool)
    low = [int(rng.integers(0, n - 2)) for n in size]  # at an end of the scan, or not
    part = tuple(slice(a, int(rng.integers(a + 1, n + 1))) for a, n in zip(low, size, strict=True))
    mask[part] = rng.random(mask[part].shape) < 0.7
    reach = 4
    padded = np.pad(mask, reach, mode="edge")
    grown = ndimage.distance_transform_edt(~padded, sampling=THINNED_MM) <= CLOSING_MM
    closed = (ndimage.distance_transform_edt(grown, sampling=THINNED_MM) > CLOSING_MM) | padded
    assert np.array_equal(_closed(mask), closed[(slice(reach, -reach),) * 3])
    depth = ndimage.distance_transform_edt(mask, sampling=THINNED_MM)
    assert np.array_equal(Lungs(mask, np.zeros(3), 1.0).depth_mm, depth.astype(np.float32))
