"""Every class of input: read right, or refused with its code; on synthetic series and on edited real ones."""

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from helpers.reader_cases import CASES, Case
from helpers.synthetic_series import landmark_errors, landmarks_lps, make_affine, make_series, pixels
from pydicom import dcmread
from pydicom.dataset import Dataset

from csfnet_bundle.core.errors import Refusal
from csfnet_bundle.geometry import Volume
from csfnet_bundle.scans.dicom import read_volume, scan_folder, select_series

REAL_SLICES = slice(40, 51)
REAL_PIXELS = slice(128, 384)
"""A part of the real series is enough for its headers, and keeps the tests short."""


@dataclass(frozen=True)
class Sound:
    """A series that nothing is wrong with.

    Attributes:
        pickled: its data sets; a copy by pickle takes a tenth of one by deepcopy.
        volume: what is read of it.
    """

    pickled: bytes
    volume: Volume

    @classmethod
    def of(cls, series: list[Dataset], folder: Path) -> "Sound":
        pickled = pickle.dumps(series)
        CASES[0].build(series, folder)
        return cls(pickled, read(folder))

    def build(self, case: Case, folder: Path) -> None:
        case.build(pickle.loads(self.pickled), folder)


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Sound:
    return Sound.of(make_series(), tmp_path_factory.mktemp("synthetic") / "sound")


@pytest.fixture(scope="module")
def real(lidc_series: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Sound:
    series = [dcmread(path) for path in lidc_series("LIDC-IDRI-0001").rglob("*.dcm")]
    series.sort(key=lambda data: data.ImagePositionPatient[2])
    series = series[REAL_SLICES]
    for data in series:
        part = pixels(data)[REAL_PIXELS, REAL_PIXELS]
        data.Rows, data.Columns = part.shape
        data.PixelData = part.tobytes()
    return Sound.of(series, tmp_path_factory.mktemp("real") / "sound")


def read(folder: Path) -> Volume:
    return read_volume(select_series(scan_folder(folder)))


def check(case: Case, sound: Sound, folder: Path) -> Volume | None:
    sound.build(case, folder / "edited")
    if case.code is not None:
        with pytest.raises(Refusal) as caught:
            read(folder / "edited")
        assert caught.value.code is case.code, str(caught.value)
        assert "\n" not in str(caught.value)
        return None
    found = read(folder / "edited")
    np.testing.assert_allclose(found.affine, sound.volume.affine, atol=1e-9)
    np.testing.assert_allclose(found.array, sound.volume.array, atol=1e-3)
    return found


@pytest.mark.parametrize("case", CASES, ids=str)
def test_synthetic_series(case: Case, synthetic: Sound, tmp_path: Path) -> None:
    volume = check(case, synthetic, tmp_path)
    if volume is not None:
        assert landmark_errors(volume, landmarks_lps(make_affine())).max() < 0.1


@pytest.mark.parametrize("case", CASES, ids=str)
def test_edited_real_series(case: Case, real: Sound, tmp_path: Path) -> None:
    check(case, real, tmp_path)
