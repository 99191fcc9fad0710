from pathlib import Path

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.scans.volume_files import read_volume
from csfnet_bundle.scans.volume_files.nifti import open_nifti

HU = np.maximum(np.random.default_rng(0).normal(-850, 60, (12, 14, 10)), -1024).astype(np.int16)
RAS = np.array([[-0.7, 0, 0, 20.0], [0, -0.7, 0, 30.0], [0, 0, 1.25, -40.0], [0, 0, 0, 1]])


def code_of(image: nibabel.Nifti1Image, folder: Path) -> RefusalCode:
    nibabel.save(image, folder / "v.nii")
    with pytest.raises(Refusal) as caught:
        open_nifti(folder / "v.nii")
    return caught.value.code


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("name", ["v.nii", "v.nii.gz"])
def test_slope_and_intercept_are_applied(kind: type, name: str, tmp_path: Path) -> None:
    stored = (HU + 1024) // 2
    image = kind(stored, RAS)
    image.header.set_slope_inter(2.0, -1024.0)
    nibabel.save(image, tmp_path / name)
    np.testing.assert_array_equal(read_volume(tmp_path / name).array, stored * 2.0 - 1024.0)


def test_the_affine_is_lps_and_keeps_its_shear(tmp_path: Path) -> None:
    sheared = RAS.copy()
    sheared[1, 2] = 0.3
    image = nibabel.Nifti1Image(HU, sheared)
    nibabel.save(image, tmp_path / "v.nii")
    np.testing.assert_allclose(open_nifti(tmp_path / "v.nii").affine, np.diag([-1, -1, 1, 1]) @ sheared, atol=1e-5)


def test_forms_that_disagree_are_a_finding(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(HU, RAS)
    image.set_qform(RAS, code=1)
    nibabel.save(image, tmp_path / "same.nii")
    assert open_nifti(tmp_path / "same.nii").findings == ()
    moved = RAS.copy()
    moved[0, 3] += 5
    image.set_qform(moved, code=1)
    nibabel.save(image, tmp_path / "moved.nii")
    assert "5.0 mm" in open_nifti(tmp_path / "moved.nii").findings[0]


def test_no_form_is_no_geometry(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(HU, None)
    assert code_of(image, tmp_path) is RefusalCode.NO_GEOMETRY


@pytest.mark.parametrize("name", ["v.nii", "v.nii.gz"])
def test_one_volume_of_a_series_in_time_is_read(name: str, tmp_path: Path) -> None:
    nibabel.Nifti1Image(HU[..., None], RAS).to_filename(tmp_path / name)
    file = open_nifti(tmp_path / name)
    assert file.shape == HU.shape
    np.testing.assert_array_equal(file.read_block((0, 0, 0), file.shape), HU)


def test_four_axes_are_no_volume(tmp_path: Path) -> None:
    assert code_of(nibabel.Nifti1Image(np.stack([HU, HU], -1), RAS), tmp_path) is RefusalCode.NO_GEOMETRY


@pytest.mark.parametrize(
    "affine", [np.where(RAS == 20.0, np.nan, RAS), np.diag([1.0, 1.0, 100.0, 1.0]), np.diag([0.7, 0.7, 0.001, 1.0])]
)
def test_an_affine_that_cannot_be_is_no_geometry(affine: NDArray[np.float64], tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(HU, RAS)
    image.header["sform_code"] = 1
    for row, name in enumerate(("srow_x", "srow_y", "srow_z")):
        image.header[name] = affine[row]
    path = tmp_path / "v.nii"
    path.write_bytes(image.header.binaryblock + b"\0\0\0\0" + HU.tobytes("F"))
    with pytest.raises(Refusal) as caught:
        open_nifti(path)
    assert caught.value.code is RefusalCode.NO_GEOMETRY


def test_flat_axes_are_no_geometry(tmp_path: Path) -> None:
    flat = RAS.copy()
    flat[:3, 2] = flat[:3, 0]
    image = nibabel.Nifti1Image(HU, None)
    image.set_sform(flat, code=1)
    assert code_of(image, tmp_path) is RefusalCode.NO_GEOMETRY


def test_metres_are_refused(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(HU, RAS)
    image.header.set_xyzt_units("meter")
    assert code_of(image, tmp_path) is RefusalCode.NO_GEOMETRY


def test_colour_and_complex_are_no_hounsfield_units(tmp_path: Path) -> None:
    colour = np.zeros(HU.shape, [("R", "u1"), ("G", "u1"), ("B", "u1")])
    assert code_of(nibabel.Nifti1Image(colour, RAS), tmp_path) is RefusalCode.NOT_HU
    assert code_of(nibabel.Nifti1Image(HU.astype(np.complex64), RAS), tmp_path) is RefusalCode.NOT_HU


def test_a_header_of_gigabytes_is_refused_before_allocating(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(HU, RAS)
    image.header["dim"][1:4] = 4000, 4000, 4000
    (tmp_path / "v.nii").write_bytes(image.header.binaryblock + b"\0" * 1000)
    with pytest.raises(Refusal) as caught:
        open_nifti(tmp_path / "v.nii")
    assert caught.value.code is RefusalCode.TOO_LARGE
