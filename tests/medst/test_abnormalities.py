from pathlib import Path

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst.abnormalities import NODULE_CODE, read_nodules
from csfnet_bundle.medst.sentences import NODULE_FIELDS

ROW = {
    "pid": "100012",
    "study_yr": "1",
    "sct_ab_desc": str(NODULE_CODE),
    "sct_pre_att": "1",
    "sct_margins": "2",
    "sct_long_dia": "12",
    "sct_perp_dia": "9",
    "sct_epi_loc": "4",
    "cancyr": "2",
}


def _table(folder: Path, *changes: dict[str, str]) -> Path:
    """Write a table with one row for each dictionary of changed cells."""
    path = folder / "ctab.csv"
    lines = [",".join(ROW), *(",".join({**ROW, **change}.values()) for change in changes)]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_nodules_are_found_by_participant_and_year(tmp_path: Path) -> None:
    found = read_nodules(_table(tmp_path, {}, {"study_yr": "2", "sct_long_dia": "14"}, {"sct_long_dia": "5"}))
    sizes = {key: [row["sct_long_dia"] for row in rows] for key, rows in found.items()}
    assert sizes == {("100012", 1): [12, 5], ("100012", 2): [14]}


def test_columns_that_may_not_become_text_are_not_read(tmp_path: Path) -> None:
    found = read_nodules(_table(tmp_path, {"cancyr": "no number"}))
    assert [set(row) for row in found["100012", 1]] == [set(NODULE_FIELDS)]


@pytest.mark.parametrize("written", ["98", "98.0", " 98 "])
def test_a_whole_number_is_the_same_participant_in_any_spelling(tmp_path: Path, written: str) -> None:
    found = read_nodules(_table(tmp_path, {"pid": written, "study_yr": "1.0"}, {"pid": "98"}))
    assert {key: len(rows) for key, rows in found.items()} == {("98", 1): 2}


@pytest.mark.parametrize("code", ["52", "62", "", ".M"])
def test_other_abnormalities_are_left_out_whatever_their_cells_say(tmp_path: Path, code: str) -> None:
    other = {"sct_ab_desc": code, "sct_long_dia": "n.d.", "study_yr": "first"}
    found = read_nodules(_table(tmp_path, other, {"sct_ab_desc": f"{NODULE_CODE}.0"}))
    assert [len(rows) for rows in found.values()] == [1]


@pytest.mark.parametrize("cell", ["", "  ", ".", ".M", ".n"])
def test_blanks_and_marks_of_missing_values_are_no_value(tmp_path: Path, cell: str) -> None:
    row = read_nodules(_table(tmp_path, {"sct_perp_dia": cell}))["100012", 1][0]
    assert row["sct_perp_dia"] is None
    assert row["sct_long_dia"] == 12


def test_a_fraction_of_a_millimetre_stays(tmp_path: Path) -> None:
    assert read_nodules(_table(tmp_path, {"sct_long_dia": "4.5"}))["100012", 1][0]["sct_long_dia"] == 4.5


@pytest.mark.parametrize(
    ("column", "cell", "expected"),
    [
        ("sct_long_dia", "12 mm", "a number"),
        ("sct_margins", "inf", "a finite number"),
        ("sct_ab_desc", "nodule", "a number"),
        ("study_yr", "1.5", "a whole number"),
        ("study_yr", ".M", "a value"),
        ("pid", "", "a value"),
        ("pid", "../98", "letters, digits"),
    ],
)
def test_a_cell_that_is_no_number_is_refused_by_its_row(tmp_path: Path, column: str, cell: str, expected: str) -> None:
    with pytest.raises(BundleError, match=rf"ctab\.csv, row 3: {column} is '{cell}', expected {expected}") as refused:
        read_nodules(_table(tmp_path, {}, {column: cell}))
    assert "\n" not in str(refused.value)


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"no abnormality table .*ctab\.csv"):
        read_nodules(tmp_path / "ctab.csv")


@pytest.mark.parametrize("column", ["pid", "study_yr", "sct_ab_desc", "sct_perp_dia"])
def test_a_table_without_a_column_is_refused_by_its_name(tmp_path: Path, column: str) -> None:
    path = _table(tmp_path, {})
    path.write_text(path.read_text().replace(column, "something"))
    with pytest.raises(BundleError, match=rf"ctab\.csv: the table has no column '{column}'"):
        read_nodules(path)


def test_a_diameter_of_zero_was_not_measured(tmp_path: Path) -> None:
    found = read_nodules(_table(tmp_path, {"sct_perp_dia": "0"}))
    assert [(row["sct_long_dia"], row["sct_perp_dia"]) for row in found["100012", 1]] == [(12, None)]
