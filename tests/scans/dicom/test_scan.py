from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.reader_cases import another, localizer
from helpers.synthetic_series import make_series, write_series, write_slice

from csfnet_bundle.core.errors import BundleError, Refusal, RefusalCode
from csfnet_bundle.scans.dicom import read_volume, scan_folder, select_series


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
    for words in ("3 copies", "1 localizers", "1 no DICOM"):
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
    assert series.skipped == {"DICOM without an image": 2, "damaged DICOM of another modality": 1}
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
