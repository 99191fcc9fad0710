import json
from pathlib import Path

import numpy as np
import pytest
from helpers.chest_series import make_chest, write_series
from helpers.whole_chest import make_whole_chest
from scipy import ndimage

from csfnet_bundle.cohorts.phantom.simulated_study import simulate_followup
from csfnet_bundle.commands import main
from csfnet_bundle.core.errors import BundleError, Refusal, RefusalCode
from csfnet_bundle.geometry import Point, RoiGrid, Space, Volume, sample_grid
from csfnet_bundle.records import load_datalist
from csfnet_bundle.scans.dicom import read_roi, read_volume, scan_folder, select_series
from csfnet_bundle.scans.registration import match_point
from csfnet_bundle.scans.scan import open_pair

SPACING = np.diag([1.1, 1.1, 2.5, 1.0])
SHAPE = (80, 74, 30)
CENTER = (39.5, 36.5, 14.5)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("followup") / "real"
    write_series(make_chest(affine=SPACING, shape=SHAPE, diameter=12), folder, StudyDate="19990102", PatientAge="061Y")
    return folder


@pytest.fixture(scope="module")
def followup(real: Path) -> Path:
    simulate_followup(real, CENTER, "voxel", 365, 365, real.parent / "later", seed=3)
    return real.parent / "later"


def read(folder: Path) -> Volume:
    return read_volume(select_series(scan_folder(folder)))


def nodule_box(volume: Volume, point: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """What hangs together above the threshold around the point, on a grid of 0.7 mm, and that grid's affine."""
    x, y, z = point
    grid = RoiGrid((x, y, z), (61, 61, 61), (0.7, 0.7, 0.7))
    labels, _ = ndimage.label(sample_grid(volume.array, volume.affine, grid) > -420)
    assert labels[30, 30, 30] > 0
    return labels == labels[30, 30, 30], grid.affine


def test_the_reported_points_are_the_nodules_and_its_volume_doubles(real: Path, followup: Path) -> None:
    summary = json.loads((followup / "followup.json").read_text())
    before, after = read(real), read(followup / "ct")
    nodule0, _ = nodule_box(before, summary["point_t0_lps"])
    nodule1, affine = nodule_box(after, summary["point_t1_lps"])
    assert summary["volume_ratio"] == 2.0
    assert nodule1.sum() / nodule0.sum() == pytest.approx(2.0, rel=0.10)
    center = (affine @ [*ndimage.center_of_mass(nodule1), 1])[:3]
    np.testing.assert_allclose(center, summary["point_t1_lps"], atol=0.5)


def test_the_datalist_holds_the_pair(real: Path, followup: Path) -> None:
    (pair,) = load_datalist(followup).section("inference")
    assert pair.t0 is not None
    assert (pair.subject, pair.interval_days, pair.label) == ("100042", 365, None)
    assert (pair.t0.date, pair.t1.date) == ("19990102", "20000102")
    assert (followup / pair.t0.path).resolve() == real.resolve()
    for scan in (pair.t0, pair.t1):
        series = select_series(scan_folder(followup / scan.path), uid=scan.series_uid)
        roi = read_roi(series, scan.point, (16, 32, 32), (1.0, 1.0, 1.0))
        assert np.median(roi.array[6:10, 14:18, 14:18]) == pytest.approx(30, abs=25)


def test_noise_is_fresh_and_the_rest_of_the_patient_the_same(real: Path, followup: Path) -> None:
    before, after = read(real).array, read(followup / "ct").array
    wall = (slice(0, 9), slice(0, 9))
    assert after[wall].std() == pytest.approx(before[wall].std(), rel=0.25)
    assert np.corrcoef(after[wall].ravel(), before[wall].ravel())[0, 1] < 0.6
    assert after[wall].mean() == pytest.approx(before[wall].mean(), abs=2)


@pytest.mark.long
def test_the_seed_decides_noise_and_shift(real: Path, followup: Path, tmp_path: Path) -> None:
    same = simulate_followup(real, CENTER, "voxel", 365, 365, tmp_path / "same", seed=3)
    other = simulate_followup(real, CENTER, "voxel", -400, 100, tmp_path / "other", seed=4)
    assert json.loads((followup / "followup.json").read_text()) == same
    for path in (followup / "ct").iterdir():
        assert path.read_bytes() == (tmp_path / "same" / "ct" / path.name).read_bytes()
    assert same["shift_mm"] != other["shift_mm"]
    assert same["series_uid"] != other["series_uid"]
    assert other["volume_ratio"] == pytest.approx(2**-0.25)


def test_the_command_line_runs_it(real: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    point = ",".join(map(str, CENTER))
    arguments = f"--series-dir {real} --point {point} --space voxel --doubling-time-days 300 --interval-days 200"
    shift = ["--shift-mm=1.5,-2,0"]
    assert main(["simulate-followup", *arguments.split(), *shift, "--out", str(tmp_path / "out")]) == 0
    assert "1.59-fold after 200 days" in capsys.readouterr().out
    summary = json.loads((tmp_path / "out" / "followup.json").read_text())
    assert summary["shift_mm"] == [1.5, -2.0, 0.0]
    assert summary["simulated"] is True


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"point": (1, 2)}, "three numbers"),
        ({"point": ("a", 2, 3)}, "three numbers"),
        ({"point": (np.nan, 2, 3)}, "finite"),
        ({"space": "MNI"}, "not known"),
        ({"interval_days": 0}, "number of days"),
        ({"interval_days": 10.5}, "number of days"),
        ({"doubling_time_days": 0}, "doubling time"),
        ({"point": (10, 36, 14)}, "no nodule|chest wall|no lung"),
        ({"series_dir": "nowhere"}, "nowhere"),
        ({"shift_mm": (1, 2)}, "shift"),
    ],
)
def test_bad_input_is_told_and_leaves_nothing(
    changed: dict[str, object], words: str, real: Path, tmp_path: Path
) -> None:
    arguments = {"series_dir": real, "point": CENTER, "space": "voxel", "doubling_time_days": 300, "interval_days": 365}
    with pytest.raises(BundleError, match=words):
        simulate_followup(**{**arguments, **changed}, out=tmp_path / "out")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_point_in_the_other_space_is_refused(real: Path, tmp_path: Path) -> None:
    with pytest.raises(Refusal) as caught:
        simulate_followup(real, (43.0, 40.0, 36.0), "RAS", 300, 365, tmp_path / "out")
    assert caught.value.code is RefusalCode.POINT_OUTSIDE
    assert "LPS (x and y with the other sign)" in str(caught.value)


def test_an_existing_folder_is_never_touched(real: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(BundleError, match="exists already"):
        simulate_followup(real, CENTER, "voxel", 300, 365, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.long
def test_a_moved_follow_up_is_a_ct_series_whose_truth_the_matching_finds(tmp_path: Path) -> None:
    place = (-62.0, 12.0, 25.0)
    write_series(make_whole_chest(nodule=place), tmp_path / "t0", StudyDate="19990102")
    summary = simulate_followup(
        tmp_path / "t0", place, "LPS", -400, 365, tmp_path / "later", seed=5, motion="whole-body"
    )
    assert summary["motion"]["level"] == "whole-body"
    scan0, scan1 = open_pair(tmp_path / "t0", tmp_path / "later" / "ct")
    assert scan1.shape[2] == len(list((tmp_path / "later" / "ct").iterdir()))
    truth0, truth1 = (summary[f"point_{name}_lps"] for name in ("t0", "t1"))
    match = match_point(scan0, scan1, Point(tuple(truth1), Space.LPS))
    assert np.linalg.norm(np.array(match.point0.coordinates) - truth0) < 3.0


def test_a_motion_has_its_own_shift_and_known_levels(real: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="both a shift and a motion"):
        simulate_followup(real, CENTER, "voxel", 365, 365, tmp_path / "a", shift_mm=(1, 2, 3), motion="mild")
    with pytest.raises(BundleError, match="motion is 'wild'"):
        simulate_followup(real, CENTER, "voxel", 365, 365, tmp_path / "b", motion="wild")
    with pytest.raises(Refusal) as caught:
        simulate_followup(real, CENTER, "voxel", 365, 365, tmp_path / "c", motion="mild")
    assert caught.value.code == RefusalCode.NO_LUNGS
    assert not list(tmp_path.iterdir())
