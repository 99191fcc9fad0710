import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from helpers.series_edits import another
from helpers.synthetic_series import landmarks_lps, make_affine, make_series, write_series

from csfnet_bundle.cohorts.phantom.enhanced import write_enhanced
from csfnet_bundle.core.errors import BundleError, Refusal, RefusalCode
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.inputs import RoiSettings, describe_pair, locate_pair, read_pair
from csfnet_bundle.records import FollowUpPair, Scan
from csfnet_bundle.scans import dicom

SMALL = RoiSettings(size=(4, 10, 12))
SAME_HU = 0.05
"""HU by which SimpleITK's linear interpolation may differ: it computes in other precision."""
Place = tuple[FollowUpPair, Path]


def _refused(code: RefusalCode, pair: FollowUpPair, folder: Path) -> str:
    with pytest.raises(Refusal) as caught:
        read_pair(pair, folder, SMALL)
    assert caught.value.code is code
    assert f"pair {pair.name}" in str(caught.value)
    return str(caught.value)


def test_t0_is_channel_0_and_each_scan_has_its_own_affine(nifti_pair: Place) -> None:
    """Each channel against SimpleITK, which resamples the whole file on the grid that the affine describes."""
    pair, folder = nifti_pair
    rois = read_pair(pair, folder, SMALL)
    assert rois.array.shape == (2, *SMALL.size)
    for channel, scan in enumerate((pair.t0, pair.t1)):
        assert scan is not None
        image = SimpleITK.ReadImage(str(folder / scan.path), SimpleITK.sitkFloat32)
        grid = SimpleITK.Image(SMALL.size[::-1], SimpleITK.sitkFloat32)  # SimpleITK's axes are (w, h, d)
        grid.SetOrigin(rois.affines[channel][:3, 3].tolist())
        expected = SimpleITK.GetArrayFromImage(SimpleITK.Resample(image, grid, defaultPixelValue=-1024.0))
        np.testing.assert_allclose(rois.array[channel], expected, atol=SAME_HU)
    assert not np.allclose(rois.affines[0], rois.affines[1])  # the patient moved


def test_exchanged_scans_exchange_channels(nifti_pair: Place) -> None:
    pair, folder = nifti_pair
    exchanged = read_pair(replace(pair, t0=pair.t1, t1=pair.t0 or pair.t1), folder, SMALL)
    np.testing.assert_array_equal(exchanged.array, read_pair(pair, folder, SMALL).array[::-1])


def test_no_prior_is_refused_unless_asked_for(nifti_pair: Place) -> None:
    pair, folder = nifti_pair
    alone = replace(pair, t0=None)
    told = _refused(RefusalCode.NO_PRIOR, alone, folder)
    assert "models/nodules/model.pt (an opinion from one scan)" in told
    assert "configs/prior_dropout.json" in told
    rois = read_pair(alone, folder, SMALL, repeat_missing_prior=True)
    np.testing.assert_array_equal(rois.array[0], rois.array[1])
    np.testing.assert_array_equal(rois.array[1], read_pair(pair, folder, SMALL).array[1])
    assert "no t0" in rois.findings[-1]


def test_a_missing_file_is_named_with_its_pair(nifti_pair: Place) -> None:
    pair, folder = nifti_pair
    (folder / pair.t1.path).unlink()
    with pytest.raises(BundleError, match=rf"pair {pair.name}: .*t1\.nii does not exist"):
        read_pair(pair, folder, SMALL)


def test_one_scan_twice_is_no_pair(nifti_pair: Place, dicom_pair: FollowUpPair, dicom_folders: Path) -> None:
    pair, folder = nifti_pair
    (folder / "link.nii").symlink_to(folder / pair.t1.path)
    for path in (pair.t1.path, f"./{pair.t1.path}", "link.nii"):
        told = _refused(RefusalCode.PAIR_MISMATCH, replace(pair, t0=replace(pair.t1, path=path)), folder)
        assert "t0 and t1 are the same scan" in told
    assert "same" in _refused(RefusalCode.PAIR_MISMATCH, replace(dicom_pair, t0=dicom_pair.t1), dicom_folders)


def test_the_series_of_t0_has_the_kernel_of_t1(dicom_pair: FollowUpPair, dicom_folders: Path) -> None:
    """t0 alone would be read from its soft series, but t1 has a sharp one only."""
    t0, t1 = locate_pair(dicom_pair, dicom_folders)
    assert dicom.select_series(dicom.scan_folder(dicom_folders / "t0")).kernel == "STANDARD"
    assert t0 is not None
    assert t0.series is not None
    assert t1.series is not None
    assert (t0.series.kernel, t1.series.kernel) == ("BONE", "BONE")
    findings = read_pair(dicom_pair, dicom_folders, SMALL).findings
    assert any(text.startswith("t0: Chosen by the rule") and "; not '" in text for text in findings)
    assert not any(text.startswith("t1: ") for text in findings)  # there was nothing to choose


def test_the_series_asked_for_is_read(dicom_pair: FollowUpPair, dicom_folders: Path) -> None:
    soft = next(item for item in dicom.scan_folder(dicom_folders / "t0") if item.kernel == "STANDARD")
    assert dicom_pair.t0 is not None
    asked = replace(dicom_pair, t0=replace(dicom_pair.t0, series_uid=soft.uid))
    t0, _ = locate_pair(asked, dicom_folders)
    assert t0 is not None
    assert t0.series is not None
    assert t0.series.kernel == "STANDARD"
    unknown = replace(asked, t1=replace(asked.t1, series_uid="1.2.3"))
    assert "1.2.3" in _refused(RefusalCode.SERIES_NOT_FOUND, unknown, dicom_folders)


def test_images_of_another_patient_or_day_are_refused(dicom_pair: FollowUpPair, dicom_folders: Path) -> None:
    other = _refused(RefusalCode.PAIR_MISMATCH, replace(dicom_pair, subject="100013"), dicom_folders)
    assert "'100013'" in other
    assert "'100012'" in other
    later = replace(dicom_pair, t1=replace(dicom_pair.t1, date="20010102"))
    assert "'20010102'" in _refused(RefusalCode.PAIR_MISMATCH, later, dicom_folders)
    assert dicom_pair.t0 is not None
    backwards = replace(dicom_pair, t0=dicom_pair.t1, t1=dicom_pair.t0)
    assert "Exchange" in _refused(RefusalCode.PAIR_MISMATCH, backwards, dicom_folders)


def test_a_prior_of_another_kind_of_file_goes(dicom_pair: FollowUpPair, dicom_folders: Path, tmp_path: Path) -> None:
    """t0 as NIfTI, t1 as DICOM: a scan converted gives the same voxels."""
    assert dicom_pair.t0 is not None
    shutil.copytree(dicom_folders / "t1", tmp_path / "t1")
    (series,) = dicom.scan_folder(dicom_folders / "t0" / "BONE")
    volume = dicom.read_volume(series)
    image = SimpleITK.GetImageFromArray(volume.array.transpose(2, 1, 0))
    image.SetOrigin(volume.affine[:3, 3].tolist())
    image.SetSpacing(np.diag(volume.affine)[:3].tolist())
    SimpleITK.WriteImage(image, str(tmp_path / "t0.nii.gz"))
    mixed = replace(dicom_pair, t0=replace(dicom_pair.t0, path="t0.nii.gz"))
    rois = read_pair(mixed, tmp_path, SMALL)
    np.testing.assert_allclose(rois.array, read_pair(dicom_pair, dicom_folders, SMALL).array, atol=SAME_HU)


def test_the_point_outside_a_scan_is_named(nifti_pair: Place) -> None:
    pair, folder = nifti_pair
    outside = replace(pair, t1=replace(pair.t1, point=Point((1.0, 2.0, 999.0), Space.LPS)))
    assert "(1, 2, 999)" in _refused(RefusalCode.POINT_OUTSIDE, outside, folder)


def test_one_scan_stored_twice_is_no_pair(nifti_pair: Place, tmp_path: Path) -> None:
    """A file copied under another name, and a series de-identified twice, with new UIDs and another date."""
    pair, folder = nifti_pair
    shutil.copy(folder / pair.t1.path, folder / "copy.nii")
    words = _refused(RefusalCode.PAIR_MISMATCH, replace(pair, t0=replace(pair.t1, path="copy.nii")), folder)
    assert "stored twice" in words
    marks = landmarks_lps(make_affine())
    write_series(tmp_path / "t0", make_series(intercept=-1000.0))
    again = another(make_series(), "again", StudyInstanceUID="1.2.3", StudyDate="20000102")
    write_series(tmp_path / "t1", again)
    point = Point(tuple(marks[0].tolist()), Space.LPS)
    twice = FollowUpPair("100012", "1", Scan("t1", point), Scan("t0", point))
    _refused(RefusalCode.PAIR_MISMATCH, twice, tmp_path)
    air = Point(tuple((make_affine() @ [40.0, 30.0, 2.0, 1.0])[:3].tolist()), Space.LPS)
    constant = read_pair(
        replace(twice, t0=Scan("t0", air), t1=Scan("t1", air)),
        tmp_path,
        RoiSettings(size=(2, 2, 2), spacing=(0.5,) * 3),
    )
    assert np.ptp(constant.array) == 0  # air may be equal in two scans


def test_the_series_read_is_told_with_what_else_there_was(dicom_pair: FollowUpPair, dicom_folders: Path) -> None:
    t0, t1 = read_pair(dicom_pair, dicom_folders, SMALL).series
    assert t0 is not None
    assert t1 is not None
    assert (t0.kernel, t0.slices, t0.slice_thickness_mm) == ("BONE", 15, 1.5)
    assert t0.image_type == "ORIGINAL\\PRIMARY\\AXIAL"
    assert len(t0.others) == 1
    assert "STANDARD" in t0.others[0]
    assert t1.others == ()
    assert all(words in str(t0) for words in (t0.uid, t0.description, "1 other CT series", "STANDARD"))
    assert dicom.SeriesSummary.from_plain(json.loads(json.dumps(t0.to_plain()))) == t0


def test_one_file_of_a_series_and_an_archive_are_named_for_what_they_are(
    dicom_pair: FollowUpPair, dicom_folders: Path, tmp_path: Path
) -> None:
    shutil.copytree(dicom_folders, tmp_path / "scans")
    file = sorted((tmp_path / "scans" / "t1" / "BONE").iterdir())[0]
    one = replace(dicom_pair, t1=replace(dicom_pair.t1, path=str(file)))
    words = _refused(RefusalCode.TOO_FEW_SLICES, one, tmp_path / "scans")
    assert f"Give the folder of the whole series, for example {file.parent}" in words
    (tmp_path / "t1.zip").write_bytes(b"PK\3\4" + bytes(100))
    packed = replace(dicom_pair, t1=replace(dicom_pair.t1, path=str(tmp_path / "t1.zip")))
    assert "t1.zip is no scan but a zip archive. Unpack" in _refused(RefusalCode.NO_DICOM, packed, tmp_path / "scans")


def test_one_multi_frame_file_is_a_scan(dicom_pair: FollowUpPair, dicom_folders: Path, tmp_path: Path) -> None:
    shutil.copytree(dicom_folders, tmp_path / "scans")
    write_enhanced(tmp_path / "scans" / "t1" / "BONE", tmp_path / "scans" / "t1.dcm")
    whole = replace(dicom_pair, t1=replace(dicom_pair.t1, path="t1.dcm"))
    found, expected = (read_pair(pair, tmp_path / "scans", SMALL) for pair in (whole, dicom_pair))
    np.testing.assert_allclose(found.array, expected.array, atol=1e-3)


@pytest.mark.parametrize("date", ["", "19990102"], ids=["removed", "made equal"])
def test_dates_that_say_nothing_need_an_interval(date: str, tmp_path: Path) -> None:
    write_series(tmp_path / "t0", make_series(StudyDate="19990102" if date else ""))
    write_series(tmp_path / "t1", make_series(seed="later", StudyDate=date, marks=landmarks_lps(make_affine()) + 2))
    point = Point(tuple(landmarks_lps(make_affine())[0].tolist()), Space.LPS)
    pair = FollowUpPair("100012", "1", Scan("t1", point, date=date or None), Scan("t0", point, date=date or None))
    assert "interval_days" in _refused(RefusalCode.PAIR_MISMATCH, pair, tmp_path)
    known = FollowUpPair.from_record(replace(pair, interval_days=370).to_record())
    assert any("do not tell which scan is earlier" in text for text in read_pair(known, tmp_path, SMALL).findings)
    described = describe_pair(tmp_path, t0=("t0", point), t1=("t1", point), interval_days=370)
    assert (described.interval_days, described.t1.date) == (370, date or None)
