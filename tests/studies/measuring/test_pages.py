"""The tables of docs/measuring.md say what the figures say, and whether the aims are reached."""

from helpers.measuring_rows import document, reader

from csfnet_bundle.studies.measuring.pages import TABLE_NAMES, measuring_tables
from csfnet_bundle.studies.measuring.targets import targets_markdown


def reached(table: str, figure: str) -> str:
    (line,) = [line for line in table.splitlines() if line.startswith(f"| {figure} ")]
    return line.split("|")[-2].strip()


def test_every_place_of_the_page_gets_its_table() -> None:
    tables = measuring_tables(document())
    assert tuple(tables) == TABLE_NAMES
    assert "2,800 steps" in tables["measuring_network"]
    assert "bfloat16" in tables["measuring_network"]
    assert "on all 696 volumes" in tables["measuring_network"]
    assert (
        "5 networks of the same settings each lack a fold of the patients (70, 71, 72, 73, 74)"
        in (tables["measuring_network"])
    )
    assert "All: 9 volumes." in tables["measuring_readers"]
    assert "subsolid): 1 volumes." in tables["measuring_readers"]
    assert "| A_0 " in tables["measuring_series"]
    assert "2 of 2 follow-ups" in tables["measuring_followups"]
    assert "CUT_BY_SCAN" in tables["measuring_flags"]


def test_aims_are_judged_by_the_figures() -> None:
    good = targets_markdown(document())
    assert reached(good, "Dice against readers, median") == "yes"
    assert reached(good, "volume > 2 x") == "yes"
    assert reached(good, "clicks 2 mm off: > 25 % off and unflagged") == "yes"
    assert reached(good, "the nodule of one reader") == "yes"
    bad = targets_markdown(document([reader(f"bad{n}", 100.0, 2.5, dice=0.3) for n in range(9)]))
    for figure in ("Dice < .5", "volume within 25 %", "volume > 2 x"):
        assert reached(bad, figure) == "**no**", figure


def test_where_every_nodule_is_flagged_no_success_is_told() -> None:
    rows = document()
    rows["summary"]["drawn"]["clicks"]["2"] |= {"unflagged": 0, "unflagged_off": 0}
    assert reached(targets_markdown(rows), "clicks 2 mm off: > 25 % off and unflagged") == "all are flagged"
