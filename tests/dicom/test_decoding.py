from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)
from synthetic import compress, make_series, to_big_endian, write_series

from csfnet_bundle.dicom import read_volume, scan_folder, select_series

COMPRESSED = (RLELossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize(
    "syntax",
    [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, *COMPRESSED],
    ids=lambda uid: uid.name,
)
def test_every_lossless_syntax_gives_the_same_voxels(syntax: str, bits: int, signed: bool, tmp_path: Path) -> None:
    intercept = 0 if signed else -1024
    series = make_series(intercept=intercept, BitsStored=bits, HighBit=bits - 1, PixelRepresentation=int(signed))
    expected = read_volume(select_series(scan_folder(write_series(tmp_path / "plain", series))))
    if syntax == ExplicitVRBigEndian:
        to_big_endian(series)
    if syntax in COMPRESSED:
        compress(series, syntax)
    found = read_volume(select_series(scan_folder(write_series(tmp_path / "other", series, syntax=syntax))))
    np.testing.assert_array_equal(found.array, expected.array)
    np.testing.assert_array_equal(found.affine, expected.affine)
