"""Every class of input: read right, or refused with its code; on synthetic series and on edited real ones."""

import copy
from collections.abc import Callable
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


@pytest.fixture(scope="module")
def synthetic_series() -> list[Dataset]:
    return make_series()


@pytest.fixture(scope="module")
def real_series(lidc_series: Callable[[str], Path]) -> list[Dataset]:
    series = [dcmread(path) for path in lidc_series("LIDC-IDRI-0001").rglob("*.dcm")]
    series.sort(key=lambda data: data.ImagePositionPatient[2])
    series = series[REAL_SLICES]
    for data in series:
        part = pixels(data)[REAL_PIXELS, REAL_PIXELS]
        data.Rows, data.Columns = part.shape
        data.PixelData = part.tobytes()
    return series


def read(folder: Path) -> Volume:
    return read_volume(select_series(scan_folder(folder)))


def check(case: Case, series: list[Dataset], folder: Path) -> Volume | None:
    CASES[0].build(copy.deepcopy(series), folder / "sound")
    case.build(copy.deepcopy(series), folder / "edited")
    if case.code is not None:
        with pytest.raises(Refusal) as caught:
            read(folder / "edited")
        assert caught.value.code is case.code, str(caught.value)
        assert "\n" not in str(caught.value)
        return None
    expected, found = read(folder / "sound"), read(folder / "edited")
    np.testing.assert_allclose(found.affine, expected.affine, atol=1e-9)
    np.testing.assert_allclose(found.array, expected.array, atol=1e-3)
    return found


@pytest.mark.parametrize("case", CASES, ids=str)
def test_synthetic_series(case: Case, synthetic_series: list[Dataset], tmp_path: Path) -> None:
    volume = check(case, synthetic_series, tmp_path)
    if volume is not None:
        assert landmark_errors(volume, landmarks_lps(make_affine())).max() < 0.1


@pytest.mark.parametrize("case", CASES, ids=str)
def test_edited_real_series(case: Case, real_series: list[Dataset], tmp_path: Path) -> None:
    check(case, real_series, tmp_path)
