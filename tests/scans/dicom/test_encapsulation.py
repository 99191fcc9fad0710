import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.encaps import encapsulate

from csfnet_bundle.scans.dicom.encapsulation import EncapsulationError, locate_frames, read_fragments

FRAME = st.binary(min_size=2, max_size=40).map(lambda data: data + b"\1" * (len(data) % 2))
FRAMES = st.lists(FRAME, min_size=1, max_size=6)
DELIMITER = b"\xfe\xff\xdd\xe0\0\0\0\0"


@given(FRAMES, st.integers(1, 3), st.booleans())
def test_frames_come_back_whatever_their_fragments(frames: list[bytes], fragments: int, has_table: bool) -> None:
    # Without an offset table only one fragment a frame can be told apart.
    parts = fragments if has_table and all(len(frame) >= 2 * fragments for frame in frames) else 1
    data = encapsulate(frames, fragments_per_frame=parts, has_bot=has_table) + DELIMITER
    file = io.BytesIO(b"header" + data)
    places = locate_frames(file, len(b"header"), len(frames))
    content = file.getvalue()
    assert [read_fragments(content[at : at + length], has_offset_table=False) for at, length in places] == frames


@given(FRAME, st.binary(max_size=9))
def test_a_single_frame_comes_back_whatever_follows(frame: bytes, rest: bytes) -> None:
    data = encapsulate([frame]) + DELIMITER
    assert read_fragments(data + rest, has_offset_table=True) == frame
    for length in range(len(data) - 7):
        with pytest.raises(EncapsulationError):
            read_fragments(data[:length], has_offset_table=True)


@given(FRAMES, st.integers(0, 400), st.integers(0, 255), st.integers(1, 8))
def test_damage_is_refused_or_harmless(frames: list[bytes], place: int, value: int, claimed: int) -> None:
    data = bytearray(encapsulate(frames) + DELIMITER)
    data[place % len(data)] = value
    try:
        places = locate_frames(io.BytesIO(data), 0, claimed)
    except EncapsulationError:
        return
    assert len(places) == claimed
    assert all(at > 0 and at + length <= len(data) for at, length in places)
