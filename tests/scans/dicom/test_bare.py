from pathlib import Path

import numpy as np
import pytest
from helpers.synthetic_series import make_series, write_slice
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from csfnet_bundle.scans.dicom.bare import bare_data_set


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("cut", [0, 128, 132, "data set"])
def test_a_data_set_is_known_wherever_it_begins(syntax: str, cut: int | str, tmp_path: Path) -> None:
    write_slice(tmp_path / "slice.dcm", make_series()[0], syntax)
    content = (tmp_path / "slice.dcm").read_bytes()
    start = content.index(b"\x08\0\x08\0", 132) if cut == "data set" else int(cut)
    assert bare_data_set(content[start:]) is not None


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"one mm\n" * 200, b"\0" * 4000, b"\x08\0" * 2000, b"DICM" * 100, b"\xff" * 1000, b"\x08\0\x08\0CS"],
    ids=lambda content: repr(content[:8]),
)
def test_what_is_no_data_set_is_not_taken_for_one(content: bytes) -> None:
    assert bare_data_set(content) is None


def test_noise_is_not_taken_for_one() -> None:
    random = np.random.default_rng(0)
    assert not any(bare_data_set(random.bytes(400)) is not None for _ in range(2000))
