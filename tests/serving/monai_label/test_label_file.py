"""Label files, read back by nibabel and SimpleITK."""

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import SimpleITK

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.serving.monai_label import label_file
from csfnet_bundle.serving.monai_label.label_file import write_label

AFFINE = np.array([[0.0, 0.7, 0, -50], [-0.7, 0, 0, 60], [0, 0, 1.25, -200], [0, 0, 0, 1]])
NOTE = "malignancy 0.62 (0.55-0.70); 8.4 mm, 310 mm3; research use only"


@pytest.fixture
def mask() -> np.ndarray:
    made = np.zeros((6, 7, 8), np.uint8)
    made[2, 3, 4:6] = 1
    return made


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(label_file.tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_slicer_gets_a_nifti_file_with_the_note_in_its_header(mask: np.ndarray) -> None:
    path = write_label(mask, AFFINE, {}, Path("t1.nii.gz"), NOTE)
    image = nib.load(path)
    assert path.name.endswith(".nii.gz")
    np.testing.assert_array_equal(image.get_fdata(), mask)
    np.testing.assert_allclose(np.diag([-1, -1, 1, 1]) @ image.affine, AFFINE, atol=1e-5)
    assert bytes(image.header["descrip"]).rstrip(b"\0").decode() == NOTE


@pytest.mark.parametrize(("kind", "compress"), [("uint8", False), ("uint16", True)])
def test_ohif_gets_an_nrrd_file_of_the_type_that_it_asks_for(mask: np.ndarray, kind: str, compress: bool) -> None:
    asked = {"result_extension": ".nrrd", "result_dtype": kind, "result_compress": compress}
    path = write_label(mask, AFFINE, asked, Path("series"), NOTE)
    head = path.read_bytes().split(b"\n\n")[0].decode()
    assert f"encoding: {'gzip' if compress else 'raw'}" in head
    assert f"description:={NOTE}" in head
    image = SimpleITK.ReadImage(str(path))
    assert SimpleITK.GetArrayFromImage(image).dtype == kind
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(image).transpose(), mask)
    place = image.TransformIndexToPhysicalPoint((2, 3, 4))
    np.testing.assert_allclose(place, (AFFINE @ [2, 3, 4, 1])[:3], atol=1e-4)


def test_a_folder_of_dicom_files_gives_nifti(mask: np.ndarray) -> None:
    assert write_label(mask, AFFINE, {}, Path("1.2.840.7"), NOTE).name.endswith(".nii.gz")


@pytest.mark.parametrize(
    "asked", [{"result_extension": ".exe"}, {"result_extension": "/../x.nii"}, {"result_dtype": "O"}]
)
def test_other_endings_and_types_are_rejected_and_leave_nothing(
    mask: np.ndarray, asked: dict[str, Any], temporary: Path
) -> None:
    with pytest.raises(BundleError, match="expected one of"):
        write_label(mask, AFFINE, asked, Path("t1.nii"), NOTE)
    assert list(temporary.iterdir()) == []


def test_a_file_that_cannot_be_written_leaves_nothing(
    mask: np.ndarray, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(SimpleITK, "WriteImage", full)
    with pytest.raises(OSError, match="no space left"):
        write_label(mask, AFFINE, {"result_extension": ".nrrd"}, Path("t1.nii"), NOTE)
    assert list(temporary.iterdir()) == []
