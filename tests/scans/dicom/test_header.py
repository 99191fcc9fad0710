"""The bounded header pass against pydicom, and against damage."""

from __future__ import annotations

import os
from pathlib import Path
from unicodedata import category

import pytest
from helpers.series_edits import enhanced
from helpers.synthetic_series import make_series, to_big_endian, write_slice
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from csfnet_bundle.scans.dicom import tags
from csfnet_bundle.scans.dicom.elements import HeaderError
from csfnet_bundle.scans.dicom.header import Header, Skip, read_header
from csfnet_bundle.scans.dicom.instance import instance_from_header
from csfnet_bundle.scans.dicom.scan import read_instances
from csfnet_bundle.scans.dicom.tolerances import HEADER_BYTES, MAX_HEADER_BYTES

SYNTAXES = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)

DAMAGE = st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=4)), min_size=1, max_size=6)
"""Where bytes are overwritten, as a share of the header, and by what."""


def nested(depth: int, undefined: bool) -> Dataset:
    data = Dataset()
    data.Rows = 7
    data.SOPInstanceUID = "9.9.9"
    if depth:
        data.ReferencedImageSequence = Sequence([nested(depth - 1, undefined) for _ in range(2)])
        data["ReferencedImageSequence"].is_undefined_length = undefined
    data.is_undefined_length_sequence_item = undefined
    return data


@pytest.fixture(scope="module")
def slice_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("slice") / "slice.dcm"
    data = make_series()[4]
    data.ReferencedStudySequence = Sequence([nested(2, undefined=True)])
    data["ReferencedStudySequence"].is_undefined_length = True
    write_slice(path, data)
    return path


@pytest.mark.parametrize("undefined", [False, True])
@pytest.mark.parametrize("private_bytes", [0, HEADER_BYTES - 1500, HEADER_BYTES, 20 * HEADER_BYTES])
@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda uid: uid.name)
def test_agrees_with_pydicom(syntax: str, private_bytes: int, undefined: bool, tmp_path: Path) -> None:
    data = make_series()[4]
    if syntax == ExplicitVRBigEndian:
        to_big_endian([data])
    data.ReferencedStudySequence = Sequence([nested(3, undefined)])
    data["ReferencedStudySequence"].is_undefined_length = undefined
    data.private_block(0x0019, "MAKER", create=True).add_new(0x01, "OB", b"\1" * private_bytes)
    path = tmp_path / "slice.dcm"
    write_slice(path, data, syntax)
    header = read_header(path)
    assert isinstance(header, Header)
    found, expected = instance_from_header(str(path), header), dcmread(path)
    assert found.fault is None
    assert found.sop_uid == expected.SOPInstanceUID
    assert found.position == tuple(expected.ImagePositionPatient)
    assert found.orientation == tuple(expected.ImageOrientationPatient)
    assert found.pixel_spacing == tuple(expected.PixelSpacing)
    assert (found.rows, found.columns) == (expected.Rows, expected.Columns)
    assert (found.slope, found.intercept) == (expected.RescaleSlope, expected.RescaleIntercept)
    assert found.kernel == expected.ConvolutionKernel
    content = path.read_bytes()
    assert content[found.pixel_offset : found.pixel_offset + found.pixel_length] == expected.PixelData


@pytest.mark.parametrize(("declared", "real"), [SYNTAXES[:2], SYNTAXES[1::-1]], ids=["implicit", "explicit"])
def test_a_wrongly_declared_value_representation_is_seen_through(declared: str, real: str, tmp_path: Path) -> None:
    path = tmp_path / "slice.dcm"
    write_slice(path, make_series()[4], real)
    content = path.read_bytes()
    old, new = (uid.encode() + b"\0" * (len(uid) % 2) for uid in (real, declared))
    at = content.index(b"\x02\x00\x10\x00UI") + 6
    length = int.from_bytes(content[at : at + 2], "little")
    assert content[at + 2 : at + 2 + length] == old
    path.write_bytes(content[:at] + len(new).to_bytes(2, "little") + new + content[at + 2 + length :])
    (found,) = read_instances(str(path))
    assert found.fault is None
    assert found.rows == make_series()[4].Rows


def test_a_file_cut_before_its_sop_class_is_a_fault_and_no_other_object(slice_file: Path, tmp_path: Path) -> None:
    """Between two elements nothing else tells that the file goes on."""
    content = slice_file.read_bytes()
    path = tmp_path / "cut.dcm"
    path.write_bytes(content[: content.index(b"\x08\x00\x16\x00UI")])
    (found,) = read_instances(str(path))
    assert found.fault is not None
    assert "without pixel data" in found.fault.problem  # the file meta information says that it is a CT image


@given(share=st.floats(0, 1, exclude_max=True))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_cut_off_file_is_never_accepted(slice_file: Path, share: float, tmp_path: Path) -> None:
    content = slice_file.read_bytes()
    length = int(share * len(content))
    path = tmp_path / "cut.dcm"
    path.write_bytes(content[:length])
    found = read_instances(str(path))
    assert isinstance(found, Skip) if length < 132 else found[0].fault is not None


@given(damage=DAMAGE)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_headers_give_an_instance_a_fault_or_a_skip(
    slice_file: Path, damage: list[tuple[float, bytes]], tmp_path: Path
) -> None:
    content = bytearray(slice_file.read_bytes())
    pixel_start = content.index(b"\xe0\x7f\x10\x00OW")
    for place, value in damage:
        at = 132 + int(place * (pixel_start - 132))
        content[at : at + len(value)] = value
    path = tmp_path / "damaged.dcm"
    path.write_bytes(bytes(content))
    found = read_instances(str(path))
    assert isinstance(found, Skip) or len(found) >= 1


@given(damage=DAMAGE)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_functional_groups_give_instances_a_fault_or_a_skip(
    enhanced_file: Path, damage: list[tuple[float, bytes]], tmp_path: Path
) -> None:
    content = bytearray(enhanced_file.read_bytes())
    start, end = content.index(b"\x00\x52\x29\x92"), content.index(b"\xe0\x7f\x10\x00OW")
    for place, value in damage:
        at = start + int(place * (end - start))
        content[at : at + len(value)] = value
    path = tmp_path / "damaged.dcm"
    path.write_bytes(bytes(content))
    found = read_instances(str(path))
    assert isinstance(found, Skip) or len(found) >= 1


@pytest.fixture(scope="module")
def enhanced_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("enhanced") / "enhanced.dcm"
    write_slice(path, enhanced(make_series(shape=(44, 36, 4))))
    return path


def test_an_endless_header_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "endless.dcm"
    write_slice(path, make_series()[4])
    content = path.read_bytes()
    at = content.index(b"\x20\x00\x0d\x00UI")
    with path.open("wb") as file:
        file.write(content[:at] + b"\x19\x00\x01\x10OB\0\0" + (2 * MAX_HEADER_BYTES).to_bytes(4, "little"))
        file.truncate(3 * MAX_HEADER_BYTES)  # a hole, no bytes on disk
    with pytest.raises(HeaderError, match="long"):
        read_header(path)


def test_a_damaged_transfer_syntax_is_a_fault(slice_file: Path, tmp_path: Path) -> None:
    content = bytearray(slice_file.read_bytes())
    at = content.index(b"\x02\x00\x10\x00UI") + 8
    content[at + 5] = 0xB4
    path = tmp_path / "damaged.dcm"
    for damage_next in (False, True):
        if damage_next:  # the element after it is no element
            content[at + 20 : at + 26] = b"\x02\x00\x12\x00??"
        path.write_bytes(bytes(content))
        (found,) = read_instances(str(path))
        assert found.fault is not None


def test_deep_nesting_costs_no_recursion(tmp_path: Path) -> None:
    path = tmp_path / "deep.dcm"
    write_slice(path, make_series()[4])
    content = path.read_bytes()
    at = content.index(b"\x20\x00\x0d\x00UI")
    depth = 20_000
    sequence = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    end = b"\xfe\xff\x0d\xe0\0\0\0\0" + b"\xfe\xff\xdd\xe0\0\0\0\0"
    path.write_bytes(content[:at] + sequence * depth + end * depth + content[at:])
    (found,) = read_instances(str(path))
    assert found.fault is None
    assert found.series_uid == make_series()[4].SeriesInstanceUID


def test_what_is_no_dicom_is_skipped_by_its_reason(tmp_path: Path) -> None:
    for name, content, reason in (
        ("empty", b"", Skip.EMPTY),
        ("text", b"one mm\n" * 100, Skip.NO_DICOM),
        ("short", b"x", Skip.NO_DICOM),
    ):
        (tmp_path / name).write_bytes(content)
        assert read_header(tmp_path / name) is reason


def test_a_pipe_does_not_hang_the_reader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert read_header(tmp_path / "pipe") is Skip.EMPTY


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"1.5\\-2 ", (1.5, -2.0)),
        (b" 1e-3\\+4", (0.001, 4.0)),
        (b"1.5", None),
        (b"1.5\\nan", None),
        (b"1.5\\inf", None),
        (b"1_0\\2", None),
        (b"1,5\\2", None),
        (b"", None),
        (b"\\", None),
        (b"\xff\\2", None),
        (b"1.5\\-2\0", (1.5, -2.0)),
        (b"1.5\0\\-2\0\0", (1.5, -2.0)),
        (b"1\0005\\2", None),
    ],
)
def test_decimals(raw: bytes, expected: tuple[float, float] | None) -> None:
    assert tags.decimals({tags.PIXEL_SPACING: raw}, tags.PIXEL_SPACING, 2) == expected


@given(st.binary(max_size=40))
def test_text_is_printable_whatever_the_bytes(raw: bytes) -> None:
    text = tags.text({tags.PATIENT_ID: raw}, tags.PATIENT_ID)
    assert all(character.isprintable() or category(character) == "Zs" for character in text)
    assert text == text.strip(" ")
