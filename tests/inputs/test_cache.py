"""The cache gives what reading gives, and never what another file, point or setting gave."""

import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.inputs import PairRois, RoiCache, RoiSettings, cache, read_pair
from csfnet_bundle.records import FollowUpPair, Scan

SMALL = RoiSettings(size=(4, 6, 8))
Place = tuple[FollowUpPair, Path]


def _assert_equal(one: PairRois, other: PairRois) -> None:
    np.testing.assert_array_equal(one.array, other.array)
    np.testing.assert_array_equal(one.affines, other.affines)
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
        RoiCache(None, SMALL).path(pair, folder)


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
def test_the_key_changes_with_the_record(change: str, nifti_pair: Place, tmp_path: Path) -> None:
    pair, folder = nifti_pair
    roi_cache = RoiCache(tmp_path / "cache", SMALL)
    assert roi_cache.path(CHANGES[change](pair), folder) != roi_cache.path(pair, folder)


def test_the_key_keeps_with_what_no_roi_depends_on(nifti_pair: Place, tmp_path: Path) -> None:
    """Labels and clinical values may be corrected, and the window is applied after the cache."""
    pair, folder = nifti_pair
    roi_cache = RoiCache(tmp_path / "cache", SMALL)
    relabelled = replace(pair, label=1, clinical={"age": 70}, strata={"kernel": "B"}, interval_days=1.0)
    assert roi_cache.path(relabelled, folder) == roi_cache.path(pair, folder)
    other_window = RoiCache(tmp_path / "cache", replace(SMALL, window=(-1000.0, 400.0)))
    assert other_window.path(pair, folder) == roi_cache.path(pair, folder)


def test_the_key_changes_with_the_roi_and_the_reader(
    nifti_pair: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair, folder = nifti_pair
    changed = [replace(SMALL, size=(4, 8, 6)), replace(SMALL, spacing=(1.0, 1.0, 1.25))]
    caches = [RoiCache(tmp_path, SMALL), RoiCache(tmp_path, SMALL, repeat_missing_prior=True)]
    paths = {item.path(pair, folder) for item in [*caches, *(RoiCache(tmp_path, item) for item in changed)]}
    assert len(paths) == 3  # how a missing t0 is treated changes nothing where there is one
    alone = replace(pair, t0=None)
    paths |= {item.path(alone, folder) for item in caches}
    assert len(paths) == 5
    monkeypatch.setattr(cache, "READER_VERSION", cache.READER_VERSION + 1)
    assert caches[0].path(pair, folder) not in paths


def test_the_key_changes_with_the_cohorts_place(nifti_pair: Place, tmp_path: Path) -> None:
    pair, folder = nifti_pair
    copy = shutil.copytree(folder, tmp_path / "copy")
    roi_cache = RoiCache(tmp_path / "cache", SMALL)
    assert roi_cache.path(pair, copy) != roi_cache.path(pair, folder)


def _rewrite(file: Path) -> None:
    """Other bytes of the same number, and the old time of change: what a careless repair or a copy leaves."""
    status = file.stat()
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


FILE_CHANGES: dict[str, Callable[[Path], object]] = {
    "longer": lambda file: file.write_bytes(file.read_bytes() + b"x"),
    "touched": lambda file: os.utime(file, ns=(0, 1)),
    "rewritten": _rewrite,
    "removed": lambda file: file.unlink(),
    "added": lambda file: file.with_name("another.dcm").write_bytes(b""),
    "renamed": lambda file: file.rename(file.with_name("another.dcm")),
    "moved down": lambda file: shutil.move(file, file.parent / "deep"),
}


@pytest.mark.parametrize("change", FILE_CHANGES)
@pytest.mark.parametrize("scan", ["t0", "t1"])
def test_the_key_changes_with_every_file_of_a_folder(
    scan: str, change: str, dicom_pair: FollowUpPair, tmp_path: Path
) -> None:
    for name in ("t0", "t1"):
        (tmp_path / name / "series" / "deep").mkdir(parents=True)
        for number in range(3):
            (tmp_path / name / "series" / f"{number}.dcm").write_bytes(b"slice %d" % number)
    roi_cache = RoiCache(tmp_path / "cache", SMALL)
    before = roi_cache.path(dicom_pair, tmp_path)
    assert roi_cache.path(dicom_pair, tmp_path) == before
    FILE_CHANGES[change](tmp_path / scan / "series" / "1.dcm")
    assert roi_cache.path(dicom_pair, tmp_path) != before


@pytest.mark.parametrize("change", ["longer", "touched", "rewritten"])
def test_the_key_changes_with_a_volume_file(change: str, nifti_pair: Place, tmp_path: Path) -> None:
    pair, folder = nifti_pair
    roi_cache = RoiCache(tmp_path / "cache", SMALL)
    before = roi_cache.path(pair, folder)
    FILE_CHANGES[change](folder / pair.t1.path)
    assert roi_cache.path(pair, folder) != before


def test_the_key_changes_with_the_voxels_beside_a_header(dicom_pair: FollowUpPair, tmp_path: Path) -> None:
    """A .mhd file names the file with its voxels: that one counts, whatever its name."""
    for name in ("t0", "t1"):
        (tmp_path / f"{name}.mhd").write_text(f"ObjectType = Image\nElementDataFile = voxels_of_{name}\n")
        (tmp_path / f"voxels_of_{name}").write_bytes(bytes(8))
    assert dicom_pair.t0 is not None
    pair = replace(dicom_pair, t0=replace(dicom_pair.t0, path="t0.mhd"), t1=replace(dicom_pair.t1, path="t1.mhd"))
    roi_cache = RoiCache(tmp_path / "cache", SMALL)
    before = roi_cache.path(pair, tmp_path)
    _rewrite(tmp_path / "voxels_of_t1")
    assert roi_cache.path(pair, tmp_path) != before


def test_a_changed_scan_is_read_again(nifti_pair: Place, tmp_path: Path) -> None:
    pair, folder = nifti_pair
    roi_cache = RoiCache(tmp_path / "cache", SMALL)
    before = roi_cache.read(pair, folder)
    assert pair.t0 is not None
    shutil.copyfile(folder / pair.t0.path, folder / pair.t1.path)
    _assert_equal(roi_cache.read(pair, folder), read_pair(pair, folder, SMALL))
    assert not np.array_equal(roi_cache.read(pair, folder).array, before.array)


def test_what_is_refused_is_not_cached(nifti_pair: Place, tmp_path: Path) -> None:
    pair, folder = nifti_pair
    outside = replace(pair, t1=replace(pair.t1, point=Point((500.0, 0.0, 0.0), Space.VOXEL)))
    roi_cache = RoiCache(tmp_path / "cache", SMALL)
    with pytest.raises(BundleError, match=f"pair {pair.name}.*outside the scan"):
        roi_cache.read(outside, folder)
    assert not list((tmp_path / "cache").rglob("*.npz*"))


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "half": lambda content: content[: len(content) // 2],
    "other file": lambda content: b"x" * len(content),
    "longer by a byte at its beginning": lambda content: b"\0" + content,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_made_again_and_said_so(
    damage: str, nifti_pair: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pair, folder = nifti_pair
    roi_cache = RoiCache(tmp_path / "cache", SMALL)
    fresh = roi_cache.read(pair, folder)
    file = roi_cache.path(pair, folder)
    whole = file.read_bytes()
    file.write_bytes(DAMAGES[damage](whole))
    with caplog.at_level(logging.WARNING, logger=cache.logger.name):
        _assert_equal(roi_cache.read(pair, folder), fresh)
    assert file.read_bytes() == whole or damage.startswith("longer")
    assert str(file) in caplog.text or damage.startswith("longer")  # an archive with something before it is whole


def test_a_file_of_another_shape_is_not_taken(nifti_pair: Place, tmp_path: Path) -> None:
    pair, folder = nifti_pair
    other, ours = RoiCache(tmp_path / "a", RoiSettings(size=(2, 2, 12))), RoiCache(tmp_path / "b", SMALL)
    other.read(pair, folder)
    ours.path(pair, folder).parent.mkdir(parents=True)
    shutil.copyfile(other.path(pair, folder), ours.path(pair, folder))
    assert ours.read(pair, folder).array.shape == (2, 4, 6, 8)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_changed_byte_changes_a_roi(nifti_pair: Place, tmp_path: Path, data: st.DataObject) -> None:
    pair, folder = nifti_pair
    roi_cache = RoiCache(tmp_path / "cache", RoiSettings(size=(2, 2, 12)))
    fresh = roi_cache.read(pair, folder)
    file = roi_cache.path(pair, folder)
    content = bytearray(file.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1), label="place")
    content[place] ^= data.draw(st.integers(1, 255), label="bits")
    file.write_bytes(content)
    _assert_equal(roi_cache.read(pair, folder), fresh)
