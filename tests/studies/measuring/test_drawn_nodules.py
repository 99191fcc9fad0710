"""Drawn nodules: exact volumes, the same nodule in every scan of it, and clicks beside it."""

import numpy as np
import pytest
from helpers.drawn_spheres import ball_mm3

from csfnet_bundle.studies.measuring.drawn_nodules import (
    CLICK_PART,
    DIAMETERS_MM,
    GROWTH_PART,
    NEIGHBOURS,
    PART,
    REPEATS,
    RETEST_PART,
    TYPES,
    drawn_cases,
)


def test_every_size_type_and_neighbour_is_there_under_names_of_its_own() -> None:
    cases = drawn_cases()
    names = [(case.part, case.name) for case in cases]
    assert len(set(names)) == len(names)
    count = len(DIAMETERS_MM) * len(TYPES) * len(NEIGHBOURS) * REPEATS
    first = [case for case in cases if case.part == PART]
    assert len(first) == len({case.about["nodule"] for case in first}) == count
    known = {case.about["nodule"] for case in first}
    for part in (CLICK_PART, RETEST_PART, GROWTH_PART):
        others = [case for case in cases if case.part == part]
        assert others
        assert {case.about["nodule"] for case in others} <= known


def test_a_grown_nodule_has_the_volume_and_a_click_lies_beside_it() -> None:
    cases = drawn_cases()
    growth = next(case for case in cases if case.part == GROWTH_PART and case.about["type"] == "solid")
    before = next(case for case in cases if case.part == PART and case.about["nodule"] == growth.about["nodule"])
    assert growth.load().true_volume_mm3 / before.load().true_volume_mm3 == pytest.approx(1.5, rel=0.03)
    click = next(case for case in cases if case.part == CLICK_PART and case.about["click_mm"] == 4.0)
    loaded = click.load()
    assert np.linalg.norm(loaded.cube.click) == pytest.approx(4.0)
    diameter = float(str(click.about["diameter_mm"]))
    assert loaded.true_volume_mm3 == pytest.approx(ball_mm3(diameter), rel=0.1)
    assert loaded.true_mask is not None
    assert loaded.true_mask.any()
