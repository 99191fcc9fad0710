"""Figures of the measuring study from rows whose figures are known."""

import math

import pytest
from helpers.measuring_rows import drawn, followup, reader, row, series, study_rows

from csfnet_bundle.nodule.segmentation import Method
from csfnet_bundle.studies.measuring.agreement import volume_of
from csfnet_bundle.studies.measuring.evaluating import TAKEN
from csfnet_bundle.studies.measuring.summary import GROWTH, doubtful, summarize

NETWORK = Method.NETWORK.value


def test_a_refusal_and_a_flag_are_doubts_unless_they_are_ignored() -> None:
    assert not doubtful(reader("a", 100.0))
    assert doubtful(reader("a", 100.0, None))
    flagged = reader("a", 100.0, flags=["SMALL"])
    assert doubtful(flagged)
    assert not doubtful(flagged, ignore={"SMALL"})
    assert volume_of(reader("a", 100.0, None), TAKEN) == 0


def test_readers_are_grouped_by_texture_and_by_flags() -> None:
    rows = [*study_rows(), reader("boxed", 300.0, flags=["CUT_BY_SCAN"]), reader("odd", 300.0, 1.6, flags=["SMALL"])]
    figures = summarize(rows)["readers"]
    assert {name: figures[name]["volumes"] for name in ("all", "solid", "subsolid", "unflagged")} == {
        "all": 11, "solid": 10, "subsolid": 1, "unflagged": 10,
    }  # fmt: skip
    assert figures["unflagged"]["methods"][TAKEN]["within_25"] == 1.0
    assert figures["all"]["methods"][TAKEN]["within_25"] == pytest.approx(10 / 11)
    assert (figures["flags"]["SMALL"], figures["flags"]["CUT_BY_SCAN"], figures["flags"]["refused"]) == (1, 1, 0)


def test_followups_are_compared_with_their_first_scan_and_with_the_limits() -> None:
    rows = [*study_rows(), followup("A_0", 2.0, 0.9)]
    figures = summarize(rows)["followups"]
    assert figures["ratios"]["2"][NETWORK] == [1.96, 0.9]
    assert figures["ratios"]["1"][GROWTH] == [1.0]
    assert (figures["limits_hold"], figures["limits_of"]) == (2, 3)
    assert figures["growth"][0]["sigma"] == pytest.approx(0.1)


def test_drawn_nodules_by_type_neighbour_and_click() -> None:
    rows = [
        *study_rows(),
        drawn(90, "part-solid", 0.4, beside="wall"),
        drawn(91, "part-solid", 0.4, flags=["METHODS_DISAGREE"]),
        drawn(0, "solid", 1.4, "clicks", click_mm=2.0),
        drawn(0, "solid", 1.4, "clicks", click_mm=2.0, flags=["CLICK_MATTERS"]),
    ]
    figures = summarize(rows)["drawn"]
    part_solid = figures["types"]["part-solid"]
    assert (part_solid["nodules"], part_solid["unflagged"]) == (4, 3)
    assert [(one["name"], one["ratio"]) for one in part_solid["unflagged_off"]] == [("90", 0.4)]
    assert figures["types"]["beside"]["wall"][TAKEN]["within_25"] == pytest.approx(2 / 3)
    clicks = figures["clicks"]["2"]
    assert (clicks["nodules"], clicks["unflagged"], clicks["unflagged_off"]) == (4, 3, 1)
    assert clicks["off"][TAKEN] == 0.5
    solid = figures["retest"]["solid"][TAKEN]
    assert solid["nodules"] == 2
    assert solid["bias"] == pytest.approx(math.log(0.95) / 2)
    assert figures["growth"]["part-solid"][TAKEN]["deviation"] > 0


def test_a_whole_series_row_keeps_what_the_page_shows() -> None:
    rows = [one for one in study_rows() if one["part"] != "series"]
    rows += [series("A_0", 4, 1000.0, 0.8), row("series", "C_0", 50.0, None, readers=3, consensus_mm3=50.0)]
    first, second = summarize(rows)["series"]
    assert first["volumes_mm3"][TAKEN] == pytest.approx(800.0)
    assert second["refused"] == "NO_NODULE"
    assert "clicks_mm3" not in first
