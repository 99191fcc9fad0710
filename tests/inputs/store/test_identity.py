"""Images that have changed in any way are not those that the store has read."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from csfnet_bundle.inputs import PairRois, RoiCache, RoiSettings, cache
from csfnet_bundle.inputs.store.finding import Kept
from csfnet_bundle.inputs.store.identity import state_of
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.scans.dicom import SeriesSummary

SMALL = RoiSettings(size=(4, 6, 8))


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
def test_every_file_of_a_folder_counts(
    scan: str, change: str, dicom_pair: FollowUpPair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("t0", "t1"):
        (tmp_path / name / "series" / "deep").mkdir(parents=True)
        for number in range(3):
            (tmp_path / name / "series" / f"{number}.dcm").write_bytes(b"slice %d" % number)
    numbers = np.random.default_rng(0).normal(size=(2, *SMALL.size)).astype(np.float32)
    found = PairRois(numbers, np.stack([np.eye(4)] * 2), (), (SeriesSummary("1"), SeriesSummary("2")))
    monkeypatch.setattr(cache, "read_pair", lambda *_, **__: found)
    roi_cache = RoiCache(tmp_path / "store", SMALL, margin_mm=(0, 0, 0))
    roi_cache.read(dicom_pair, tmp_path)
    roi_cache.store.checked.clear()
    assert roi_cache.look_up(dicom_pair, tmp_path) is Kept.CURRENT
    FILE_CHANGES[change](tmp_path / scan / "series" / "1.dcm")
    assert roi_cache.look_up(dicom_pair, tmp_path) is Kept.CURRENT  # looked at once a run
    roi_cache.store.checked.clear()
    assert roi_cache.look_up(dicom_pair, tmp_path) is Kept.CHANGED


def test_the_voxels_beside_a_header_count(dicom_pair: FollowUpPair, tmp_path: Path) -> None:
    """A .mhd file names the file with its voxels: that one counts, whatever its name."""
    (tmp_path / "t1.mhd").write_text("ObjectType = Image\nElementDataFile = voxels_of_t1\n")
    (tmp_path / "voxels_of_t1").write_bytes(bytes(8))
    before = state_of(tmp_path / "t1.mhd", follow_links=False)
    _rewrite(tmp_path / "voxels_of_t1")
    assert state_of(tmp_path / "t1.mhd", follow_links=False) != before
