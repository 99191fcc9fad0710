import math
import statistics
from dataclasses import replace

import pytest
from helpers.drawn_spheres import NETWORK, sphere_cube
from hypothesis import given
from hypothesis import strategies as st

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.nodule.attenuation import Attenuation
from csfnet_bundle.nodule.growth import FLOOR_OTHER_SCANNER, FLOOR_SAME_SCANNER, Change, growth
from csfnet_bundle.nodule.measurement import Measurement, measure_cube
from csfnet_bundle.nodule.segmentation import Method

BASE = measure_cube(sphere_cube(10.0), NETWORK, clicks=True, scanner="maker, kernel")


def of(*volumes: float, scanner: str = "maker, kernel") -> Measurement:
    middle = statistics.median(volumes)
    by_method = dict.fromkeys(Method, middle)
    return replace(BASE, click_volumes_mm3=volumes, volumes_mm3=by_method, scanner=scanner)


@given(ratio=st.floats(1.3, 8.0), days=st.floats(30, 1500))
def test_doubling_time_and_limits_follow_from_ratio_and_days(ratio: float, days: float) -> None:
    change = growth(of(100.0), of(100.0 * ratio), days)
    assert change.volume_ratio == pytest.approx(ratio)
    assert change.limits is not None
    assert change.limits[0] == pytest.approx(ratio * math.exp(-1.96 * FLOOR_SAME_SCANNER))
    assert change.limits[1] / ratio == pytest.approx(ratio / change.limits[0])
    assert change.change is Change.GROWTH
    assert change.doubling_time_days == pytest.approx(days * math.log(2) / math.log(ratio))
    low, high = change.doubling_time_limits or (0, 0)
    assert low == pytest.approx(days * math.log(2) / math.log(change.limits[1]))
    assert low < change.doubling_time_days < high


@given(ratio=st.floats(0.82, 1.24))
def test_within_the_limits_nothing_is_said_to_change(ratio: float) -> None:
    change = growth(of(100.0), of(100.0 * ratio), 365)
    assert change.change is Change.NONE_MEASURABLE
    assert change.doubling_time_days is None
    assert change.doubling_time_limits is None
    assert "no measurable change" in change.text


def test_a_shrinking_nodule_halves() -> None:
    change = growth(of(200.0), of(100.0), 100)
    assert change.change is Change.SHRINKAGE
    assert change.doubling_time_days == pytest.approx(-100)
    assert "halves in 100 days" in change.text
    low, high = change.doubling_time_limits or (0, 0)
    assert low < -100 < high < 0


def test_clicks_that_scatter_and_another_scanner_widen_the_limits() -> None:
    sure = growth(of(100.0), of(150.0), 365).sigma
    scattered = growth(of(80.0, 100.0, 120.0), of(150.0), 365).sigma
    other = growth(of(100.0), of(150.0, scanner="maker, other kernel"), 365)
    unknown = growth(of(100.0, scanner=""), of(150.0, scanner=""), 365)
    assert sure == pytest.approx(FLOOR_SAME_SCANNER)
    assert scattered is not None
    assert scattered > sure + 0.05
    assert other.sigma == unknown.sigma == pytest.approx(FLOOR_OTHER_SCANNER)
    assert other.change is Change.NONE_MEASURABLE


def test_a_part_solid_nodule_has_the_wider_limits() -> None:
    density = replace(BASE.density, solid_share=0.4)
    assert density.attenuation is Attenuation.PART_SOLID
    change = growth(replace(of(100.0), density=density), of(150.0), 365)
    assert change.same_scanner
    assert change.sigma == pytest.approx(FLOOR_OTHER_SCANNER)
    assert change.change is Change.NONE_MEASURABLE


def test_ground_glass_gets_no_growth() -> None:
    glass = measure_cube(sphere_cube(12.0, hu=-380.0), NETWORK, clicks=True)
    change = growth(BASE, glass, 365)
    assert change.change is Change.NOT_GIVEN
    assert change.volume_ratio is None
    assert "in the later scan the nodule's core (-382 HU) is of ground-glass density" in change.text
    assert change.to_plain()["volume_ratio"] is None


def test_what_cannot_be_compared_is_refused() -> None:
    for days in (0, -3, math.nan):
        with pytest.raises(BundleError, match="expected a number above 0"):
            growth(BASE, BASE, days)
    with pytest.raises(BundleError, match="needs measurements with clicks"):
        growth(measure_cube(sphere_cube(10.0), NETWORK), BASE, 365)


def test_a_method_that_leaks_in_one_scan_does_not_make_a_nodule_grow() -> None:
    leaked = replace(of(100.0), volumes_mm3={**of(100.0).volumes_mm3, Method.NETWORK: 900.0})
    assert growth(of(100.0), leaked, 365).volume_ratio == pytest.approx(1.0)
