"""A series that was converted to a single file gives the ROI that its DICOM folder gives."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from helpers.synthetic_series import landmarks_lps, make_affine, make_series, write_series

from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.scans import dicom, volume_files

SAME_HU = 0.01
"""The converted file holds the same HU and its affine differs by rounding alone."""
FINE, COARSE = (0.4, 0.45), (0.7, 0.8)
"""Pixel spacings (rows, columns) on both sides of those that are averaged, mm."""


@pytest.mark.parametrize("spacing", [FINE, COARSE])
@pytest.mark.parametrize("name", ["scan.nii", "scan.mha"])
def test_with_and_without_area_average(name: str, spacing: tuple[float, float], tmp_path: Path) -> None:
    affine = make_affine(spacing=spacing)
    folder = write_series(tmp_path / "dicom", make_series(affine))
    (series,) = dicom.scan_folder(folder)
    volume = dicom.read_volume(series)
    converted = sitk.GetImageFromArray(volume.array.transpose())
    edges = np.linalg.norm(volume.affine[:3, :3], axis=0)
    converted.SetSpacing(edges.tolist())
    converted.SetDirection((volume.affine[:3, :3] / edges).ravel().tolist())
    converted.SetOrigin(volume.affine[:3, 3].tolist())
    sitk.WriteImage(converted, str(tmp_path / name))
    point = Point(tuple(landmarks_lps(affine)[1]), Space.LPS)
    rois = []
    for area_average in (False, True):
        expected = dicom.read_roi(series, point, (5, 12, 14), area_average=area_average)
        found = volume_files.read_roi(tmp_path / name, point, (5, 12, 14), (1.0, 1.0, 1.0), area_average=area_average)
        np.testing.assert_allclose(found.array, expected.array, atol=SAME_HU)
        np.testing.assert_allclose(found.affine, expected.affine, atol=1e-9)
        rois.append(found.array)
    assert (np.abs(rois[0] - rois[1]).max() > 1) == (spacing == FINE)
