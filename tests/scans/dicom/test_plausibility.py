"""How high a pixel can be before it counts as a signed value that was called unsigned."""

from pathlib import Path

import numpy as np
import pytest
from helpers.synthetic_series import make_series, pixels, write_series

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.scans.dicom import scan_folder, select_series
from csfnet_bundle.scans.dicom.pixel_check import check_pixels


def _check(folder: Path, word: int, *, signed: bool = False, intercept: float = -1024.0) -> None:
    """Judge a series with one pixel of a middle slice replaced by a 16-bit word."""
    series = make_series(intercept=intercept, PixelRepresentation=int(signed))
    words = pixels(series[7]).view(np.uint16).copy()
    words[18, 22] = word
    series[7].PixelData = words.tobytes()
    write_series(folder, series)
    check_pixels(select_series(scan_folder(folder)))


@pytest.mark.parametrize("word", [30_710 + 1024, 32_767])
def test_metal_on_an_extended_scale_is_read(word: int, tmp_path: Path) -> None:
    _check(tmp_path / "series", word)


@pytest.mark.parametrize("signed_value", [-32_768, -32_000, -1])
def test_one_wrapped_word_is_enough(signed_value: int, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="lie above 31743 HU: signed values called unsigned") as caught:
        _check(tmp_path / "series", 65_536 + signed_value)
    assert caught.value.code is RefusalCode.NOT_HU


def test_a_signed_pixel_that_is_saturated_did_not_wrap(tmp_path: Path) -> None:
    _check(tmp_path / "series", 32_767, signed=True, intercept=0.0)
