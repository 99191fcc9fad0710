"""Fixtures of the DICOM tests; the module ``synthetic`` beside it makes the folders."""

import sys
import tarfile
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))


@pytest.fixture(scope="session")
def lidc(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folders of the two real LIDC series, by patient, extracted once."""
    folders = {}
    for patient in ("LIDC-IDRI-0001", "LIDC-IDRI-0003"):
        archive = shared_data / "lidc_dicom" / f"{patient}.tar.xz"
        if not archive.is_file():
            pytest.skip(f"{archive.name} is not among the real data")
        target = tmp_path_factory.mktemp(patient)
        with tarfile.open(archive) as tar:
            tar.extractall(target, filter="data")
        folders[patient] = target
    return folders
