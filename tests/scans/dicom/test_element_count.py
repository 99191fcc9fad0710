"""Headers that would keep pydicom busy are refused before it sees them; those of real size are not."""

from pathlib import Path
from struct import pack

import pytest
from helpers.series_edits import enhanced
from helpers.synthetic_series import make_series, write_slice
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.scans.dicom import element_count, multiframe, read_volume, scan_folder, select_series

COUNT = 2_000
ITEM = b"\xfe\xff\x00\xe0"


def header_bytes(path: Path) -> bytes:
    data = path.read_bytes()
    return data[: data.rindex(b"\xe0\x7f\x10\x00")]


def flooded(kind: str) -> bytes:
    """Functional groups of thousands of empty things, without their own head."""
    if kind == "items":
        return (ITEM + pack("<L", 0)) * COUNT
    if kind == "elements":
        return ITEM + pack("<L", 8 * COUNT) + b"".join(pack("<HH2sH", 0x11, n, b"US", 0) for n in range(COUNT))
    nested = ITEM + b"\xff\xff\xff\xff" + pack("<HH2sHL", 0x40, 0xA730, b"SQ", 0, 0xFFFFFFFF)
    return nested * (COUNT // 2)


@pytest.mark.parametrize("kind", ["items", "elements", "nested"])
def test_a_flooded_header_is_refused_before_it_is_parsed(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multiframe, "MAX_ITEMS" if kind == "items" else "MAX_ELEMENTS", COUNT // 2)
    data = enhanced(make_series())
    data.PerFrameFunctionalGroupsSequence = []
    path = tmp_path / "flood.dcm"
    write_slice(path, data)
    content = path.read_bytes()
    at = content.index(pack("<HH2sHL", 0x5200, 0x9230, b"SQ", 0, 0))
    groups = flooded(kind)
    path.write_bytes(content[: at + 8] + pack("<L", len(groups)) + groups + content[at + 12 :])
    monkeypatch.setattr("pydicom.dcmread", None)
    with pytest.raises(Refusal) as caught:
        read_volume(select_series(scan_folder(path)))
    assert caught.value.code is RefusalCode.TOO_LARGE


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_nested_elements_and_items_are_counted(syntax: str, tmp_path: Path) -> None:
    data = Dataset()
    data.SOPInstanceUID = "1.2.3"
    inner = Dataset()
    inner.PatientID, inner.Rows = "a", 7
    middle = Dataset()
    middle.ReferencedImageSequence = [inner, inner]
    data.ReferencedStudySequence = [middle]
    path = tmp_path / "nested.dcm"
    write_slice(path, data, syntax)
    content, meta = path.read_bytes(), 7
    # SOPInstanceUID, sequence, item, sequence, twice an item with two elements
    wanted = meta + 1 + 3 + 2 * 3
    explicit, little = syntax != ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
    assert not element_count.has_more_elements(content, explicit, little, wanted + 1, 9)
    assert element_count.has_more_elements(content, explicit, little, wanted - 1, 9)
    assert not element_count.has_more_elements(content, explicit, little, wanted + 1, 3)
    assert element_count.has_more_elements(content, explicit, little, wanted + 1, 2)


def test_groups_of_undefined_length_are_read(tmp_path: Path) -> None:
    data = enhanced(make_series())
    for keyword in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        data[keyword].is_undefined_length = True
        for item in data[keyword].value:
            item.is_undefined_length_sequence_item = True
            for element in item:
                element.is_undefined_length = True
    path = tmp_path / "enhanced.dcm"
    write_slice(path, data)
    assert b"\x00\x52\x30\x92SQ\0\0\xff\xff\xff\xff" in path.read_bytes()
    volume = read_volume(select_series(scan_folder(path)))
    assert volume.array.shape == (44, 36, 15)
