"""Geometry and voxels against SimpleITK, nibabel and highdicom, on what they read right."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK
from helpers.series_edits import enhanced
from helpers.synthetic_series import ORIENTATIONS, make_affine, make_series, write_series, write_slice
from numpy.typing import NDArray
from pydicom import dcmread

from csfnet_bundle.geometry import Point, RoiGrid, Space
from csfnet_bundle.geometry.points import LPS_FROM_RAS
from csfnet_bundle.scans.dicom import read_roi, read_volume, scan_folder, select_series

ROI_TOLERANCE_HU = 0.05
PATIENTS = ("LIDC-IDRI-0001", pytest.param("LIDC-IDRI-0003", marks=pytest.mark.long))


def simpleitk_series(folder: Path) -> SimpleITK.Image:
    files = SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder))
    return SimpleITK.ReadImage(files, SimpleITK.sitkFloat32)


def simpleitk_roi(image: SimpleITK.Image, grid: RoiGrid) -> NDArray[np.float32]:
    """The grid's HU by SimpleITK, (D, H, W)."""
    z, y, x = grid.axes()
    clipped = SimpleITK.Clamp(image, lowerBound=-1024, upperBound=1e5)
    roi = SimpleITK.Resample(
        clipped,
        [len(x), len(y), len(z)],
        SimpleITK.Transform(),
        SimpleITK.sitkLinear,
        [x[0], y[0], z[0]],
        list(grid.spacing[::-1]),
        np.eye(3).ravel().tolist(),
        -1024.0,
        SimpleITK.sitkFloat32,
    )
    return SimpleITK.GetArrayFromImage(roi)


@pytest.mark.parametrize("patient", PATIENTS)
def test_real_series_agree_with_simpleitk(patient: str, lidc_series: Callable[[str], Path]) -> None:
    series = select_series(scan_folder(lidc_series(patient)))
    image = simpleitk_series(series.folder)
    volume = read_volume(series)
    np.testing.assert_allclose(volume.affine[:3, 3], image.GetOrigin(), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(volume.affine[:3, :3], axis=0), image.GetSpacing(), atol=1e-6)
    itk_array = SimpleITK.GetArrayViewFromImage(image)
    np.testing.assert_array_equal(volume.array, np.maximum(itk_array, -1024).transpose(2, 1, 0))
    random = np.random.default_rng(5)
    low, high = np.array([60, 60, 12]), np.array(volume.array.shape) - [61, 61, 13]
    for size, spacing in (((16, 64, 64), (1.0, 1.0, 1.0)), ((9, 21, 20), (0.7, 1.3, 0.9))):
        for _ in range(4):
            index = random.uniform(low, high)
            x, y, z = (volume.affine @ [*index, 1.0])[:3].tolist()
            roi = read_roi(series, Point((x, y, z), Space.LPS), size, spacing)
            expected = simpleitk_roi(image, RoiGrid((x, y, z), size, spacing))
            assert np.abs(roi.array - expected).max() <= ROI_TOLERANCE_HU


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_every_orientation_agrees_with_simpleitk(name: str, tmp_path: Path) -> None:
    orientation = ORIENTATIONS[name]
    affine = make_affine(orientation)
    series = select_series(scan_folder(write_series(tmp_path, make_series(affine, orientation=orientation))))
    image = simpleitk_series(tmp_path)
    center = tuple((affine @ [22, 17, 7, 1])[:3].tolist())
    roi = read_roi(series, Point(center, Space.LPS), (7, 9, 8))
    expected = simpleitk_roi(image, RoiGrid(center, (7, 9, 8)))
    assert np.abs(roi.array - expected).max() <= ROI_TOLERANCE_HU


@pytest.mark.parametrize(("name", "tilt"), [*((name, 0.0) for name in ORIENTATIONS), ("axial", 15.0)])
def test_volumes_agree_with_nibabel_through_nifti(name: str, tilt: float, tmp_path: Path) -> None:
    """The volume, saved as NIfTI through its affine in RAS, has every voxel where nibabel puts it."""
    orientation = ORIENTATIONS[name]
    affine = make_affine(orientation, tilt_degrees=tilt)
    folder = write_series(tmp_path / "dicom", make_series(affine, orientation=orientation))
    volume = read_volume(select_series(scan_folder(folder)))
    nibabel.save(nibabel.Nifti1Image(volume.array, LPS_FROM_RAS @ volume.affine), tmp_path / "volume.nii")
    image = nibabel.load(tmp_path / "volume.nii")
    array = image.get_fdata()
    # By the DICOM standard's own mapping (PS3.3, C.7.6.2.1.1), slice by slice, from each file alone.
    for path in list(folder.iterdir())[::5]:
        data = dcmread(path)
        position, cosines = np.array(data.ImagePositionPatient), np.array(data.ImageOrientationPatient)
        between_rows, between_columns = data.PixelSpacing
        for i, j in ((0, 0), (13, 7), (data.Columns - 1, data.Rows - 1)):
            lps = position + cosines[:3] * between_columns * i + cosines[3:] * between_rows * j
            index = np.linalg.inv(image.affine) @ [-lps[0], -lps[1], lps[2], 1.0]
            np.testing.assert_allclose(index[:3], np.round(index[:3]), atol=1e-3)
            stored = data.pixel_array[j, i] * data.RescaleSlope + data.RescaleIntercept
            assert array[tuple(np.round(index[:3]).astype(int))] == pytest.approx(stored, abs=1e-3)


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_volumes_agree_with_highdicom(name: str, tmp_path: Path) -> None:
    highdicom = pytest.importorskip("highdicom")
    orientation = ORIENTATIONS[name]
    folder = write_series(tmp_path, make_series(make_affine(orientation), orientation=orientation))
    volume = read_volume(select_series(scan_folder(folder)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about attributes that the synthetic files leave out
        other = highdicom.image.get_volume_from_series([dcmread(path) for path in folder.iterdir()])
    assert_same_voxels(volume.array, volume.affine, other.array, other.affine)


def test_enhanced_multiframe_agrees_with_highdicom(tmp_path: Path) -> None:
    highdicom = pytest.importorskip("highdicom")
    path = tmp_path / "enhanced.dcm"
    data = enhanced(make_series())
    data.DimensionIndexSequence = []
    write_slice(path, data)
    volume = read_volume(select_series(scan_folder(path)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = highdicom.image.Image.from_dataset(dcmread(path)).get_volume()
    assert_same_voxels(volume.array, volume.affine, other.array, other.affine)


def assert_same_voxels(
    array: NDArray[np.generic],
    affine: NDArray[np.float64],
    other: NDArray[np.generic],
    other_affine: NDArray[np.float64],
) -> None:
    """Every voxel of the one is found in the other, at the same place, with the same HU."""
    index = np.stack([*np.meshgrid(*map(np.arange, array.shape), indexing="ij"), np.ones(array.shape)], axis=-1)
    there = (index @ (np.linalg.inv(other_affine) @ affine).T)[..., :3]
    whole = np.round(there).astype(int)
    assert np.abs(there - whole).max() < 1e-3
    np.testing.assert_allclose(np.asarray(other)[tuple(np.moveaxis(whole, -1, 0))], array, atol=1e-3)
