"""Texts in the character sets of the world, written by pydicom and read by the header pass."""

from pathlib import Path

import pytest
from helpers.synthetic_series import make_series, write_slice

from csfnet_bundle.scans.dicom import tags
from csfnet_bundle.scans.dicom.scan import read_instances


def patient(raw: bytes, declared: bytes = b"") -> str:
    return tags.text({tags.PATIENT_ID: raw, tags.SPECIFIC_CHARACTER_SET: declared}, tags.PATIENT_ID)


@pytest.mark.parametrize(
    ("declared", "name"),
    [
        ("ISO_IR 100", "Müller-Łuk".replace("Ł", "L")),
        ("ISO_IR 101", "Łukasz"),
        ("ISO_IR 144", "Иванов"),
        ("ISO_IR 192", "患者 0815 Ünal"),
        ("GB18030", "患者7"),
        (["", "ISO 2022 IR 87"], "患者"),
        (["", "ISO 2022 IR 149"], "김희중"),
    ],
    ids=str,
)
def test_a_patient_id_is_read_as_it_was_written(declared: object, name: str, tmp_path: Path) -> None:
    data = make_series()[0]
    data.SpecificCharacterSet = declared
    data.PatientID = data.SeriesDescription = name
    write_slice(tmp_path / "slice.dcm", data)
    (found,) = read_instances(str(tmp_path / "slice.dcm"))
    assert (found.patient_id, found.description) == (name, name)


def test_one_name_is_one_identity_whatever_wrote_it() -> None:
    names = {patient(b"M\xfcller", b"ISO_IR 100"), patient("Müller".encode(), b"ISO_IR 192"), patient(b"M\xfcller")}
    assert names | {patient("Mu\u0308ller".encode(), b"ISO_IR 192")} == {"Müller"}


def test_a_character_set_that_does_not_fit_is_no_error() -> None:
    assert patient(b"M\xfcller", b"ISO_IR 192") == "Müller"
    assert patient("Müller".encode(), b"NONSENSE") in ("Müller", "MÃ¼ller")
    assert patient(b"\x1b$B45<T\x1b(B", b"\\ISO 2022 IR 87") == "患者"


def test_blanks_of_other_scripts_stay_and_control_characters_go() -> None:
    assert patient("a\u3000b\u00a0c".encode(), b"ISO_IR 192") == "a\u3000b\u00a0c"
    assert patient(b"a\x07b\x1b[2J") == "a b [2J"
