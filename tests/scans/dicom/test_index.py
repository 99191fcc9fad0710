import json
import os
import shutil
import zlib
from pathlib import Path

import numpy as np
import pytest
from helpers.synthetic_series import landmarks_lps, make_affine, make_series, pixels, write_series, write_slice
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csfnet_bundle.core.errors import Refusal
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.scans.dicom import index, read_roi, scan, scan_folder, select_series
from csfnet_bundle.scans.dicom.series import Series


@pytest.fixture(autouse=True)
def _files_are_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are trusted at once, as if they had been written long before."""
    monkeypatch.setattr(index, "SETTLED_NS", -(10**18))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files whose headers were read."""
    names: list[str] = []
    original = scan.read_instances

    def counted(path: str) -> object:
        names.append(Path(path).name)
        return original(path)

    monkeypatch.setattr(scan, "read_instances", counted)
    return names


def same(one: list[Series], other: list[Series]) -> bool:
    return one == other and [item.skipped for item in one] == [item.skipped for item in other]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    write_series(folder / "a", make_series())
    sharp = make_series(seed="1", ConvolutionKernel="B70f", PixelPaddingValue=-2000)
    write_series(folder / "b", sharp)
    (folder / "notes.txt").write_text("no slice")
    (folder / "empty").touch()
    (folder / "a" / "slice0003.dcm").write_bytes((folder / "a" / "slice0003.dcm").read_bytes()[:900])
    return folder


def test_the_result_is_the_same_and_nothing_is_read_again(study: Path, tmp_path: Path, read: list[str]) -> None:
    plain = scan_folder(study)
    read.clear()
    assert same(scan_folder(study, index=tmp_path / "index"), plain)
    assert len(read) == 32
    read.clear()
    assert same(scan_folder(study, index=tmp_path / "index"), plain)
    assert read == []


def test_a_roi_through_the_index_is_the_same(tmp_path: Path, read: list[str]) -> None:
    write_series(tmp_path / "series", make_series(slope=0.5))
    point = Point(tuple(landmarks_lps(make_affine())[1].tolist()), Space.LPS)
    rois = [
        read_roi(select_series(scan_folder(tmp_path / "series", index=where)), point)
        for where in (None, tmp_path / "index", tmp_path / "index")
    ]
    assert len(read) == 30
    for roi in rois[1:]:
        np.testing.assert_array_equal(roi.array, rois[0].array)
        assert roi.findings == rois[0].findings


@pytest.mark.parametrize("change", ["edit", "edit with the same size and time", "appear", "vanish", "rename"])
def test_only_what_changed_is_read(change: str, study: Path, tmp_path: Path, read: list[str]) -> None:
    scan_folder(study, index=tmp_path / "index")
    read.clear()
    file = study / "b" / "slice0005.dcm"
    if change == "edit":
        write_slice(file, make_series(seed="1", PatientID="100013")[5])
    elif change == "edit with the same size and time":
        status = file.stat()
        write_slice(
            file, make_series(seed="1", PatientID="100019", ConvolutionKernel="B70f", PixelPaddingValue=-2000)[5]
        )
        assert file.stat().st_size == status.st_size
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    elif change == "appear":
        shutil.copyfile(study / "a" / "slice0004.dcm", study / "copy.dcm")
    elif change == "vanish":
        file.unlink()
    else:
        file.rename(file.with_name("moved.dcm"))
    found = scan_folder(study, index=tmp_path / "index")
    assert len(read) == (0 if change == "vanish" else 1)
    assert same(found, scan_folder(study))
    read.clear()
    scan_folder(study, index=tmp_path / "index")
    assert read == []


def test_a_file_just_written_is_not_trusted(
    study: Path, tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "SETTLED_NS", 10**18)
    for _ in range(2):
        read.clear()
        scan_folder(study, index=tmp_path / "index")
        assert len(read) == 32


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1), value=st.integers(0, 255), cut=st.booleans())
def test_a_damaged_index_is_made_again(place: float, value: int, cut: bool, indexed: tuple[Path, Path]) -> None:
    study, folder = indexed
    (file,) = folder.iterdir()
    content = bytearray(file.read_bytes())
    at = int(place * (len(content) - 1))
    file.write_bytes(bytes(content[:at]) if cut else bytes((*content[:at], value, *content[at + 1 :])))
    plain = scan_folder(study)
    assert same(scan_folder(study, index=folder), plain)
    assert same(scan_folder(study, index=folder), plain)
    assert file.read_bytes() == content


@pytest.fixture
def indexed(study: Path, tmp_path: Path) -> tuple[Path, Path]:
    scan_folder(study, index=tmp_path / "index")
    return study, tmp_path / "index"


@pytest.mark.parametrize("content", [[], {}, {"made_by": 1}, 7, {"names": ["a"]}])
def test_another_kind_of_document_is_made_again(content: object, indexed: tuple[Path, Path]) -> None:
    study, folder = indexed
    (file,) = folder.iterdir()
    good = file.read_bytes()
    text = json.dumps(content).encode()
    file.write_bytes(b"%08x\n" % zlib.crc32(text) + text)
    assert same(scan_folder(study, index=folder), scan_folder(study))
    assert file.read_bytes() == good


def test_an_index_of_another_version_is_not_used(
    indexed: tuple[Path, Path], read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    study, folder = indexed
    monkeypatch.setattr(index, "INDEX_VERSION", index.INDEX_VERSION + 1)
    scan_folder(study, index=folder)
    assert len(read) == 32


def test_folders_do_not_share_what_is_known(indexed: tuple[Path, Path], tmp_path: Path, read: list[str]) -> None:
    study, folder = indexed
    shutil.copytree(study, tmp_path / "other")
    scan_folder(tmp_path / "other", index=folder)
    assert len(read) == 32
    assert len(list(folder.iterdir())) == 2


def test_what_is_refused_stays_refused(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "notes.txt").write_text("no slice")
    for _ in range(2):
        with pytest.raises(Refusal, match="NO_DICOM"):
            scan_folder(tmp_path / "study", index=tmp_path / "index")


def test_one_file_needs_no_index(tmp_path: Path) -> None:
    series = make_series()
    write_series(tmp_path / "series", series[:1])
    assert same(
        scan_folder(tmp_path / "series" / "slice0000.dcm", index=tmp_path / "index"),
        scan_folder(tmp_path / "series" / "slice0000.dcm"),
    )


def test_pixels_are_never_kept(tmp_path: Path) -> None:
    series = make_series()
    write_series(tmp_path / "series", series)
    point = Point(tuple(landmarks_lps(make_affine())[1].tolist()), Space.LPS)
    before = read_roi(select_series(scan_folder(tmp_path / "series", index=tmp_path / "index")), point)
    for data in series:
        data.PixelData = (pixels(data) + 7).tobytes()
    write_series(tmp_path / "series", series)
    after = read_roi(select_series(scan_folder(tmp_path / "series", index=tmp_path / "index")), point)
    assert after.array.max() == pytest.approx(before.array.max() + 7, abs=1)
