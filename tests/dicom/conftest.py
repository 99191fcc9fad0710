"""Fixtures of the DICOM tests; the module ``synthetic`` beside it makes the folders."""

import sys
import tarfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))


@pytest.fixture(scope="session")
def lidc(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give the folder of a real LIDC series by its patient; each is extracted once."""

    @cache
    def extract(patient: str) -> Path:
        archive = shared_data / "lidc_dicom" / f"{patient}.tar.xz"
        if not archive.is_file():
            pytest.skip(f"{archive.name} is not among the real data")
        target = tmp_path_factory.mktemp(patient)
        with tarfile.open(archive) as tar:
            tar.extractall(target, filter="data")
        return target

    return extract
