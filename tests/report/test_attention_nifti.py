import nibabel as nib
import numpy as np
import pytest
import SimpleITK
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csfnet_bundle.geometry import RoiGrid
from csfnet_bundle.report import write_attention_nifti

POINT = (-61.3, 22.75, -187.4)


def focus_at(cell, shape=(2, 8, 8)):
    attention = np.full(shape, 0.1)
    attention[cell] = 5.0
    return attention / attention.sum()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    point=st.tuples(*[st.floats(-400, 400)] * 3),
    spacing=st.tuples(*[st.floats(0.4, 3.0)] * 3),
    size=st.sampled_from([(16, 64, 64), (16, 32, 40), (15, 31, 33)]),
)
def test_the_roi_centre_is_at_the_nodule_point_for_simpleitk(tmp_path, point, spacing, size):
    grid = RoiGrid(point, size, spacing)
    shape = tuple(-(-n // 8) for n in size)
    write_attention_nifti(tmp_path / "a.nii.gz", focus_at((0, 1, 2), shape), grid.affine, size)
    image = SimpleITK.ReadImage(str(tmp_path / "a.nii.gz"))  # SimpleITK reads into LPS mm
    assert image.GetSize() == size[::-1]
    index = image.TransformPhysicalPointToContinuousIndex(point)
    np.testing.assert_allclose(index, (np.array(size[::-1]) - 1) / 2, atol=1e-3)


def test_the_focus_stands_at_its_cell_for_nibabel_and_simpleitk(tmp_path):
    grid = RoiGrid(POINT)
    path = tmp_path / "attention.nii.gz"
    write_attention_nifti(path, focus_at((1, 2, 6)), grid.affine, grid.size)
    expected_lps = (grid.affine @ [8, 16, 48, 1])[:3]

    image = nib.load(path)
    voxel = np.unravel_index(np.asarray(image.dataobj).argmax(), image.shape)
    ras = (image.affine @ [*voxel, 1])[:3]
    np.testing.assert_allclose(ras, expected_lps * [-1, -1, 1], atol=1e-4)
    assert nib.aff2axcodes(image.affine) == ("L", "P", "S")
    assert image.header["sform_code"] == image.header["qform_code"] == 1
    assert image.header.get_xyzt_units()[0] == "mm"

    array = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))  # (D, H, W)
    assert np.unravel_index(array.argmax(), array.shape) == (8, 16, 48)


def test_values_are_even_shares_and_the_file_repeats(tmp_path):
    attention = focus_at((1, 4, 4))
    for name in ("a.nii.gz", "b.nii.gz"):
        write_attention_nifti(tmp_path / name, attention, RoiGrid(POINT).affine, (16, 64, 64))
    values = nib.load(tmp_path / "a.nii.gz").get_fdata()
    assert values.max() == pytest.approx(attention.max() / attention.mean(), rel=1e-6)
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.nii.gz", "b.nii.gz"]
