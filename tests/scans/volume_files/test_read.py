import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray

from csfnet_bundle.core.errors import BundleError, Refusal, RefusalCode
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.scans.volume_files import is_volume_file, name_without_ending, read_roi, read_volume

TOLERANCE_HU = 0.05
NAMES = ["v.nii", "v.nii.gz", "v.mha", "compressed.mha", "v.mhd"]
Make = Callable[..., sitk.Image]
Write = Callable[[sitk.Image, str], Path]
Reference = Callable[..., NDArray[np.float32]]


def edge_mask(volume: sitk.Image, center: NDArray[np.float64], size: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Grid points whose being in or out of the scan is a matter of rounding: half a voxel beyond the last centres."""
    z, y, x = (np.arange(n) - (n - 1) / 2 + c for n, c in zip(size, center[::-1], strict=True))
    grid = np.stack(np.meshgrid(z, y, x, indexing="ij"), -1)[..., ::-1]  # (D, H, W, xyz)
    direction = np.array(volume.GetDirection()).reshape(3, 3) * volume.GetSpacing()
    index = (grid - volume.GetOrigin()) @ np.linalg.inv(direction).T
    last = np.array(volume.GetSize()) - 1
    inside = np.all((index >= -0.49) & (index <= last + 0.49), axis=-1)
    outside = np.any((index < -0.51) | (index > last + 0.51), axis=-1)
    return ~(inside | outside)


@pytest.mark.parametrize("name", NAMES)
def test_roi_agrees_with_simpleitk_in_every_orientation(
    name: str, direction: NDArray[np.float64], image: Make, write: Write, reference_roi: Reference
) -> None:
    volume = image(direction)
    path = write(volume, name)
    for index in ((33.3, 28.9, 19.2), (4.0, 50.0, 36.0)):  # the middle, and a corner where the ROI leaves the scan
        center = np.array(volume.TransformContinuousIndexToPhysicalPoint(index))
        roi = read_roi(path, Point(tuple(center), Space.LPS), (16, 32, 32), (1.0, 1.0, 1.0))
        expected = reference_roi(volume, center, (16, 32, 32), (1.0, 1.0, 1.0))
        compared = ~edge_mask(volume, center, (16, 32, 32))
        assert compared.mean() > 0.7
        np.testing.assert_allclose(roi.array[compared], expected[compared], atol=TOLERANCE_HU)
        np.testing.assert_allclose(roi.affine @ [7.5, 15.5, 15.5, 1], [*center, 1], atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_volume_agrees_with_the_independent_reader(
    name: str, direction: NDArray[np.float64], image: Make, write: Write
) -> None:
    volume = image(direction)
    read = read_volume(write(volume, name))
    assert read.array.dtype == np.float32
    np.testing.assert_array_equal(read.array, sitk.GetArrayFromImage(volume).transpose())
    for index in ((0, 0, 0), (69, 0, 0), (3, 59, 39)):
        expected = volume.TransformIndexToPhysicalPoint(index)
        np.testing.assert_allclose((read.affine @ [*index, 1])[:3], expected, atol=1e-3)  # float32 in NIfTI


@pytest.mark.parametrize("name", ["v.nii", "v.mha"])
def test_the_three_spaces_name_one_place(name: str, image: Make, write: Write) -> None:
    volume = image()
    path = write(volume, name)
    x, y, z = volume.TransformIndexToPhysicalPoint((33, 28, 19))
    lps, ras, voxel = (
        read_roi(path, Point(place, space), (8, 12, 12), (1.0, 0.9, 0.8)).array
        for place, space in (((x, y, z), "LPS"), ((-x, -y, z), "RAS"), ((33, 28, 19), "voxel"))
    )
    np.testing.assert_allclose(ras, lps, atol=1e-3)
    np.testing.assert_allclose(voxel, lps, atol=TOLERANCE_HU)


def test_neighbours_of_the_same_name_keep_their_own_pixels(image: Make, write: Write) -> None:
    """Some readers take ``v.nii`` where ``v.nii.gz`` was asked for."""
    images = {name: image(seed=seed) for seed, name in enumerate(("v.nii", "v.nii.gz", "v.mha"))}
    paths = {name: write(volume, name) for name, volume in images.items()}
    for name, volume in images.items():
        np.testing.assert_array_equal(read_volume(paths[name]).array, sitk.GetArrayFromImage(volume).transpose())


@pytest.mark.parametrize("name", ["v.nii", "v.mha"])
def test_a_point_in_the_other_space_is_refused_with_the_hint(name: str, image: Make, write: Write) -> None:
    volume = image()
    x, y, z = volume.TransformIndexToPhysicalPoint((60, 28, 19))
    with pytest.raises(Refusal, match="other sign") as caught:
        read_roi(write(volume, name), Point((-x, -y, z), Space.LPS), (16, 64, 64), (1, 1, 1))
    assert caught.value.code is RefusalCode.POINT_OUTSIDE
    assert name in caught.value.series


@pytest.mark.parametrize("name", ["v.nii", "v.mha", "compressed.mha"])
def test_only_the_block_is_judged_and_read(name: str, image: Make, write: Write) -> None:
    """A far corner that is no CT does not disturb a ROI, and makes the whole volume no HU."""
    values = sitk.GetArrayFromImage(image()).astype(np.float32)
    values[-1, -1, -1] = np.nan
    volume = sitk.GetImageFromArray(values)
    volume.CopyInformation(image())
    path = write(volume, name)
    assert np.isfinite(read_roi(path, Point((20, 20, 10), Space.VOXEL), (8, 8, 8), (1, 1, 1)).array).all()
    with pytest.raises(Refusal) as caught:
        read_volume(path)
    assert caught.value.code is RefusalCode.NOT_HU


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_cut_off_or_junk_is_unreadable(name: str, image: Make, write: Write) -> None:
    path = write(image(), name)
    data = path.with_suffix(".raw") if name.endswith("mhd") else path
    data.write_bytes(data.read_bytes()[: data.stat().st_size // 2])
    with pytest.raises(Refusal) as caught:
        read_volume(path)
    assert caught.value.code is RefusalCode.UNREADABLE_SLICE
    path.write_bytes(b"no image at all" * 100)
    with pytest.raises(Refusal) as caught:
        read_roi(path, Point((1, 1, 1), Space.VOXEL))
    assert caught.value.code is RefusalCode.UNREADABLE_SLICE


@pytest.mark.parametrize("name", ["v.nii", "v.mha"])
def test_stored_values_without_an_intercept_are_no_hounsfield_units(name: str, image: Make, write: Write) -> None:
    with pytest.raises(Refusal) as caught:
        read_roi(write(image() + 1024, name), Point((30, 30, 20), Space.VOXEL))
    assert caught.value.code is RefusalCode.NOT_HU


@pytest.mark.parametrize("name", ["v.nii", "v.mha"])
def test_one_slice_is_too_few(name: str, image: Make, write: Write) -> None:
    with pytest.raises(Refusal) as caught:
        read_volume(write(image()[:, :, 3:4], name))
    assert caught.value.code is RefusalCode.TOO_FEW_SLICES


def test_a_missing_file_and_another_kind_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no such file"):
        read_volume(tmp_path / "none.nii")
    other = tmp_path / "scan.nrrd"
    other.write_bytes(b"NRRD0005")
    with pytest.raises(BundleError, match=r"\.nii\.gz"):
        read_volume(other)
    assert not is_volume_file(other)
    assert is_volume_file("a/SCAN.NII.GZ")


def test_real_nodule_volume_agrees_with_nibabel(shared_data: Path, tmp_path: Path) -> None:
    import tarfile

    with tarfile.open(shared_data / "lidc_voi" / "voi.tar") as archive:
        member = next(m for m in archive if m.isfile() and "image/" in m.name)
        path = tmp_path / "nodule.nii.gz"
        path.write_bytes(archive.extractfile(member).read())  # type: ignore[union-attr]
    volume = read_volume(path)
    loaded = nibabel.load(path)
    np.testing.assert_array_equal(volume.array, loaded.get_fdata(dtype=np.float32))
    np.testing.assert_allclose(np.diag([-1, -1, 1, 1]) @ volume.affine, loaded.affine)


def test_imports_are_light() -> None:
    """MONAI Label's environment has neither this bundle's torch nor a reason to load ITK for a DICOM folder."""
    code = (
        "import sys, csfnet_bundle.scans.volume_files\n"
        "print({'torch', 'monai', 'itk', 'SimpleITK', 'nibabel', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


def test_a_roi_inside_a_large_mass_is_read_where_the_scan_has_air(tmp_path: Path) -> None:
    """The ROI alone holds no air; the scan around it does. One that has none anywhere stays refused."""
    scan = np.full((60, 60, 40), -850, np.int16)
    scan[5:55, 5:55, 5:35] = 40
    for name, values in (("mass.nii", scan), ("solid.nii", np.full_like(scan, 40))):
        nibabel.Nifti1Image(values, np.eye(4)).to_filename(tmp_path / name)
    point = Point((30.0, 30.0, 20.0), Space.VOXEL)
    roi = read_roi(tmp_path / "mass.nii", point, (8, 16, 16), (1.0, 1.0, 1.0))
    assert (roi.array == 40).all()
    with pytest.raises(Refusal) as refusal:
        read_roi(tmp_path / "solid.nii", point, (8, 16, 16), (1.0, 1.0, 1.0))
    assert refusal.value.code is RefusalCode.NOT_HU


@pytest.mark.parametrize("place", [0, 77_777, 167_999])
def test_one_voxel_that_is_no_number_is_noticed(place: int, tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(-860, 60, 168_000).astype(np.float32)
    values[place] = np.nan
    nibabel.Nifti1Image(values.reshape(70, 60, 40), np.eye(4)).to_filename(tmp_path / "v.nii")
    with pytest.raises(Refusal, match="1 of 168000 voxels are not finite numbers") as refusal:
        read_volume(tmp_path / "v.nii")
    assert refusal.value.code is RefusalCode.NOT_HU


def test_padding_becomes_air_as_in_a_dicom_series(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(-860, 60, (40, 40, 20)).astype(np.float32)
    values[:6], values[6] = -2000, -2130  # what a B-spline overshoots beside padding
    nibabel.Nifti1Image(values, np.eye(4)).to_filename(tmp_path / "v.nii")
    volume = read_volume(tmp_path / "v.nii")
    assert volume.array.min() == -1024
    np.testing.assert_array_equal(volume.array[7:], np.maximum(values[7:], -1024))


def test_unsigned_words_over_signed_values_are_refused(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(-1000, 60, (40, 40, 20)).round()
    wrapped = np.where(values < -1024, values + 65536, values).astype(np.float32)
    nibabel.Nifti1Image(wrapped, np.eye(4)).to_filename(tmp_path / "v.nii")
    with pytest.raises(Refusal, match="unsigned words over signed values") as refusal:
        read_volume(tmp_path / "v.nii")
    assert refusal.value.code is RefusalCode.NOT_HU


def test_the_outer_half_voxel_is_scan_and_not_padding(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(-860, 60, (40, 40, 20)).astype(np.float32)
    nibabel.Nifti1Image(values, np.diag([-1.0, -1.0, 1.0, 1.0])).to_filename(tmp_path / "v.nii")
    roi = read_roi(tmp_path / "v.nii", Point((-0.4, 20.0, 10.0), Space.VOXEL), (1, 1, 1), (1.0, 1.0, 1.0))
    assert roi.array.item() == pytest.approx(values[0, 20, 10], abs=1e-3)


@pytest.mark.parametrize(
    ("name", "rest"),
    [("a.nii.gz", "a"), ("a.b.NII", "a.b"), ("1.2.840.113", "1.2.840.113"), ("scan.mhd", "scan"), (".mha", "")],
)
def test_only_the_ending_of_a_volume_file_is_left_out_of_its_name(name: str, rest: str) -> None:
    assert name_without_ending(Path("folder.nii") / name) == rest
