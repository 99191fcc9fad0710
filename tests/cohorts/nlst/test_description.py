import pytest

from csfnet_bundle.cohorts.nlst.description import NlstDescription, parse_description


def test_a_description_of_nlst():
    found = parse_description("1,OPA,GE,LS16,STANDARD,370,2.5,140,60,0.1,1.4")
    assert found == NlstDescription(screen=1, kind="OPA", kernel="STANDARD", field_of_view_mm=370, slice_mm=2.5)


@pytest.mark.parametrize("text", [None, "", "CHEST LOW DOSE", "1,OPA"])
def test_another_description_says_nothing(text):
    assert parse_description(text) == NlstDescription()


def test_unknown_fields_are_none():
    found = parse_description("x,OPL,SE,VZOOM,na,null,999,80,0,0,na")
    assert found == NlstDescription(kind="OPL")
