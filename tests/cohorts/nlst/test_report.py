"""The parts of the cohort report."""

import pytest

from csfnet_bundle.cohorts.nlst.flow import Flow
from csfnet_bundle.cohorts.nlst.report import left_out_sections, pairs_section, truncation_section
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.inputs import RoiSettings
from csfnet_bundle.records import FollowUpPair, Scan


def pair(number, label, **strata):
    scan = Scan("a", Point((0, 0, 0), Space.LPS))
    return FollowUpPair(
        f"10000{number}",
        "1",
        scan,
        label=label,
        interval_days=360.0 + number,
        clinical={"age": 60 + number},
        strata=strata,
    )


PAIRS = [
    pair(1, 1, diameter_t1_mm=70.0, kernel="BONE"),
    pair(2, 1, diameter_t1_mm=17.0, kernel="BONE"),
    pair(3, 0, diameter_t1_mm=8.0, kernel="STANDARD"),
    pair(4, 0, kernel="STANDARD"),
]


def test_who_is_in_the_cohort_by_label():
    rows = {row[0]: row[1:] for row in pairs_section(PAIRS).table.rows}
    assert rows["pairs"] == ("4", "2", "2")
    assert rows["age, years: median (quartiles), n"] == (
        "62.5 (61.75–63.25), 4",
        "61.5 (61.25–61.75), 2",
        "63.5 (63.25–63.75), 2",
    )
    assert rows["kernel: BONE"] == ("2 (50 %)", "2 (100 %)", "0 (0 %)")
    assert rows["race known"] == ("0 (0 %)", "0 (0 %)", "0 (0 %)")
    assert rows["diameter at t1, mm: median (quartiles), n"][2] == "–"


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((16, 64, 64), ["1 (33 %)", "2 (67 %)"]),
        ((16, 128, 128), ["0 (0 %)", "2 (67 %)"]),
        ((128, 4, 4), ["3 (100 %)", "0 (0 %)"]),
    ],
)
def test_what_the_roi_truncates(size, expected):
    section = truncation_section(PAIRS, RoiSettings(size=size))
    assert [row[1] for row in section.table.rows] == expected
    assert "3 pairs have a diameter" in section.text


def test_rare_levels_are_put_together():
    many = [pair(number, 1, scanner=f"scanner {number}") for number in range(10)]
    rows = [row[0] for row in pairs_section(many).table.rows if row[0].startswith("scanner")]
    assert len(rows) == 9
    assert rows[-1] == "scanner: 2 others"


def test_long_lists_of_records_are_cut_and_say_so():
    flow = Flow()
    flow.leave_out("reason", "pairs", [(one, one.name) for one in PAIRS * 6])
    flow.leave_out("nothing", "pairs", [])
    (section,) = left_out_sections(flow)
    assert section.title == "Left out: reason"
    assert len(section.items) == 21
    assert section.items[-1] == "and 4 more, in flow.json"
    assert flow.to_records()[0]["patients"] == 4
