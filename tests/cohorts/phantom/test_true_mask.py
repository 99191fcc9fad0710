"""A phantom's true nodule: its voxels, and follow-ups in which it grows or is gone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from csfnet_bundle.cohorts.phantom.simulated_study import simulate_followup
from csfnet_bundle.cohorts.phantom.subject import Subject
from csfnet_bundle.cohorts.phantom.true_mask import cohort_mask, true_mask
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Volume
from csfnet_bundle.records import FollowUpPair, load_datalist
from csfnet_bundle.scans.dicom import read_volume, scan_folder, select_series
from csfnet_bundle.scans.scan import open_scan


@pytest.mark.parametrize("rotation", [0.0, 0.3])
def test_the_mask_has_the_nodules_volume_and_turns_with_the_patient(rotation: float) -> None:
    nodule = replace(Subject(0, 1).nodule(1), diameter=12.0, spiculation=0.0)
    affine = np.diag([0.7, 0.7, 1.0, 1.0])
    affine[:3, 3] = -20.0
    volume, center = Volume(np.zeros((58, 58, 41), np.float32), affine), np.array([1.0, -2.0, 0.5])
    mask = true_mask(nodule, center, rotation, volume)
    assert mask.sum() * 0.49 == pytest.approx(np.pi / 6 * 12**3, rel=0.08)
    np.testing.assert_allclose((affine @ [*np.argwhere(mask).mean(axis=0), 1])[:3], center, atol=1.0)
    straight = true_mask(nodule, center, 0.0, volume)
    assert (mask == straight).all() == (rotation == 0)
    assert not true_mask(nodule, center + 500, rotation, volume).any()


@pytest.fixture(scope="module")
def pair(folder: Path) -> FollowUpPair:
    return max((pair for _, pair in load_datalist(folder)), key=lambda pair: float(str(pair.strata["diameter_t1_mm"])))


def nodule_hu(volume: Volume, mask: np.ndarray) -> float:
    return float(np.median(volume.array[mask]))


def test_a_cohorts_nodule_is_where_the_scan_shows_it(folder: Path, pair: FollowUpPair) -> None:
    volume = open_scan(folder / pair.t1.path).read_volume()
    mask = cohort_mask(folder, pair.subject, str(pair.t1.date), volume)
    voxel = float(np.prod(np.diag(volume.affine)[:3]))
    true = np.pi / 6 * float(str(pair.strata["diameter_t1_mm"])) ** 3
    assert 0.6 * true < mask.sum() * voxel < 1.4 * true
    around = np.zeros_like(mask)
    low, high = np.argwhere(mask).min(axis=0) - 6, np.argwhere(mask).max(axis=0) + 7
    around[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    assert nodule_hu(volume, mask) > nodule_hu(volume, around & ~mask) + 200


def test_a_true_nodule_grows_and_goes(folder: Path, pair: FollowUpPair, tmp_path: Path) -> None:
    place = pair.t1.known_point
    series, date = folder / pair.t1.path, str(pair.t1.date)
    before = open_scan(series).read_volume()
    mask = cohort_mask(folder, pair.subject, date, before)
    voxel = float(np.prod(np.diag(before.affine)[:3]))
    common = (series, place.coordinates, "LPS")
    grown = simulate_followup(*common, 365, 365, tmp_path / "grown", shift_mm=(0, 0, 0), phantom=folder)
    assert grown["volume_t0_mm3"] == pytest.approx(mask.sum() * voxel, rel=0.15)
    gone = simulate_followup(*common, None, 365, tmp_path / "gone", shift_mm=(0, 0, 0), phantom=folder, remove=True)
    assert (gone["removed"], gone["volume_ratio"], gone["volume_t1_mm3"]) == (True, 0.0, 0.0)
    assert gone["volume_t0_mm3"] == pytest.approx(mask.sum() * voxel)
    after = read_volume(select_series(scan_folder(tmp_path / "gone" / "ct")))
    assert nodule_hu(before, mask) > nodule_hu(after, mask) + 200
    away = np.ones_like(mask)
    low, high = np.argwhere(mask).min(axis=0) - 30, np.argwhere(mask).max(axis=0) + 31
    away[tuple(slice(max(a, 0), b) for a, b in zip(low, high, strict=True))] = False
    assert after.array[away].mean() == pytest.approx(before.array[away].mean(), abs=1)


def test_what_cannot_be_is_refused(folder: Path, pair: FollowUpPair, tmp_path: Path) -> None:
    volume = Volume(np.zeros((2, 2, 2), np.float32), np.eye(4))
    for patient, date in (("199999", "19990102"), ("x", "19990102"), (pair.subject, "20050101")):
        with pytest.raises(BundleError, match="no scan of patient"):
            cohort_mask(folder, patient, date, volume)
    common = (folder / pair.t1.path, pair.t1.known_point.coordinates, "LPS")
    with pytest.raises(BundleError, match="only a nodule whose voxels are known"):
        simulate_followup(*common, None, 365, tmp_path / "out", remove=True)
    with pytest.raises(BundleError, match="one of the two"):
        simulate_followup(*common, 300, 365, tmp_path / "out", remove=True)
    with pytest.raises(BundleError, match="one of the two"):
        simulate_followup(*common, None, 365, tmp_path / "out")
    assert not list(tmp_path.iterdir())
