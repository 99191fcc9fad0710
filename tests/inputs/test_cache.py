"""Through a store comes what reading gives, and never what another file, point or setting gave."""

import errno
import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.inputs import PairRois, RoiCache, RoiSettings, cache, prepare_rois, read_pair
from csfnet_bundle.inputs.store import store as store_module
from csfnet_bundle.inputs.store import verify_store
from csfnet_bundle.inputs.store.finding import Kept
from csfnet_bundle.records import FollowUpPair, Scan

SMALL = RoiSettings(size=(4, 6, 8))
ROUNDING_HU = 1e-3
"""A ROI cut out of its margin is sampled at the same places but for the last bits of a float64."""
Place = tuple[FollowUpPair, Path]


def _assert_equal(one: PairRois, other: PairRois) -> None:
    np.testing.assert_allclose(one.array, other.array, atol=ROUNDING_HU)
    np.testing.assert_allclose(one.affines, other.affines, atol=1e-9)
    assert one.findings == other.findings
    assert (one.array.dtype, one.affines.dtype) == (np.float32, np.float64)


def test_what_is_cached_is_what_is_read(nifti_pair: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pair, folder = nifti_pair
    roi_cache = RoiCache(tmp_path / "cache", SMALL)
    fresh = read_pair(pair, folder, SMALL)
    _assert_equal(roi_cache.read(pair, folder), fresh)
    monkeypatch.setattr(cache, "read_pair", None)  # the second time nothing is read
    _assert_equal(roi_cache.read(pair, folder), fresh)


def test_findings_and_accents_come_back(nifti_pair: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pair, folder = nifti_pair
    found = replace(read_pair(pair, folder, SMALL), findings=("t0: noyau différent", "", "t1: 肺"))
    monkeypatch.setattr(cache, "read_pair", lambda *_, **__: found)
    roi_cache = RoiCache(tmp_path / "cache", SMALL)
    roi_cache.read(pair, folder)
    _assert_equal(roi_cache.read(pair, folder), found)


def test_without_a_folder_every_call_reads(nifti_pair: Place, tmp_path: Path) -> None:
    pair, folder = nifti_pair
    before = sorted(tmp_path.rglob("*"))
    _assert_equal(RoiCache(None, SMALL).read(pair, folder), read_pair(pair, folder, SMALL))
    assert sorted(tmp_path.rglob("*")) == before
    with pytest.raises(ValueError, match="without a folder"):
        _ = RoiCache(None, SMALL).store


@pytest.fixture
def new_run(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Forget what this process knows of stores, as a new run does."""

    def forget() -> None:
        for store in store_module._OPEN.values():
            store.close_writer()
        monkeypatch.setattr(store_module, "_OPEN", {})

    return forget


def _moved(scan: Scan | None, **change: object) -> Scan:
    assert scan is not None
    return replace(scan, **change)


CHANGES: dict[str, Callable[[FollowUpPair], FollowUpPair]] = {
    "subject": lambda pair: replace(pair, subject="another"),
    "point of t0": lambda pair: replace(pair, t0=_moved(pair.t0, point=Point((20.0, 20.0, 12.001), Space.VOXEL))),
    "point of t1": lambda pair: replace(pair, t1=_moved(pair.t1, point=Point((20.0, 20.0, 12.0), Space.VOXEL))),
    "space": lambda pair: replace(pair, t1=_moved(pair.t1, point=Point(pair.t1.point.coordinates, Space.RAS))),
    "series": lambda pair: replace(pair, t1=_moved(pair.t1, series_uid="1.2.3")),
    "date": lambda pair: replace(pair, t1=_moved(pair.t1, date="20010102")),
    "other file": lambda pair: replace(pair, t1=_moved(pair.t1, path=_moved(pair.t0).path)),
    "scans exchanged": lambda pair: replace(pair, t0=pair.t1, t1=_moved(pair.t0)),
    "no t0": lambda pair: replace(pair, t0=None),
}


@pytest.mark.parametrize("change", CHANGES)
def test_another_record_is_not_served(change: str, nifti_pair: Place, tmp_path: Path) -> None:
    pair, folder = nifti_pair
    roi_cache = RoiCache(tmp_path / "store", SMALL)
    roi_cache.read(pair, folder)
    assert roi_cache.look_up(pair, folder) is Kept.CURRENT
    assert roi_cache.look_up(CHANGES[change](pair), folder) is Kept.MISSING


def test_a_record_is_served_with_what_no_roi_depends_on(nifti_pair: Place, tmp_path: Path) -> None:
    """Labels and clinical values may be corrected, and the window is applied later."""
    pair, folder = nifti_pair
    roi_cache = RoiCache(tmp_path / "store", SMALL)
    roi_cache.read(pair, folder)
    relabelled = replace(pair, label=1, clinical={"age": 70}, strata={"kernel": "B"}, interval_days=300.0)
    assert roi_cache.look_up(relabelled, folder) is Kept.CURRENT
    other_window = RoiCache(tmp_path / "store", replace(SMALL, window=(-1000.0, 400.0)))
    assert other_window.look_up(pair, folder) is Kept.CURRENT


def test_other_settings_and_readers_read_again_where_the_images_are(
    nifti_pair: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair, folder = nifti_pair
    RoiCache(tmp_path / "store", SMALL).read(pair, folder)
    for change in (replace(SMALL, size=(4, 6, 80)), replace(SMALL, spacing=(1.0, 1.0, 1.25))):
        assert RoiCache(tmp_path / "store", change).look_up(pair, folder) is Kept.MISSING
    wider = RoiCache(tmp_path / "store", replace(SMALL, size=(8, 14, 16)))
    _assert_equal(wider.read(pair, folder), read_pair(pair, folder, wider.settings))
    assert len(list(wider.store)) == 1  # it lay within the margin
    alone = replace(pair, t0=None)
    one_scan = RoiCache(tmp_path / "store", SMALL, repeat_missing_prior=True)
    expected = read_pair(alone, folder, SMALL, repeat_missing_prior=True)
    for _ in range(2):
        _assert_equal(one_scan.read(alone, folder), expected)
    with pytest.raises(BundleError, match="NO_PRIOR"):
        RoiCache(tmp_path / "store", SMALL).read(alone, folder)
    monkeypatch.setattr(cache, "READER_VERSION", cache.READER_VERSION + 1)
    one_scan.store.checked.clear()
    assert one_scan.look_up(pair, folder) is Kept.CHANGED


def test_a_changed_scan_is_read_again_in_the_next_run(
    nifti_pair: Place, tmp_path: Path, new_run: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    pair, folder = nifti_pair
    roi_cache = RoiCache(tmp_path / "store", SMALL)
    before = roi_cache.read(pair, folder)
    image = nibabel.Nifti1Image.from_filename(folder / pair.t1.path)
    denser = nibabel.Nifti1Image(np.asarray(image.dataobj) + 50, image.affine)
    nibabel.save(denser, folder / pair.t1.path)
    _assert_equal(roi_cache.read(pair, folder), before)
    new_run()
    with caplog.at_level(logging.WARNING, logger=cache.logger.name):
        after = roi_cache.read(pair, folder)
    assert "have changed since" in caplog.text
    _assert_equal(after, read_pair(pair, folder, SMALL))
    assert not np.array_equal(after.array, before.array)
    shutil.rmtree(folder)
    new_run()
    _assert_equal(roi_cache.read(pair, folder), after)  # of two entries the later one counts


def test_without_images_the_store_stands_for_them_at_any_place(
    nifti_pair: Place, tmp_path: Path, new_run: Callable[[], None]
) -> None:
    pair, folder = nifti_pair
    fresh = RoiCache(tmp_path / "store", SMALL).read(pair, folder)
    shutil.rmtree(folder)
    new_run()
    moved = (tmp_path / "store").rename(tmp_path / "elsewhere")
    roi_cache = RoiCache(moved, SMALL)
    assert prepare_rois([pair], tmp_path / "nowhere", roi_cache) == {}
    _assert_equal(roi_cache.read(pair, tmp_path / "nowhere"), fresh)
    another = replace(pair, subject="another")
    with pytest.raises(BundleError, match=r"pair another/.*does not exist"):
        roi_cache.read(another, tmp_path / "nowhere")


def test_without_images_a_shift_and_another_spacing_come_out_of_the_margin(
    dicom_folders: Path, dicom_pair: FollowUpPair, tmp_path: Path, new_run: Callable[[], None]
) -> None:
    x, y, z = dicom_pair.t1.known_point.coordinates
    shifted = replace(dicom_pair, t1=replace(dicom_pair.t1, point=Point((x + 1.0, y - 2.0, z), Space.LPS)))
    finer = RoiSettings(size=(6, 10, 12), spacing=(0.8, 0.7, 0.7))
    folder = Path(shutil.copytree(dicom_folders, tmp_path / "images"))
    roi_cache, fine_cache = RoiCache(tmp_path / "store", SMALL), RoiCache(tmp_path / "store", finer)
    roi_cache.read(dicom_pair, folder)
    expected, expected_finer = read_pair(shifted, folder, SMALL), read_pair(dicom_pair, folder, finer)
    shutil.rmtree(folder)
    new_run()
    found = roi_cache.read(shifted, folder)
    _assert_equal(replace(found, findings=expected.findings), expected)  # whole voxels away: the same places
    assert "interpolated" in found.findings[-1]
    found = fine_cache.read(dicom_pair, folder)
    np.testing.assert_allclose(found.affines, expected_finer.affines, atol=1e-9)
    assert np.corrcoef(found.array.ravel(), expected_finer.array.ravel())[0, 1] > 0.9
    far = replace(dicom_pair, t1=replace(dicom_pair.t1, point=Point((x + 9.0, y, z), Space.LPS)))
    with pytest.raises(BundleError, match=r"images are not here.*8x14x16 voxels.*4x6x8 voxels"):
        roi_cache.read(far, folder)


def test_two_cohorts_of_the_same_names_are_kept_apart(
    nifti_pair: Place, tmp_path: Path, new_run: Callable[[], None]
) -> None:
    pair, folder = nifti_pair
    assert pair.t0 is not None
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    other = Path(shutil.copytree(folder, tmp_path / "other"))
    shutil.copyfile(folder / pair.t0.path, other / pair.t1.path)
    shutil.copyfile(folder / pair.t1.path, other / pair.t0.path)
    roi_cache = RoiCache(tmp_path / "store", SMALL)
    read = {place: roi_cache.read(pair, place) for place in (folder, copy, other)}
    assert len(list(roi_cache.store)) == 2  # a copy of the same images needs no values of its own
    for place in (folder, copy, other):
        shutil.rmtree(place)
    new_run()
    for place, rois in read.items():
        _assert_equal(roi_cache.read(pair, place), rois)
    with pytest.raises(BundleError, match="2 different images"):
        roi_cache.read(pair, tmp_path / "a third")


def test_what_is_refused_is_not_stored(nifti_pair: Place, tmp_path: Path) -> None:
    pair, folder = nifti_pair
    outside = replace(pair, t1=replace(pair.t1, point=Point((500.0, 0.0, 0.0), Space.VOXEL)))
    roi_cache = RoiCache(tmp_path / "store", SMALL)
    with pytest.raises(BundleError, match=f"pair {pair.name}.*outside the scan"):
        roi_cache.read(outside, folder)
    assert not list(roi_cache.store)


def test_a_store_that_cannot_be_written_is_gone_without_in_one_line(
    nifti_pair: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pair, folder = nifti_pair
    roi_cache = RoiCache(tmp_path / "store", SMALL)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(roi_cache.store, "append", full)
    with caplog.at_level(logging.WARNING, logger=cache.logger.name):
        for _ in range(2):
            _assert_equal(roi_cache.read(pair, folder), read_pair(pair, folder, SMALL))
    (line,) = caplog.records
    assert "going on without it" in line.getMessage()
    assert "No space left" in line.getMessage()


def _files(roi_cache: RoiCache, suffix: str) -> list[Path]:
    assert roi_cache.folder is not None
    return sorted(roi_cache.folder.glob(f"*{suffix}"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_changed_byte_changes_a_roi(
    nifti_pair: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: st.DataObject
) -> None:
    """Of the values or of the manifest: the pair is read again, or rejected by name where its images are gone."""
    pair, folder = nifti_pair
    shutil.rmtree(tmp_path / "store", ignore_errors=True)
    monkeypatch.setattr(store_module, "_OPEN", {})
    roi_cache = RoiCache(tmp_path / "store", RoiSettings(size=(2, 2, 12)))
    fresh = roi_cache.read(pair, folder)
    (file,) = _files(roi_cache, data.draw(st.sampled_from([".values", ".index"])))
    content = bytearray(file.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1), label="place")
    content[place] ^= data.draw(st.integers(1, 255), label="bits")
    roi_cache.store.close_writer()
    file.write_bytes(content)
    monkeypatch.setattr(store_module, "_OPEN", {})
    report = verify_store(tmp_path / "store")
    assert not report.usable or report.entries == 0  # without its line break the line is one that a kill cut off
    with pytest.raises(BundleError, match=f"pair {pair.name}"):
        roi_cache.read(replace(pair, t0=replace(pair.t0, path="gone/t0.nii")), folder)  # type: ignore[type-var, arg-type]
    _assert_equal(roi_cache.read(pair, folder), fresh)
    assert not verify_store(tmp_path / "store").damaged  # what was read again counts
