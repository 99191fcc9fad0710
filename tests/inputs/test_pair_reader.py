import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from csfnet_bundle.core.errors import BundleError, Refusal, RefusalCode
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.inputs import RoiSettings, locate_pair, read_pair
from csfnet_bundle.records import FollowUpPair
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
    assert "one-scan" in _refused(RefusalCode.NO_PRIOR, alone, folder)
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
        _refused(RefusalCode.PAIR_MISMATCH, replace(pair, t0=replace(pair.t1, path=path)), folder)
    _refused(RefusalCode.PAIR_MISMATCH, replace(dicom_pair, t0=dicom_pair.t1), dicom_folders)


def test_the_series_of_t0_has_the_kernel_of_t1(dicom_pair: FollowUpPair, dicom_folders: Path) -> None:
    """t0 alone would be read from its soft series, but t1 has a sharp one only."""
    t0, t1 = locate_pair(dicom_pair, dicom_folders)
    assert dicom.select_series(dicom.scan_folder(dicom_folders / "t0")).kernel == "STANDARD"
    assert t0 is not None
    assert t0.series is not None
    assert t1.series is not None
    assert (t0.series.kernel, t1.series.kernel) == ("BONE", "BONE")
    findings = read_pair(dicom_pair, dicom_folders, SMALL).findings
    assert any(text.startswith("t0: ") and "not 15 slices" in text for text in findings)
    assert any(text.startswith("t1: ") and "kernel BONE" in text for text in findings)


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
    """t0 as NIfTI, t1 as DICOM: the same scan converted gives the same voxels."""
    assert dicom_pair.t0 is not None
    shutil.copytree(dicom_folders / "t1", tmp_path / "t1")
    (series,) = dicom.scan_folder(dicom_folders / "t1")
    volume = dicom.read_volume(series)
    image = SimpleITK.GetImageFromArray(volume.array.transpose(2, 1, 0))
    image.SetOrigin(volume.affine[:3, 3].tolist())
    image.SetSpacing(np.diag(volume.affine)[:3].tolist())
    SimpleITK.WriteImage(image, str(tmp_path / "t0.nii.gz"))
    mixed = replace(dicom_pair, t0=replace(dicom_pair.t0, path="t0.nii.gz"))
    rois = read_pair(mixed, tmp_path, SMALL)
    np.testing.assert_allclose(rois.array[0], rois.array[1], atol=SAME_HU)


def test_the_point_outside_a_scan_is_named(nifti_pair: Place) -> None:
    pair, folder = nifti_pair
    outside = replace(pair, t1=replace(pair.t1, point=Point((1.0, 2.0, 999.0), Space.LPS)))
    assert "(1, 2, 999)" in _refused(RefusalCode.POINT_OUTSIDE, outside, folder)
