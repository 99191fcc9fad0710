import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst.change import Change
from csfnet_bundle.medst.sentences import (
    ALLOWED_FIELDS,
    CHANGE_WORDINGS,
    EARLIER_FIRST,
    LATER_FIRST,
    change_sentence,
    draw_wording,
    study_sentence,
)

RECORD = {
    "study_yr": 1,
    "sct_pre_att": 3,
    "sct_margins": 1,
    "sct_long_dia": 12.0,
    "sct_perp_dia": "9",
    "sct_epi_loc": 1,
    "age": 64,
    "gender": 1,
    "cigsmok": 1,
}
OUTCOMES = [
    *("cancer", "cancyr", "can_scr", "candx_days", "canc_rpt_link", "de_type", "de_stag", "locrup", "lesionsize"),
    *("scr_res0", "scr_res2", "scr_iso1", "label", "pid"),
]


def test_a_record_in_words() -> None:
    assert study_sentence(RECORD) == (
        "Screening year 1. Part-solid nodule with spiculated margins, 12 x 9 mm, in the right upper lobe. "
        "64 year old man, current smoker."
    )


def test_what_is_missing_is_left_out() -> None:
    record = {**RECORD, "sct_pre_att": 9, "sct_epi_loc": None, "gender": ".M", "sct_perp_dia": float("nan")}
    assert study_sentence(record) == (
        "Screening year 1. Nodule with spiculated margins, 12 mm. 64 year old person, current smoker."
    )
    assert study_sentence({}) == ""


@pytest.mark.parametrize("name", OUTCOMES)
def test_no_outcome_becomes_text(name: str) -> None:
    assert study_sentence({**RECORD, name: 1}) == study_sentence(RECORD)
    with pytest.raises(BundleError, match=name):
        study_sentence({**RECORD, name: 1}, [*ALLOWED_FIELDS, name])


def test_every_allowed_field_changes_the_text() -> None:
    whole = study_sentence(RECORD)
    for name in ALLOWED_FIELDS:
        assert study_sentence({key: value for key, value in RECORD.items() if key != name}) != whole, name


@pytest.mark.parametrize("change", list(Change))
def test_a_change_has_four_wordings_with_both_sizes_in_both_orders(change: Change) -> None:
    told = [change_sentence((8, 6), (12, 9), change, wording) for wording in (*EARLIER_FIRST, *LATER_FIRST)]
    assert len(set(told)) == len(CHANGE_WORDINGS) == 4
    orders = [text.index("8 x 6 mm") < text.index("12 x 9 mm") for text in told]
    assert orders == [True, True, False, False]


def test_every_study_has_a_wording_of_its_own_and_all_wordings_occur() -> None:
    names = [f"patient {number}/1" for number in range(40)]
    drawn = [draw_wording(name) for name in names]
    assert drawn == [draw_wording(name) for name in names]
    assert set(drawn) == set(range(len(CHANGE_WORDINGS)))
