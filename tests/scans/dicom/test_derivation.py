import pytest

from csfnet_bundle.scans.dicom.derivation import Derivation, derivation


@pytest.mark.parametrize(
    ("image_type", "expected"),
    [
        (r"ORIGINAL\PRIMARY\AXIAL", Derivation.ORIGINAL),
        (r"ORIGINAL\PRIMARY\AXIAL\CT_SOM5 SPI", Derivation.ORIGINAL),
        (r"ORIGINAL\PRIMARY\VOLUME\NONE", Derivation.ORIGINAL),
        ("", Derivation.UNKNOWN),
        (r"DERIVED\PRIMARY\AXIAL", Derivation.DERIVED),
        (r"DERIVED\SECONDARY\AXIAL\VMI", Derivation.DERIVED),
        (r"DERIVED\SECONDARY\MIP", Derivation.PROJECTION),
        (r"DERIVED\SECONDARY\AXIAL\CT_SOM5 MIP", Derivation.PROJECTION),
        (r"DERIVED\PRIMARY\VOLUME\MAX_IP", Derivation.PROJECTION),
        (r"DERIVED\SECONDARY\MINIP", Derivation.PROJECTION),
        (r"DERIVED\PRIMARY\AVERAGE", Derivation.PROJECTION),
        (r"DERIVED\SECONDARY\REFORMATTED\AVERAGE", Derivation.PROJECTION),
        (r"DERIVED\SECONDARY\MPR", Derivation.REFORMATTED),
        (r"DERIVED\SECONDARY\OTHER\CSA MPR", Derivation.REFORMATTED),
        (r"DERIVED\PRIMARY\AXIAL\DE_IODINE", Derivation.MAP),
        (r"DERIVED\PRIMARY\AXIAL\MAT_SPECIFIC", Derivation.MAP),
        (r"DERIVED\PRIMARY\AXIAL\EFF_ATOMIC_NUM", Derivation.MAP),
    ],
)
def test_image_types_of_scanners(image_type: str, expected: Derivation) -> None:
    assert derivation(image_type) is expected
    assert expected.is_plain == (expected <= Derivation.DERIVED)


def test_enhanced_ct_names_its_technique() -> None:
    assert derivation(r"DERIVED\PRIMARY\VOLUME\NONE", "MIN_IP") is Derivation.PROJECTION
    assert derivation(r"DERIVED\PRIMARY\VOLUME\NONE", "CURVED_MPR") is Derivation.REFORMATTED
    assert derivation(r"ORIGINAL\PRIMARY\VOLUME\NONE", "NONE") is Derivation.ORIGINAL


def test_a_description_counts_only_where_the_slices_are_not_called_original() -> None:
    assert derivation(r"DERIVED\SECONDARY\AXIAL", description="Iodine map") is Derivation.MAP
    assert derivation("", description="Thorax MIP 8 mm") is Derivation.PROJECTION
    assert derivation(r"ORIGINAL\PRIMARY\AXIAL", description="Thorax for MIP") is Derivation.ORIGINAL
    assert derivation(r"DERIVED\PRIMARY\AXIAL", description="0,OPA,GE,LS16,STANDARD,370,1.25") is Derivation.DERIVED
