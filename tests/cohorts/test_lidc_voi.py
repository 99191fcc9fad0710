"""One-scan records from LIDC nodule volumes."""

import tarfile

import numpy as np
import pytest
from helpers.nlst_files import write_csv

from csfnet_bundle.cohorts.lidc_voi import COLUMNS, read_lidc_voi
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs import RoiSettings, read_pair

HEADER = [*COLUMNS, "malignancy_rating"]
ROW = ["a.nii.gz", "LIDC-IDRI-0001", 1, 5, 6, 7, 12.34, 1, 5]


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "voi"
    (path / "image").mkdir(parents=True)
    (path / "image" / "a.nii.gz").write_bytes(b"volume")
    write_csv(path / "labels.csv", HEADER, [ROW])
    return path


def test_a_record_points_at_the_middle_of_its_volume(folder, tmp_path):
    (record,) = read_lidc_voi(folder, tmp_path / "out")
    assert (record.subject, record.nodule, record.label, record.t0) == ("LIDC-IDRI-0001", "1", 1, None)
    assert record.t1.point.coordinates == (2.0, 2.5, 3.0)
    assert record.t1.point.space == "voxel"
    assert (tmp_path / "out" / record.t1.path).resolve() == (folder / "image" / "a.nii.gz").resolve()
    assert record.strata == {"diameter_mm": 12.3, "diameter_t1_mm": 12.3, "malignancy_rating": 5}


def test_a_packed_folder_is_unpacked_beside_the_datalist(folder, tmp_path):
    packed = tmp_path / "packed"
    packed.mkdir()
    (packed / "labels.csv").write_bytes((folder / "labels.csv").read_bytes())
    with tarfile.open(packed / "voi.tar", "w") as archive:
        archive.add(folder / "image" / "a.nii.gz", "image/a.nii.gz")
        archive.add(folder / "labels.csv", "nodule_mask/a.nii.gz")
        archive.add(folder / "labels.csv", "../outside/image/evil.nii.gz")
    out = tmp_path / "out"
    (record,) = read_lidc_voi(packed, out)
    assert (out / record.t1.path).read_bytes() == b"volume"
    (out / record.t1.path).write_bytes(b"cut")
    read_lidc_voi(packed, out)
    assert (out / record.t1.path).read_bytes() == b"volume"
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({0: "b.nii.gz"}, "there is no volume"),
        ({0: "../a.nii.gz"}, "file is '../a.nii.gz'"),
        ({7: 2}, "malignant is '2'"),
        ({3: "x"}, "nx is 'x'"),
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
