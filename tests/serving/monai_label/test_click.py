"""Requests of viewers, read."""

from typing import Any

import pytest
from helpers.viewer_requests import ohif, ohif2, slicer

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.serving.monai_label.click import OPTIONS, read_click

CLICK = (210.0, 180.0, 95.0)


@pytest.mark.parametrize("request_", [slicer([CLICK], dict(OPTIONS)), ohif([CLICK]), ohif2([CLICK])])
def test_a_click_is_a_voxel_and_empty_options_are_none(request_: dict[str, Any]) -> None:
    read, remarks = read_click(request_)
    assert read["point1"] == Point(CLICK, Space.VOXEL)
    assert [read[name] for name in OPTIONS] == [None] * len(OPTIONS)
    assert "foreground" not in read
    assert remarks == ()


def test_options_are_read_as_people_type_them() -> None:
    typed = {"t0": "prior", "point0": "RAS 61 -40 -182", "clinical": "age=63, sex=female", "interval_days": "371"}
    read, _ = read_click(slicer([CLICK], typed))
    assert read["t0"] == "prior"
    assert read["point0"] == Point((61, -40, -182), Space.RAS)
    assert read["clinical"] == {"age": 63, "gender": 2}
    assert read["interval_days"] == 371
    assert read_click(slicer([CLICK], {"point0": "200,170,80"}))[0]["point0"] == Point((200, 170, 80), Space.VOXEL)


def test_programs_may_send_numbers_and_codes() -> None:
    sent = {"foreground": [[1.5, 2, 3]], "point0": [4, 5, 6], "clinical": {"age": 63}, "interval_days": 371}
    read, _ = read_click(sent)
    assert (read["point0"], read["clinical"], read["interval_days"]) == (
        Point((4, 5, 6), Space.VOXEL),
        {"age": 63},
        371,
    )


def test_the_last_click_counts_and_what_is_not_used_is_told() -> None:
    read, remarks = read_click(slicer([(1, 2, 3), CLICK], {}, background=[(9, 9, 9)]) | {"roi": [1, 2, 3, 4, 5, 6]})
    assert read["point1"] == Point(CLICK, Space.VOXEL)
    assert [words.split()[0] for words in remarks] == ["2", "Background", "The"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"foreground": []}, "foreground: is .., expected at least one click"),
        ({"foreground": None}, "expected at least one click"),
        ({"foreground": "1,2,3"}, "expected at least one click"),
        ({"foreground": [[1, 2]]}, "the last click is"),
        ({"foreground": [[1, 2, "x"]]}, "foreground"),
        ({"foreground": [[1, 2, float("nan")]]}, "foreground"),
        ({"point1": [1, 2, 3]}, "point1 is given to the point model"),
        ({"point0": "here"}, "point0: is 'here', expected numbers"),
        ({"point0": "/etc/marks.json"}, "expected numbers"),
        ({"clinical": "63"}, "clinical: is '63', expected NAME=VALUE"),
        ({"clinical": "weight=70"}, "clinical: .*weight"),
        ({"clinical": [63]}, "expected values"),
    ],
)
def test_what_is_no_click_or_no_option_is_rejected(change: dict[str, Any], words: str) -> None:
    with pytest.raises(BundleError, match=words):
        read_click({**ohif([CLICK]), **change})
