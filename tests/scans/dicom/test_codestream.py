import numpy as np
import pytest
from helpers.synthetic_series import compress, make_series
from hypothesis import given
from hypothesis import strategies as st
from pydicom.encaps import generate_frames
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, RLELossless

from csfnet_bundle.scans.dicom.codestream import CodestreamError, check_codestream
from csfnet_bundle.scans.dicom.syntaxes import ALLOWED

SYNTAXES = (RLELossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless)


@pytest.fixture(scope="module")
def frames() -> dict[str, tuple[bytes, int, int]]:
    found = {}
    for syntax in SYNTAXES:
        (data,) = make_series()[4:5]
        compress([data], syntax)
        (frame,) = generate_frames(data.PixelData, number_of_frames=1)
        found[syntax] = frame, data.Rows, data.Columns
    return found


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda uid: uid.name)
def test_sound_frames_pass_and_others_do_not(syntax: str, frames: dict[str, tuple[bytes, int, int]]) -> None:
    frame, rows, columns = frames[syntax]
    check_codestream(frame, ALLOWED[syntax], rows, columns)
    for damaged in (b"", frame[2:], b"\0" * len(frame), b"\xff" * len(frame), frame[:60]):
        with pytest.raises(CodestreamError):
            check_codestream(damaged, ALLOWED[syntax], rows, columns)
    if syntax != RLELossless:
        for damaged, height, width in ((frame[:-3], rows, columns), (frame, rows + 1, columns), (frame, columns, rows)):
            with pytest.raises(CodestreamError):
                check_codestream(damaged, ALLOWED[syntax], height, width)


def test_one_kind_does_not_pass_for_another(frames: dict[str, tuple[bytes, int, int]]) -> None:
    for syntax in SYNTAXES:
        for other in set(SYNTAXES) - {syntax}:
            frame, rows, columns = frames[other]
            with pytest.raises(CodestreamError):
                check_codestream(frame, ALLOWED[syntax], rows, columns)


def test_a_jpeg_2000_frame_of_countless_tiles_is_refused(frames: dict[str, tuple[bytes, int, int]]) -> None:
    damaged = bytearray(frames[JPEG2000Lossless][0])
    size, tile = (2000).to_bytes(4, "big"), (1).to_bytes(4, "big")
    damaged[8:40] = size * 2 + bytes(8) + tile * 2 + bytes(8)  # Xsiz to YTOsiz
    with pytest.raises(CodestreamError, match="tiles"):
        check_codestream(bytes(damaged), ALLOWED[JPEG2000Lossless], 2000, 2000)


@given(st.binary(max_size=200), st.sampled_from(SYNTAXES))
def test_random_bytes_never_raise_anything_else(content: bytes, syntax: str) -> None:
    starts = {JPEG2000Lossless: b"\xff\x4f\xff\x51", RLELossless: np.array([2, 64, 70], "<u4").tobytes()}
    for frame in (content, starts.get(syntax, b"\xff\xd8") + content + b"\xff\xd9"):
        try:
            check_codestream(frame, ALLOWED[syntax], 36, 44)
        except CodestreamError:
            continue
