from pathlib import Path

import numpy as np
import pytest
from helpers.chest_series import make_chest, write_series
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from csfnet_bundle.cohorts.phantom.followup_writer import FollowupIdentity, write_followup
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.scans.dicom import read_volume, scan_folder, select_series

IDENTITY = FollowupIdentity(400, (3.25, -1.5, 7.75), "Simulated for a test", ("test",))
SMALL = (48, 40, 6)


def rewrite(source: Path, target: Path, change: float = 10.0) -> tuple[list[Dataset], list[Dataset]]:
    """Write the follow-up whose HU are all higher by ``change``; return the real and the simulated files by place."""
    series = select_series(scan_folder(source))
    volume = read_volume(series)
    target.mkdir()
    paths = [instance.path for instance in series.stack.instances]
    after = (volume.array[:, :, k] + np.float32(change) for k in range(volume.array.shape[2]))
    write_followup(paths, volume.array, after, target, IDENTITY)
    return [dcmread(path) for path in paths], [dcmread(path) for path in sorted(target.iterdir())]


def test_everything_that_identifies_the_study_is_new(tmp_path: Path) -> None:
    tags = {
        "StudyDate": "19990102",
        "AcquisitionDateTime": "19990102101500",
        "PatientBirthDate": "19380305",
        "PatientAge": "061Y",
        "AccessionNumber": "77",
        "SeriesDescription": "0,OPA,GE,HSQX,STANDARD,360,2.5,120,40",
        "ConvolutionKernel": "STANDARD",
    }
    write_series(make_chest(shape=SMALL), tmp_path / "real", **tags)
    real, simulated = rewrite(tmp_path / "real", tmp_path / "simulated")
    for name in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
        old, new = {item[name].value for item in real}, {item[name].value for item in simulated}
        assert len(new) == 1
        assert not old & new
    instances = {item.SOPInstanceUID for item in simulated}
    assert len(instances) == len(real)
    assert not instances & {item.SOPInstanceUID for item in real}
    for old, item in zip(real, simulated, strict=True):
        assert item.file_meta.MediaStorageSOPInstanceUID == item.SOPInstanceUID
        assert item.SourceImageSequence[0].ReferencedSOPInstanceUID == old.SOPInstanceUID
        assert (item.StudyDate, item.AcquisitionDateTime) == ("20000206", "20000206101500")
        assert (item.PatientAge, item.PatientBirthDate, item.AccessionNumber) == ("062Y", "19380305", "")
        assert (item.PatientID, item.ConvolutionKernel) == (old.PatientID, "STANDARD")
        assert list(item.ImageType) == ["DERIVED", "SECONDARY", "AXIAL", "SIMULATED"]
        assert item.SeriesDescription.startswith("SIMULATED FOLLOW-UP 0,OPA,GE")
        assert item.DerivationDescription == "Simulated for a test"


def test_a_long_description_keeps_to_what_dicom_allows(tmp_path: Path) -> None:
    write_series(make_chest(shape=SMALL), tmp_path / "real", SeriesDescription="x" * 64)
    _, simulated = rewrite(tmp_path / "real", tmp_path / "simulated")
    assert len(simulated[0].SeriesDescription) == 64


def test_the_patient_is_shifted_and_slices_keep_their_order(tmp_path: Path) -> None:
    for dataset in write_series(make_chest(shape=SMALL), tmp_path / "real"):
        dataset.SliceLocation = dataset.ImagePositionPatient[2]
        dcmwrite(
            tmp_path / "real" / f"{(int(dataset.InstanceNumber) - 1) * 7 % 101:03d}.dcm",
            dataset,
            enforce_file_format=True,
        )
    real, simulated = rewrite(tmp_path / "real", tmp_path / "simulated")
    for old, item in zip(real, simulated, strict=True):
        moved = np.array(item.ImagePositionPatient, float) - np.array(old.ImagePositionPatient, float)
        np.testing.assert_allclose(moved, (3.25, -1.5, 7.75), atol=1e-9)
        assert float(item.SliceLocation) == pytest.approx(float(item.ImagePositionPatient[2]))
    before, after = (read_volume(select_series(scan_folder(tmp_path / name))) for name in ("real", "simulated"))
    np.testing.assert_allclose(after.affine[:3, 3] - before.affine[:3, 3], (3.25, -1.5, 7.75), atol=1e-6)
    np.testing.assert_allclose(after.affine[:3, :3], before.affine[:3, :3], atol=1e-9)


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize(
    "syntax",
    [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless],
    ids=lambda uid: uid.name,
)
def test_pixels_survive_every_way_of_storing(signed: bool, syntax: str, tmp_path: Path) -> None:
    folder = tmp_path / "real"
    write_series(make_chest(shape=SMALL), folder, signed=signed)
    for path in folder.iterdir():
        dataset = dcmread(path)
        if syntax == RLELossless:
            dataset.compress(RLELossless)
            dataset.save_as(path)
        elif syntax != ExplicitVRLittleEndian:
            plain = Dataset(dataset)
            plain.file_meta = dataset.file_meta
            plain.file_meta.TransferSyntaxUID = syntax
            if syntax == ExplicitVRBigEndian:
                plain.PixelData = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
            dcmwrite(path, plain, enforce_file_format=True)
    before = read_volume(select_series(scan_folder(folder)))
    rewrite(folder, tmp_path / "simulated", change=37.0)
    after = read_volume(select_series(scan_folder(tmp_path / "simulated")))
    np.testing.assert_allclose(after.array, before.array + 37, atol=0.51)


def test_values_are_clipped_to_what_the_files_can_hold(tmp_path: Path) -> None:
    write_series(make_chest(shape=SMALL), tmp_path / "real", signed=False)
    _, simulated = rewrite(tmp_path / "real", tmp_path / "simulated", change=9000.0)
    assert simulated[0].pixel_array.max() == 4095


def test_unchanged_pixels_keep_their_stored_values(tmp_path: Path) -> None:
    """Padding far below -1024 HU, which the reader clips, is written back as it was."""
    chest = make_chest(shape=SMALL)
    chest.array[:5, :5] = -2000
    write_series(chest, tmp_path / "real")
    real, simulated = rewrite(tmp_path / "real", tmp_path / "simulated", change=0.0)
    assert (real[2].pixel_array == -2000).any()
    np.testing.assert_array_equal(real[2].pixel_array, simulated[2].pixel_array)


def test_what_described_the_real_pixels_is_dropped(tmp_path: Path) -> None:
    icon = Dataset()
    icon.Rows = 2
    write_series(make_chest(shape=SMALL), tmp_path / "real", IconImageSequence=Sequence([icon]), WindowWidth=1500)
    _, simulated = rewrite(tmp_path / "real", tmp_path / "simulated")
    assert "IconImageSequence" not in simulated[0]
    assert simulated[0].WindowWidth == 1500


def test_several_frames_in_a_file_are_refused(tmp_path: Path) -> None:
    chest = make_chest(shape=SMALL)
    write_series(chest, tmp_path / "real", NumberOfFrames=2)
    paths = [str(path) for path in sorted((tmp_path / "real").iterdir())]
    (tmp_path / "simulated").mkdir()
    with pytest.raises(BundleError, match="multi-frame"):
        write_followup(paths[:1], chest.array, iter([chest.array[:, :, 0]]), tmp_path / "simulated", IDENTITY)
