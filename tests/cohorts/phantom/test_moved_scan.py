import numpy as np
import pytest
from helpers.whole_chest import make_whole_chest
from scipy import ndimage

from csfnet_bundle.cohorts.phantom.motion import MotionLevel
from csfnet_bundle.cohorts.phantom.moved_scan import MovedScan, move_scan
from csfnet_bundle.cohorts.phantom.scanner_noise import measure_grain
from csfnet_bundle.geometry import RoiGrid, Volume
from csfnet_bundle.scans.lungs import Lungs, find_lungs
from csfnet_bundle.scans.thinned import ThinnedScan, kept_slices, thin, thinning

NODULE = np.array([-62.0, 12.0, 25.0])


def lungs_of(volume: Volume) -> tuple[ThinnedScan, Lungs]:
    kept = kept_slices(volume.array.shape[2], thinning(volume.affine)[2])
    scan = thin((volume.array[:, :, k] for k in kept), volume.affine, kept[0])
    return scan, find_lungs(scan)


@pytest.fixture(scope="module", params=[0, pytest.param(3, marks=pytest.mark.long)])
def moved(request: pytest.FixtureRequest) -> tuple[MovedScan, Volume, float]:
    source = make_whole_chest(nodule=tuple(NODULE))
    scan, lungs = lungs_of(source)
    grain = measure_grain(np.random.default_rng(0).standard_normal((128, 128, 4)).astype(np.float32))
    rng = np.random.default_rng(request.param)
    made = move_scan(source, grain, MotionLevel.MILD, (lungs.mask, scan.grid), [(NODULE, 9.0)], rng)
    return made, Volume(np.stack(list(made.slices), axis=-1).astype(np.float32), made.geometry.affine), lungs.ml


def test_the_nodule_lies_where_the_truth_says(moved: tuple[MovedScan, Volume, float]) -> None:
    made, volume, _ = moved
    truth = made.motion.forward(NODULE[:, None])[:, 0]
    x, y, z = truth.tolist()
    grid = RoiGrid((x, y, z), (25, 25, 25))
    index = np.linalg.inv(volume.affine) @ grid.affine
    places = np.stack(np.meshgrid(*[np.arange(25.0)] * 3, indexing="ij"))
    source = np.tensordot(index[:3, :3], places, axes=1) + index[:3, 3][:, None, None, None]
    values = ndimage.gaussian_filter(ndimage.map_coordinates(volume.array, source, order=1), 1.0)
    labels, _ = ndimage.label(values > -450)
    assert labels[12, 12, 12] > 0
    np.testing.assert_allclose(ndimage.center_of_mass(labels == labels[12, 12, 12]), 12, atol=1.5)


def test_geometry_and_end_are_as_drawn(moved: tuple[MovedScan, Volume, float]) -> None:
    made, volume, whole_ml = moved
    settings = made.settings
    np.testing.assert_allclose(np.diag(volume.affine), [settings.pixel_mm] * 2 + [settings.slice_mm, 1])
    assert volume.array.shape == made.geometry.shape
    _, lungs = lungs_of(volume)
    if settings.missing_end:
        assert lungs.ml < 0.97 * whole_ml
    else:
        assert lungs.ml == pytest.approx(whole_ml, rel=0.1)


def test_new_opacities_keep_away_from_the_nodule(moved: tuple[MovedScan, Volume, float]) -> None:
    made, _, _ = moved
    assert len(made.opacities) == made.settings.opacities
    for opacity in made.opacities:
        assert np.linalg.norm(np.array(opacity.center) - NODULE) > opacity.radius_mm + 12
    assert len(made.to_plain()["new_opacities"]) == made.settings.opacities  # type: ignore[arg-type]
