from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.series_edits import another, localizer, shift
from helpers.synthetic_series import landmarks_lps, make_affine, make_series, write_series, write_slice

from csfnet_bundle.core.errors import BundleError, Refusal, RefusalCode
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.scans.dicom import read_roi, read_volume, scan_folder, select_series


def test_symbolic_links_are_not_followed(tmp_path: Path) -> None:
    """Neither out of the folder, to files and folders, nor round in circles within it."""
    outside = write_series(tmp_path / "outside", make_series(seed="outside"))
    folder = write_series(tmp_path / "folder", make_series())
    (folder / "link.dcm").symlink_to(next(outside.iterdir()))
    (folder / "others").symlink_to(outside, target_is_directory=True)
    (folder / "circle").symlink_to(folder, target_is_directory=True)
    (folder / "broken").symlink_to(tmp_path / "nowhere")
    (series,) = scan_folder(folder)
    assert len(series.instances) == 15
    assert not series.duplicates
    assert series.skipped == {"symbolic link, not followed": 4}
    assert any("4 symbolic link" in finding for finding in series.all_findings)


def test_a_folder_of_links_says_why_nothing_is_found(tmp_path: Path) -> None:
    outside = write_series(tmp_path / "outside", make_series())
    (tmp_path / "folder").mkdir()
    for path in outside.iterdir():
        (tmp_path / "folder" / path.name).symlink_to(path)
    with pytest.raises(Refusal, match="15 symbolic link") as caught:
        scan_folder(tmp_path / "folder")
    assert caught.value.code is RefusalCode.NO_DICOM


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    write_series(tmp_path / "real", make_series())
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    assert len(scan_folder(tmp_path / "link")) == 1


def test_pipes_and_forbidden_files_are_skipped(tmp_path: Path) -> None:
    folder = write_series(tmp_path, make_series())
    os.mkfifo(folder / "pipe")
    (series,) = scan_folder(folder)
    assert series.skipped == {"not a regular file": 1}


def test_a_folder_that_is_not_there_is_no_refusal(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no folder") as caught:
        scan_folder(tmp_path / "nowhere")
    assert not isinstance(caught.value, Refusal)


def test_a_series_tells_what_its_files_say(tmp_path: Path) -> None:
    series = make_series(ConvolutionKernel="B30f", Manufacturer="SIEMENS", SliceThickness="2")
    scout = localizer(series, ["ORIGINAL", "PRIMARY", "LOCALIZER"])
    write_series(tmp_path, [*series, scout])
    write_series(tmp_path / "copies", series[:3])
    write_series(tmp_path / "mr", another(series, "mr", Modality="MR"))
    (tmp_path / "notes.txt").write_text("soft")
    found = select_series(scan_folder(tmp_path))
    assert found.uid == series[0].SeriesInstanceUID
    assert found.study_uid == series[0].StudyInstanceUID
    assert (found.patient_id, found.study_date, found.modality) == ("100012", "19990102", "CT")
    assert (found.kernel, found.manufacturer, found.slice_thickness) == ("B30f", "SIEMENS", 2.0)
    assert found.pixel_spacing == (0.9, 0.8)
    assert found.description == "0,OPA,GE,LS16,STANDARD"
    assert found.folder == tmp_path
    assert (len(found.instances), len(found.duplicates), len(found.localizers)) == (15, 3, 1)
    findings = " ".join(found.all_findings)
    for words in ("3 copies of slices", "1 localizer", "1 no DICOM"):
        assert words in findings


def test_series_of_several_kinds_are_listed_with_their_refusals(tmp_path: Path) -> None:
    series = make_series()
    write_series(tmp_path / "good", series)
    write_series(tmp_path / "mr", another(series, "mr", Modality="MR"))
    write_series(tmp_path / "few", another(series, "few")[:2])
    gap = another(series, "gap")
    del gap[5]
    write_series(tmp_path / "gap", gap)
    found = {item.uid: item.refusal.code if item.refusal else None for item in scan_folder(tmp_path)}
    assert sorted(map(str, found.values())) == ["NOT_CT", "None", "SLICE_GAP", "TOO_FEW_SLICES"]
    assert select_series(scan_folder(tmp_path)).uid == series[0].SeriesInstanceUID


def test_colour_and_cine_of_other_modalities_are_no_ct(tmp_path: Path) -> None:
    series = make_series()
    write_series(tmp_path / "colour", another(series, "us", Modality="US", SamplesPerPixel=3))
    write_series(tmp_path / "cine", another(series, "xa", Modality="XA", NumberOfFrames=7)[:1])
    assert {item.refusal.code for item in scan_folder(tmp_path) if item.refusal} == {RefusalCode.NOT_CT}


def test_objects_without_an_image_are_skipped_whatever_follows_them(tmp_path: Path) -> None:
    folder = write_series(tmp_path, make_series())
    report = make_series(seed="report", Modality="SR", SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11")[0]
    del report.PixelData
    write_slice(folder / "report.dcm", report)
    content = (folder / "report.dcm").read_bytes()
    (folder / "padded.dcm").write_bytes(content + b"\xfc\xff\xfc\xffOB\0\0\4\0\0\0\0\0\0\0")
    (folder / "cut.dcm").write_bytes(content[:-3])
    (series,) = scan_folder(folder)
    assert series.skipped == {"DICOM without an image": 2, "DICOM of another kind": 1}
    assert series.refusal is None


def test_a_stray_damaged_file_concerns_only_series_beside_it(tmp_path: Path) -> None:
    write_series(tmp_path / "a", make_series())
    write_series(tmp_path / "b", make_series(seed="b", StudyDate="20000102"))
    write_slice(tmp_path / "b" / "stray.dcm", make_series(seed="c")[0])
    content = (tmp_path / "b" / "stray.dcm").read_bytes()
    (tmp_path / "b" / "stray.dcm").write_bytes(content[:400])
    refusals = {item.folder.name: item.refusal for item in scan_folder(tmp_path)}
    assert refusals["a"] is None
    assert refusals["b"] is not None
    assert refusals["b"].code is RefusalCode.UNREADABLE_SLICE
    assert "stray.dcm" in str(refusals["b"])


def test_links_are_followed_if_asked_for(tmp_path: Path) -> None:
    """As git-annex keeps a folder: links to a store beside it; content may be missing, and links go in circles."""
    store = write_series(tmp_path / "store", make_series())
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    for number, path in enumerate(sorted(store.iterdir())):
        (folder / ("sub" if number % 2 else "") / path.name).symlink_to(path)
    (folder / "circle").symlink_to(folder, target_is_directory=True)
    (series,) = scan_folder(folder, follow_links=True, index=tmp_path / "index")
    assert (len(series.instances), series.refusal, dict(series.skipped)) == (15, None, {})
    assert len(scan_folder(folder, follow_links=True, index=tmp_path / "index")[0].instances) == 15
    sorted(store.iterdir())[-1].unlink()
    (series,) = scan_folder(folder, follow_links=True, index=tmp_path / "index")
    assert series.refusal is not None
    assert series.refusal.code is RefusalCode.UNREADABLE_SLICE


def test_a_file_that_cannot_be_opened_may_be_a_slice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_series(tmp_path, make_series())
    last = str(sorted(folder.iterdir())[-1])
    opened = os.open

    def refuse(path: str, flags: int) -> int:
        if str(path) == last:
            raise PermissionError(13, "Permission denied", path)
        return opened(path, flags)

    monkeypatch.setattr("csfnet_bundle.scans.dicom.header.os.open", refuse)
    (series,) = scan_folder(folder)
    with pytest.raises(Refusal, match=r"slice0014\.dcm: cannot be read: Permission denied") as caught:
        read_volume(series)
    assert caught.value.code is RefusalCode.UNREADABLE_SLICE


@pytest.mark.parametrize("same_size", [True, False])
def test_a_file_replaced_after_the_scan_is_not_read_at_its_old_offset(same_size: bool, tmp_path: Path) -> None:
    series = select_series(scan_folder(write_series(tmp_path, make_series())))
    other = make_series(seed="other", SeriesDescription="" if same_size else "a description that moves the pixels")[3]
    path = Path(series.instances[3].path)
    if same_size:
        other.SeriesDescription = make_series()[3].SeriesDescription
    write_slice(path, other)
    os.utime(path, ns=(1, 1))
    with pytest.raises(Refusal, match="changed after its header was read") as caught:
        read_volume(series)
    assert caught.value.code is RefusalCode.UNREADABLE_SLICE


def test_parts_of_one_uid_have_names_that_choose_them(tmp_path: Path) -> None:
    series = make_series()
    second = another(series, "again", SeriesInstanceUID=series[0].SeriesInstanceUID, AcquisitionNumber=2)
    for data in series:
        data.AcquisitionNumber = 1
    write_series(tmp_path, series)
    write_series(tmp_path, second, prefix="again")
    found = scan_folder(tmp_path)
    uid = series[0].SeriesInstanceUID
    assert sorted(item.name for item in found) == [f"{uid}/acquisition-1", f"{uid}/acquisition-2"]
    with pytest.raises(Refusal, match="acquisition-2") as caught:
        select_series(found)
    assert caught.value.figures["candidates"] == [item.name for item in found]
    for item in found:
        assert select_series(found, uid=item.name).instances == item.instances


def test_an_ultra_high_resolution_series_is_too_large_for_a_volume_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("csfnet_bundle.scans.dicom.series.MAX_VOXELS", 1000)
    series = select_series(scan_folder(write_series(tmp_path, make_series())))
    point = Point(tuple(landmarks_lps(make_affine())[0].tolist()), Space.LPS)
    assert read_roi(series, point, (4, 8, 8)).array.max() > 100
    with pytest.raises(Refusal, match="as one volume") as caught:
        read_volume(series)
    assert caught.value.code is RefusalCode.TOO_LARGE


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ("missing", "Get the missing slices"),
        ("extra", "1 slice lies between the places of the others"),
        ("uneven", "do not lie evenly"),
    ],
)
def test_a_gap_says_what_to_do(edit: str, words: str, tmp_path: Path) -> None:
    series = make_series()
    if edit == "missing":
        del series[6]
    elif edit == "extra":
        extra = another(series, "extra", SeriesInstanceUID=series[0].SeriesInstanceUID)[5]
        shift(extra, z=0.7)
        series.append(extra)
    else:
        for index, data in enumerate(series):
            shift(data, z=0.35 * np.sin(2.7 * index))
    (found,) = scan_folder(write_series(tmp_path, series))
    assert found.refusal is not None
    assert found.refusal.code is RefusalCode.SLICE_GAP
    assert words in found.refusal.remedy


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.nrrd", b"NRRD0004\n", "Convert NRRD"),
        ("a.html", b"<!DOCTYPE html>", "download them again"),
        ("a.zip", b"PK\3\4", "Unpack the archive"),
        ("a.gz", b"\x1f\x8b", "Unpack the .gz"),
    ],
)
def test_a_folder_of_something_else_says_what_to_do(name: str, content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content + bytes(400))
    with pytest.raises(Refusal) as caught:
        scan_folder(tmp_path)
    assert caught.value.code is RefusalCode.NO_DICOM
    assert words in caught.value.remedy


def test_a_file_that_vanishes_between_scan_and_reading_is_a_refusal(tmp_path: Path) -> None:
    series = select_series(scan_folder(write_series(tmp_path, make_series())))
    Path(series.instances[3].path).unlink()
    with pytest.raises(Refusal) as caught:
        read_volume(series)
    assert caught.value.code is RefusalCode.UNREADABLE_SLICE


def test_the_reader_imports_only_what_it_needs() -> None:
    program = (
        "import sys; import csfnet_bundle.scans.dicom; "
        "print(*sorted({'torch', 'monai', 'itk', 'SimpleITK', 'highdicom', 'nibabel', 'pandas', 'scipy', 'gdcm'} "
        "& set(sys.modules)))"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert output.strip() == ""
