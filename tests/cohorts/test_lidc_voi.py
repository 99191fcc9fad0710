"""One-scan records from LIDC nodule volumes."""

import tarfile
from pathlib import Path

import nibabel
import numpy as np
import pytest
from helpers.nlst_files import write_csv

from csfnet_bundle.cohorts.lidc_voi import COLUMNS, read_lidc_voi
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs import RoiSettings, read_pair
from csfnet_bundle.scans.volume_files import open_volume_file

HEADER = [*COLUMNS, "malignancy_rating"]
ROW = ["a.nii.gz", "LIDC-IDRI-0001", 1, -11.0, -22.0, 33.0, 12.34, 1, 5]
AFFINE = np.array([[-0.5, 0, 0, 14.0], [0, -0.5, 0, 27.0], [0, 0, 2.0, 29.0], [0, 0, 0, 1.0]])
"""To RAS mm, as NIfTI has it: the row's point, LPS (-11, -22, 33), is RAS (11, 22, 33), voxel (6, 10, 2)."""


def write_volume(path, mask=False):
    voxels = np.full((12, 14, 4), 0 if mask else -900, np.int16)
    voxels[5:8, 9:12, 1:3] = 1 if mask else 40
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(voxels, AFFINE), path)


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "voi"
    write_volume(path / "image" / "a.nii.gz")
    write_csv(path / "labels.csv", HEADER, [ROW])
    return path


def test_a_record_points_at_the_table_s_lps_point(folder, tmp_path):
    (record,) = read_lidc_voi(folder, tmp_path / "out")
    assert (record.subject, record.nodule, record.label, record.t0) == ("LIDC-IDRI-0001", "1", 1, None)
    affine = open_volume_file(folder / "image" / "a.nii.gz").affine
    index = np.linalg.inv(affine) @ [*record.t1.point.lps(affine), 1.0]
    np.testing.assert_allclose(index[:3], [6, 10, 2], atol=1e-5)
    assert (tmp_path / "out" / record.t1.path).resolve() == (folder / "image" / "a.nii.gz").resolve()
    assert record.strata == {"diameter_mm": 12.3, "diameter_t1_mm": 12.3, "malignancy_rating": 5}


def test_a_point_outside_of_the_box_becomes_the_middle(folder, tmp_path):
    write_csv(folder / "labels.csv", HEADER, [[*ROW[:5], 40.0, *ROW[6:]]])
    (record,) = read_lidc_voi(folder, tmp_path / "out")
    assert (record.t1.point.coordinates, record.t1.point.space) == ((5.5, 6.5, 1.5), "voxel")


def test_a_mask_gives_the_volume(folder, tmp_path):
    write_volume(folder / "nodule_mask" / "a.nii.gz", mask=True)
    (record,) = read_lidc_voi(folder, tmp_path / "out")
    assert record.strata["volume_mm3"] == 3 * 3 * 2 * 0.5  # voxels of .5 x .5 x 2 mm


def test_a_packed_folder_is_unpacked_beside_the_datalist(folder, tmp_path):
    packed = tmp_path / "packed"
    packed.mkdir()
    (packed / "labels.csv").write_bytes((folder / "labels.csv").read_bytes())
    with tarfile.open(packed / "voi.tar", "w") as archive:
        archive.add(folder / "image" / "a.nii.gz", "image/a.nii.gz")
        archive.add(folder / "image" / "a.nii.gz", "nodule_mask/a.nii.gz")
        archive.add(folder / "labels.csv", "../outside/image/evil.nii.gz")
    out = tmp_path / "out"
    whole = (folder / "image" / "a.nii.gz").read_bytes()
    (record,) = read_lidc_voi(packed, out)
    assert (out / record.t1.path).read_bytes() == whole
    (out / record.t1.path).write_bytes(b"cut")
    read_lidc_voi(packed, out)
    assert (out / record.t1.path).read_bytes() == whole
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({0: "b.nii.gz"}, "there is no volume"),
        ({0: "../a.nii.gz"}, "file is '../a.nii.gz'"),
        ({7: 2}, "malignant is '2'"),
        ({3: "x"}, "x_mm is 'x'"),
    ],
)
def test_a_bad_row_is_named(folder, tmp_path, change, words):
    row = [change.get(position, cell) for position, cell in enumerate(ROW)]
    write_csv(folder / "labels.csv", HEADER, [ROW, row])
    with pytest.raises(BundleError, match="row 3") as error:
        read_lidc_voi(folder, tmp_path)
    assert words in str(error.value)


def test_no_volumes_and_no_archive(folder, tmp_path):
    (folder / "image" / "a.nii.gz").unlink()
    (folder / "image").rmdir()
    with pytest.raises(BundleError, match="neither image/ nor voi"):
        read_lidc_voi(folder, tmp_path)
    (folder / "voi.tar").write_bytes(b"x" * 2000)
    with pytest.raises(BundleError, match="archive cannot be read"):
        read_lidc_voi(folder, tmp_path)


def test_the_real_volumes(shared_data, tmp_path):
    records = read_lidc_voi(shared_data / "lidc_voi", tmp_path)
    assert len(records) == 696
    assert sum(record.label == 1 for record in records) == 232
    assert len({record.name for record in records}) == 696
    rois = read_pair(records[0], tmp_path, RoiSettings(), repeat_missing_prior=True)
    assert rois.array.shape == (2, 16, 64, 64)
    middle = rois.array[1, 7:9, 31:33, 31:33]
    assert np.median(middle) > -200  # LIDC-IDRI-0001's nodule is solid; the lung around it is not


def test_the_points_of_real_volumes_are_the_centres_of_what_the_readers_outlined(shared_data, tmp_path):
    distances = []
    for record in read_lidc_voi(shared_data / "lidc_voi", tmp_path)[::10]:
        mask = nibabel.load(tmp_path / "nodule_mask" / Path(record.t1.path).name)  # an independent reader, RAS
        center = (mask.affine @ [*np.argwhere(np.asarray(mask.dataobj)).mean(axis=0), 1.0])[:3]
        affine = open_volume_file(tmp_path / record.t1.path).affine
        distances.append(np.linalg.norm(record.t1.point.lps(affine) * [-1, -1, 1] - center))
    assert np.median(distances) < 0.3
    assert np.percentile(distances, 95) < 1.0  # the middle of the box: 2.6 mm
