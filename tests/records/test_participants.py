"""The NLST participant table."""

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records.participants import inputs_of, read_participants

HEADER = (
    "pid,race,cigsmok,gender,age,scr_res0,scr_res1,scr_res2,scr_iso0,scr_iso1,scr_iso2,"
    "scr_days0,scr_days1,scr_days2,candx_days,conflc,fup_days,canc_free_days,cancyr,loclup"
)


@pytest.fixture
def table(tmp_path):
    def write(*rows, header=HEADER):
        path = tmp_path / "prsn.csv"
        path.write_text("\n".join([header, *rows]) + "\n")
        return path

    return write


def test_inputs_are_the_reads_of_the_screen_of_t0(table):
    people = read_participants(table("100001,1,1,2,62,4,5,23,4,2,13,30,400,760,.N,0,2500,2500,.N,.N"))
    assert people.clinical("100001", 0)[0] == {
        "race": 1, "cigsmok": 1, "gender": 2, "age": 62, "scr_res0": 4, "scr_iso0": 4,
    }  # fmt: skip
    assert people.clinical("100001", 1)[0] == {
        "race": 1, "cigsmok": 1, "gender": 2, "age": 62, "scr_res0": 5, "scr_iso0": 2,
    }  # fmt: skip
    assert "scr_res0" not in people.clinical("100001", None)[0]


def test_a_code_that_tells_of_a_cancer_is_left_out_and_told(table):
    people = read_participants(table("100001,1,1,2,62,4,5,23,4,2,13,30,400,760,.N,0,2500,2500,.N,.N"))
    values, notices = people.clinical("100001", 2)
    assert set(values) == {"race", "cigsmok", "gender", "age"}
    assert len(notices) == 2
    assert "Cancer in screening window" in notices[0]


def test_missing_cells_are_absent_and_unknown_ones_stay(table):
    people = read_participants(table("200001.0,7,.M,,63.0,.N,,,.,,,,.W,.N,.N,.N,.N,.N,.N,.N"))
    assert people.clinical("200001", 0) == ({"race": 7, "age": 63}, [])
    assert people.screen_day("200001", 1) is None


def test_a_value_that_no_code_explains_names_the_participant(table):
    people = read_participants(table("100001,1,1,7,62,4,5,5,4,2,2,30,400,760,.N,0,2500,2500,.N,.N"))
    with pytest.raises(BundleError) as error:
        people.clinical("100001", 0)
    assert "100001" in str(error.value)
    assert "gender" in str(error.value)


def test_outcomes_are_not_among_the_inputs_even_if_asked():
    for name in ("candx_days", "loclup", "cancyr"):
        with pytest.raises(BundleError, match=name):
            inputs_of({"age": 60, name: 1})


@pytest.mark.parametrize(
    ("days1", "diagnosis", "after"),
    [("400", ".N", False), ("400", "401", False), ("400", "400", True), ("400", "300", True), (".E", "300", True),
     (".N", "300", False)],
)  # fmt: skip
def test_screens_at_or_after_the_diagnosis(table, days1, diagnosis, after):
    row = f"100001,1,1,1,62,4,5,5,4,2,2,30,{days1},760,{diagnosis},1,2500,2500,1,1"
    assert read_participants(table(row)).screened_after_diagnosis("100001", 1) is after


@pytest.mark.parametrize(
    ("diagnosis", "confirmed", "followed", "label"),
    [
        ("500", "1", "2500", 1),
        ("500", "", "2500", 1),
        ("765", "1", "2500", 1),
        ("766", "1", "2500", 0),
        ("500", "2", "2500", None),
        (".N", "0", "2500", 0),
        (".N", "0", "700", None),
        (".N", "0", "", None),
    ],
)
def test_the_label_by_confirmed_cancer_within_a_year(table, diagnosis, confirmed, followed, label):
    row = f"100001,1,1,1,62,4,5,5,4,2,2,30,400,760,{diagnosis},{confirmed},{followed},.N,1,1"
    assert read_participants(table(row)).cancer_within("100001", 1, 365) == label


def test_the_label_is_unknown_without_a_day_of_the_screen(table):
    row = "100001,1,1,1,62,4,5,5,4,2,2,30,.N,760,500,1,2500,2500,1,1"
    assert read_participants(table(row)).cancer_within("100001", 1, 365) is None


def test_the_public_columns_without_conflc_and_fup_days_are_enough(table):
    header = "PID,race,cigsmok,gender,age,scr_days1,candx_days,canc_free_days"
    people = read_participants(table("100001,1,1,1,62,400,,2500", "100002,1,1,1,62,400,600,600", header=header))
    assert people.cancer_within("100001", 1, 365) == 0
    assert people.cancer_within("100002", 1, 365) == 1
    assert "100002" in people
    assert "100003" not in people


@pytest.mark.parametrize(
    ("rows", "header", "words"),
    [
        (["1001,1,1,1,62"], "pid,race,cigsmok,gender,age", "'1001' is no NLST participant"),
        (["100001,1,1,1,62", "100001,1,1,1,62"], "pid,race,cigsmok,gender,age", "there twice"),
        (["100001,1,1,1"], "pid,race,cigsmok,gender", "no column 'age'"),
        (["1,1"], "race,gender", "no column 'pid'"),
    ],
)
def test_a_bad_table_is_refused(table, rows, header, words):
    with pytest.raises(BundleError, match=words):
        read_participants(table(*rows, header=header))


def test_a_table_that_is_not_there(tmp_path):
    with pytest.raises(BundleError, match="no participant table"):
        read_participants(tmp_path / "prsn.csv")


def test_days_that_are_no_number(table):
    people = read_participants(table("100001,1,1,1,62,4,5,5,4,2,2,30,soon,760,.N,0,2500,2500,.N,.N"))
    with pytest.raises(BundleError, match="scr_days1 is 'soon'"):
        people.screen_day("100001", 1)
