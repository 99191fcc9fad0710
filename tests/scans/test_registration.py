"""Points of a chest that was moved in a known way are found again, or refused by name."""

import shutil
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK
from helpers.chest_series import write_series
from helpers.whole_chest import SHAPE, Move, make_whole_chest, moved_chest, write_nifti
from numpy.typing import NDArray

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.geometry import Point, Space, Volume
from csfnet_bundle.scans.registration import AlignedScans, align_scans, match_aligned, match_point
from csfnet_bundle.scans.scan import open_scan

NODULE = (-62.0, 12.0, 25.0)
PLACES = [NODULE, (70.0, -20.0, 40.0), (-80.0, 30.0, -30.0), (55.0, 10.0, -20.0)]
MOVE = Move()


def lps(place: tuple[float, float, float]) -> Point:
    return Point(place, Space.LPS)


def error_mm(found: Point, place: tuple[float, float, float], move: Move = MOVE) -> float:
    return float(np.linalg.norm(np.array(found.coordinates) - move.forward(np.array(place))))


@pytest.fixture(scope="module")
def source() -> Volume:
    return make_whole_chest(nodule=NODULE)


@pytest.fixture(scope="module")
def later(source: Volume, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_nifti(source, tmp_path_factory.mktemp("chest") / "t1.nii")


@pytest.fixture(scope="module")
def prior(source: Volume, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_nifti(moved_chest(source, MOVE), tmp_path_factory.mktemp("chest") / "t0.nii")


@pytest.fixture(scope="module")
def aligned(later: Path, prior: Path) -> AlignedScans:
    return align_scans(open_scan(prior), open_scan(later))


@pytest.mark.parametrize("place", PLACES)
def test_places_are_found_to_a_millimetre(aligned: AlignedScans, place: tuple[float, float, float]) -> None:
    match = match_aligned(aligned, lps(place))
    assert error_mm(match.point0, place) < 1.0
    assert match.votes >= 7
    assert match.spread < 2.0
    assert "found by matching" in match.findings[0]


def test_neighbours_were_found_where_they_moved_to(aligned: AlignedScans) -> None:
    match = match_aligned(aligned, lps(NODULE))
    distances = np.linalg.norm(match.neighbours0 - MOVE.forward(match.neighbours1.T).T, axis=1)
    assert np.sort(distances)[4] < 1.5


def test_a_point_may_be_given_in_any_space(aligned: AlignedScans, source: Volume) -> None:
    index = (np.linalg.inv(source.affine) @ [*NODULE, 1.0])[:3]
    by_voxel = match_aligned(aligned, Point(tuple(index), Space.VOXEL))
    by_lps = match_aligned(aligned, lps(NODULE))
    np.testing.assert_allclose(by_voxel.point0.coordinates, by_lps.point0.coordinates, atol=0.01)


def _sagittal(volume: Volume) -> Volume:
    return Volume(volume.array.transpose(1, 2, 0), volume.affine[:, [1, 2, 0, 3]])


def _feet_first(volume: Volume) -> Volume:
    flip = np.diag([-1.0, 1.0, -1.0, 1.0])
    flip[[0, 2], 3] = volume.array.shape[0] - 1, volume.array.shape[2] - 1
    return Volume(volume.array[::-1, :, ::-1], volume.affine @ flip)


def _tilted_affine(source: Volume) -> NDArray[np.float64]:
    affine = source.affine.copy()
    affine[1, 2] = affine[2, 2] * np.tan(np.radians(15))
    affine[1, 3] -= affine[1, 2] * SHAPE[2] / 2
    return affine


@pytest.mark.parametrize("turned", [_sagittal, _feet_first])
def test_the_order_of_voxels_changes_nothing(
    source: Volume, aligned: AlignedScans, later: Path, tmp_path: Path, turned: Callable[[Volume], Volume]
) -> None:
    prior = write_nifti(turned(moved_chest(source, MOVE)), tmp_path / "turned.nii")
    match = match_point(open_scan(prior), open_scan(later), lps(NODULE))
    straight = match_aligned(aligned, lps(NODULE))
    np.testing.assert_allclose(match.point0.coordinates, straight.point0.coordinates, atol=0.5)


def test_a_tilted_stack_with_thick_slices_is_read_through_its_affine(
    source: Volume, later: Path, tmp_path: Path
) -> None:
    affine = _tilted_affine(source)
    affine[:3, 2] *= 2
    prior = write_nifti(moved_chest(source, MOVE, affine, (SHAPE[0], SHAPE[1], SHAPE[2] // 2)), tmp_path / "tilted.nii")
    match = match_point(open_scan(prior), open_scan(later), lps(NODULE))
    assert error_mm(match.point0, NODULE) < 2.0


def test_dicom_and_metaimage_give_what_nifti_gives(
    source: Volume, aligned: AlignedScans, later: Path, tmp_path: Path
) -> None:
    moved = moved_chest(source, MOVE)
    rounded = Volume(np.rint(moved.array), moved.affine)
    write_series(rounded, tmp_path / "dicom")
    image = SimpleITK.GetImageFromArray(rounded.array.astype(np.int16).transpose(2, 1, 0))
    image.SetSpacing(np.diag(moved.affine)[:3].tolist())
    image.SetOrigin(moved.affine[:3, 3].tolist())
    expected = match_aligned(aligned, lps(NODULE)).point0.coordinates
    for path in (tmp_path / "dicom", tmp_path / "t0.mha"):
        if path.suffix:
            SimpleITK.WriteImage(image, str(path))
        found = match_point(open_scan(path), open_scan(later), lps(NODULE)).point0.coordinates
        np.testing.assert_allclose(found, expected, atol=0.05)


def test_a_compressed_nifti_gives_the_same_to_the_bit(
    aligned: AlignedScans, prior: Path, later: Path, tmp_path: Path
) -> None:
    nibabel.save(nibabel.load(prior), tmp_path / "t0.nii.gz")
    match = match_point(open_scan(tmp_path / "t0.nii.gz"), open_scan(later), lps(NODULE))
    assert match.point0 == match_aligned(aligned, lps(NODULE)).point0


def test_another_patient_is_refused(later: Path, tmp_path: Path) -> None:
    other = write_nifti(make_whole_chest(seed=7, size=0.85), tmp_path / "other.nii")
    with pytest.raises(Refusal) as caught:
        match_point(open_scan(other), open_scan(later), lps(NODULE))
    assert caught.value.code in (RefusalCode.PRIOR_NOT_ALIGNED, RefusalCode.MATCH_UNSURE)
    assert "--point0" in caught.value.remedy


def test_an_unsure_match_tells_its_best_guess(later: Path, tmp_path: Path) -> None:
    """Lungs of the same shape with other vessels: they align, but no neighbour agrees."""
    other = write_nifti(make_whole_chest(seed=9), tmp_path / "other.nii")
    with pytest.raises(Refusal) as caught:
        match_point(open_scan(other), open_scan(later), lps(PLACES[1]))
    assert caught.value.code == RefusalCode.MATCH_UNSURE
    guess = caught.value.figures["best_guess_lps"]
    assert np.linalg.norm(np.array(guess) - PLACES[1]) < 40


def test_a_missing_apex_is_told_from_a_bad_match(source: Volume, later: Path, tmp_path: Path) -> None:
    moved = moved_chest(source, MOVE)
    cut = write_nifti(Volume(moved.array[:, :, :80], moved.affine), tmp_path / "cut.nii")  # up to 74 of 124 mm
    apex = (-70.0, 0.0, 85.0)
    with pytest.raises(Refusal) as caught:
        match_point(open_scan(cut), open_scan(later), lps(apex))
    assert caught.value.code == RefusalCode.PRIOR_CUT_OFF
    assert error_mm(Point(tuple(caught.value.figures["expected_lps"]), Space.LPS), apex) < 15
    match = match_point(open_scan(cut), open_scan(later), lps((-62.0, 12.0, -10.0)))
    assert error_mm(match.point0, (-62.0, 12.0, -10.0)) < 1.0


def test_a_box_around_a_nodule_has_no_lungs(source: Volume, later: Path, tmp_path: Path) -> None:
    affine = source.affine.copy()
    affine[:3, 3] = (source.affine @ [25, 30, 45, 1.0])[:3]
    box = write_nifti(Volume(source.array[25:65, 30:80, 45:75], affine), tmp_path / "box.nii")
    for scans in ((box, later), (later, box)):
        with pytest.raises(Refusal) as caught:
            match_point(*map(open_scan, scans), lps(NODULE))
        assert caught.value.code == RefusalCode.NO_LUNGS
        assert caught.value.record == f"t{scans.index(box)}"
        assert caught.value.figures["lung_ml"] < 800


def test_a_point_out_of_t1_is_refused_before_anything_is_read(later: Path, prior: Path) -> None:
    with pytest.raises(Refusal) as caught:
        match_point(open_scan(prior), open_scan(later), lps((500.0, 0.0, 0.0)))
    assert caught.value.code == RefusalCode.POINT_OUTSIDE


@pytest.mark.parametrize(("removed", "is_told"), [(True, True), (False, False)])
def test_a_nodule_that_t0_does_not_show_is_told(
    later: Path, source: Volume, tmp_path: Path, removed: bool, is_told: bool
) -> None:
    earlier = make_whole_chest(nodule=None if removed else NODULE)
    prior = write_nifti(moved_chest(earlier, MOVE), tmp_path / "t0.nii")
    match = match_point(open_scan(prior), open_scan(later), lps(NODULE))
    assert error_mm(match.point0, NODULE) < 2.5
    assert any("nothing like the nodule" in finding for finding in match.findings) == is_told


@pytest.mark.parametrize("radius", [8.0, 14.0])
def test_a_large_nodule_that_has_come_since_does_not_hide_its_place(tmp_path: Path, radius: float) -> None:
    """Its neighbours show some of it, and t0 does not."""
    place = (-66.0, 8.0, 10.0)
    later = write_nifti(make_whole_chest(nodule=place, radius=radius), tmp_path / "t1.nii")
    earlier = write_nifti(moved_chest(make_whole_chest(nodule=None), MOVE), tmp_path / "t0.nii")
    match = match_point(open_scan(earlier), open_scan(later), lps(place))
    assert error_mm(match.point0, place) < 3.0
    assert match.votes >= 5
    assert match.absent
    assert any("nothing like the nodule" in finding for finding in match.findings)


def test_threads_and_the_order_of_files_change_no_bit_of_the_answer(
    source: Volume, aligned: AlignedScans, later: Path, tmp_path: Path
) -> None:
    moved = moved_chest(source, MOVE)
    rounded = Volume(np.rint(moved.array), moved.affine)
    write_series(rounded, tmp_path / "named")
    (tmp_path / "renamed").mkdir()
    for number, path in enumerate(sorted((tmp_path / "named").iterdir(), reverse=True)):
        shutil.copy(path, tmp_path / "renamed" / f"{number * 7919 % 1009:04d}.dcm")
    threads = SimpleITK.ProcessObject.GetGlobalDefaultNumberOfThreads()
    found = []
    try:
        for count, folder in ((1, "named"), (4, "renamed")):
            SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(count)
            found.append(match_point(open_scan(tmp_path / folder), open_scan(later), lps(NODULE)))
    finally:
        SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(threads)
    assert found[0].point0 == found[1].point0
    assert found[0].ncc == found[1].ncc
    np.testing.assert_allclose(found[0].neighbours0, found[1].neighbours0, atol=1e-6)
